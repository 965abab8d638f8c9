"""Runs one scenario of tests/golden/kubernetes, in front of an API server or of a file of manifests."""
import json
import os
import shutil
import sys
import tempfile
import time

import process
from kubernetes_ask import ask, ask_udp, build_query, soa_serial
from kubernetes_compare import compare
from ports import free_port

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cluster"))
import cluster as control_plane  # noqa: E402
from kube_api import Api  # noqa: E402

PORT_NAMES = ["PORT"] + [f"PORT{number}" for number in range(2, 8)]
MAX_UNEXPECTED_SILENCE = 4
STEP_SECONDS = 8


class Changes:
    """Changes of the cluster in a dynamic scenario, made in the API server or in a folder of manifests."""

    def __init__(self, api, folder):
        self.api, self.folder, self._made = api, folder, []

    def do(self, operation, item):
        item = json.loads(json.dumps(item))
        if self.api is None:
            self._in_folder(operation, item)
        elif operation == "apply":
            self._made.append(item)
            self.api.apply(item)
        else:
            self.api.delete(item, 3600 if operation == "terminate" else 0)

    def _in_folder(self, operation, item):
        place = f"{item['kind']}-{item['metadata'].get('namespace', '')}-{item['metadata']['name']}"
        path = os.path.join(self.folder, f"x-{place}.yaml".lower())
        if operation == "delete":
            os.unlink(path)
            return
        if operation == "terminate":
            item["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            item["metadata"]["deletionGracePeriodSeconds"] = 3600
        with open(path + ".tmp", "w") as target:  # JSON is YAML
            json.dump(item, target)
        os.rename(path + ".tmp", path)

    def undo(self):
        for item in sorted(self._made, key=lambda item: item["kind"] == "Namespace"):
            self.api.delete(item)


class Scenario:
    """One scenario while it runs. `failed` holds (query id, list of differences)."""

    def __init__(self, path, options, differences):
        with open(path) as source:
            self.data = json.load(source)
        self.name, self.options, self.differences = self.data["name"], options, differences
        self.golden = os.path.dirname(os.path.dirname(os.path.abspath(path)))
        self.asked, self.failed, self.skipped = 0, [], None
        self.by_id = {question["id"]: question for question in self._all_questions()}
        self._silent, self._given_up = 0, False

    def _all_questions(self):
        questions = list(self.data.get("queries", []))
        for step in self.data.get("steps", []):
            questions += step["queries"]
        return questions

    def run(self):
        self.folder = tempfile.mkdtemp(prefix="golden-")
        self.server, self.changes = None, None
        try:
            self._start()
            self._wait_until_synced()
            for question in self.data.get("queries", []):
                self._judge(question, question["id"], self._ask(question))
            if self.data.get("steps"):
                self._steps()
        except Exception as error:
            self.failed.append(("scenario", [f"{type(error).__name__}: {error}"]))
        finally:
            self._stop()
        return self

    # ------------------------------------------------------------------ start
    def _start(self):
        self.ports = {name: free_port() for name in PORT_NAMES}
        self.port = self.ports["PORT"]
        self.manifests = os.path.join(self.golden, self.data["fixture"])
        if self.options.mode == "manifests" and self.data.get("steps"):
            self.manifests = os.path.join(self.folder, "manifests")
            os.mkdir(self.manifests)
            shutil.copy(os.path.join(self.golden, self.data["fixture"]), self.manifests)
        if self.options.mode == "api":
            with open(os.path.join(self.folder, "kubeconfig"), "w") as target:
                json.dump(control_plane.kubeconfig(self.options.api, self.options.token), target)
        for name, text in self.data.get("files", {}).items():
            with open(os.path.join(self.folder, name), "w") as target:
                target.write(self._render(text))
        path = os.path.join(self.folder, "Corefile")
        with open(path, "w") as target:
            target.write(self._render(self.data["corefile"]))
        self.server = process.start([self.options.server, "-conf", path], self.folder, "server.log")
        if not self._answers():
            raise RuntimeError("the server does not answer: " + process.log_text(self.folder)[-1000:])

    def _render(self, text):
        values = dict(self.ports, DIR=self.folder)
        if self.options.mode == "api":
            values["K8S"] = f"kubeconfig {self.folder}/kubeconfig"
            values.update(API=self.options.api, CLIENT_CERT=self.options.client_cert,
                          CLIENT_KEY=self.options.client_key, API_CA=self.options.api_ca)
        else:
            values["K8S"] = f"manifests {self.manifests}"
        for name, value in values.items():
            text = text.replace("{%s}" % name, str(value))
        return text

    def _answers(self):
        wire = build_query({"qname": "is-it-up.invalid.", "qtype": "A"})
        end = time.time() + 25 * self.options.slow
        while time.time() < end and self.server.poll() is None:
            if ask_udp(wire, "127.0.0.1", self.port, None, 0.15, 1):
                return True
            time.sleep(0.02)
        return False

    def _wait_until_synced(self):
        """Asks what needs the whole cluster (a name that is there, one that is not, a PTR) until it is as recorded."""
        questions = [question for question in self.data.get("queries", []) if not question.get("volatile")]
        # Where it matters who asks, some are refused: better ask as anybody, if the scenario does.
        questions = [question for question in questions if not question.get("source")] or questions
        there = [question for question in questions if question["expect"].get("answer")]
        telling = [question for question in there if question["qtype"] == "A"][:1]
        # Who asks may decide which block answers, and blocks need not know the cluster at the same moment.
        first = {question.get("source"): question for question in reversed(there)}
        telling += first.values()
        telling += [question for question in there if question["qtype"] == "PTR"][:1]
        telling += [question for question in questions if question["expect"].get("rcode") == "NXDOMAIN"][:1]
        answered = [question for question in self.data.get("queries", []) if question["expect"].get("answer")]
        end = time.time() + 10 * self.options.slow
        for question in telling or answered[:1] or questions[:1]:
            while time.time() < end and self._difference(question, self._ask(question)):
                time.sleep(0.1)

    # ------------------------------------------------------------------ questions
    def _ask(self, question):
        port = self.ports[question["port"]] if question.get("port") else self.port
        return ask(question, "127.0.0.1", port, 4 * self.options.slow, bool(question["expect"].get("timeout")))

    def _difference(self, question, got):
        return compare(question, question["expect"], got, self.data, self.by_id)

    def _judge(self, question, identity, got):
        if question.get("volatile") or self._given_up:
            if self._given_up and not question.get("volatile"):
                self.asked += 1
                self.failed.append((identity, ["not asked"]))
            return
        self.asked += 1
        found = self._difference(question, got)
        self.differences.seen("kubernetes", self.name, identity)
        same = lambda want, have: not compare(question, want, have, self.data, self.by_id)
        if found and not self.differences.allows("kubernetes", self.name, identity, question["expect"], got, same):
            asked = f"{question['qname']} {question['qtype']}"
            asked += f" from {question['source']}" if question.get("source") else ""
            asked += " tcp" if question.get("transport") == "tcp" else ""
            self.failed.append((f"{identity} {asked}", found))
        self._silent += bool(got.get("timeout") and not question["expect"].get("timeout"))
        if self._silent >= MAX_UNEXPECTED_SILENCE or self.server.poll() is not None:
            self._given_up = True
            self.failed.append(("end", ["no answers" if self.server.poll() is None else "the server died: "
                                        + process.log_text(self.folder)[-1500:]]))

    def _steps(self):
        api = Api(self.options.api, self.options.token) if self.options.mode == "api" else None
        self.changes = Changes(api, self.manifests)
        last = soa_serial(self.data["serial_zone"], "127.0.0.1", self.port)
        for step in self.data["steps"]:
            time.sleep(1.1)  # serials count seconds
            for action in step["actions"]:
                self.changes.do(action["op"], action["object"])
            answers = self._settled(step["queries"])
            for question, got in zip(step["queries"], answers):
                self._judge(question, f"{step['name']}/{question['id']}", got)
            if self._given_up:
                continue
            serial = soa_serial(self.data["serial_zone"], "127.0.0.1", self.port)
            if self.options.check_serial and step.get("serial_changed", serial != last) != (serial != last):
                self.asked += 1
                self.failed.append((step["name"], [f"serial changed: {serial != last}"]))
            last = serial

    def _settled(self, questions):
        """Asks until every answer is as recorded, for some seconds; returns the last answers."""
        end = time.time() + STEP_SECONDS * self.options.slow
        answers = [None] * len(questions)
        open_ones = list(range(len(questions)))
        while not self._given_up:
            for number in open_ones:
                answers[number] = self._ask(questions[number])
            open_ones = [number for number in open_ones if not questions[number].get("volatile")
                         and self._difference(questions[number], answers[number])]
            if not open_ones or time.time() > end or self.server.poll() is not None:
                break
            time.sleep(0.2)
        return [answer or {"timeout": True} for answer in answers]

    # ------------------------------------------------------------------ end
    def _stop(self):
        if self.changes and self.options.mode == "api":
            self.changes.undo()
        if self.server:
            process.stop(self.server, 0.5 if self.options.slow == 1 else 8)
            report = process.sanitizer_report(process.log_text(self.folder))
            if report:
                self.failed.append(("sanitizer", [report]))
        if self.options.keep:
            print(f"{self.name}: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
