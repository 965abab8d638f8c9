"""What an operator sees beside answers: log lines, /health and /ready, the metric families."""
import json
import os
import re
import shutil
import signal
import tempfile
import time
import urllib.error
import urllib.request

import process
from corefile import lines as corefile_lines
from kubernetes_ask import ask
from placeholders import placeholders, substitution, write_file

FAILING = (("www.dead.test.", "A"), ("ext-out.prod.svc.cluster.local.", "A"), ("www.dead.test.", "MX"))
LEVEL = re.compile(r"^\[(INFO|ERROR)\] ")


def load_cases(folder):
    """(kind, case) of logs.json and health.json; those that need an unreachable API server belong to api mode."""
    cases = []
    for kind in ("logs", "health"):
        with open(os.path.join(folder, "kubernetes", kind + ".json")) as source:
            for case in json.load(source)["cases"]:
                if "corefile" in case and (kind == "health" or "queries" in case or "lines_set" in case):
                    cases.append((kind, case))
    with open(os.path.join(folder, "kubernetes", "metrics.json")) as source:
        cases.append(("metrics", {"name": "families", **json.load(source)}))
    return cases


def without_unbuilt(text, built, known):
    """The Corefile without the directives that are not built."""
    keep, depth, dropping = [], 0, False
    for words in corefile_lines(text):
        opens = sum(not word.quoted and word == "{" for word in words)
        closes = sum(not word.quoted and word == "}" for word in words)
        if depth == 1 and words[0] in known:
            dropping = words[0] not in built
        if not (dropping and (depth > 1 or words[0] in known)):
            keep.append(" ".join(f'"{word}"' if word.quoted else word for word in words))
        depth += opens - closes
        if depth <= 1 and closes:
            dropping = False
    return "\n".join(keep) + "\n"


def fetch(url):
    try:
        with urllib.request.urlopen("http://127.0.0.1:" + url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return None, None


class Run:
    """One case while it runs; `failed` holds what differs."""

    def __init__(self, kind, case, options, values, kubeconfig):
        self.kind, self.case, self.options = kind, case, options
        self.asked, self.failed, self.offset = 0, [], 0
        self.folder = tempfile.mkdtemp(prefix="golden-")
        self.context = {"DIR": self.folder, **placeholders(json.dumps(case))}
        self.values = values
        subst = substitution(self.context)
        for name, text in {**case.get("files", {}), **({"kubeconfig": kubeconfig} if kubeconfig else {})}.items():
            write_file(self.folder, name, text, subst)
        self.subst = subst

    def run(self, built, known):
        text = self.case["corefile"]
        if self.kind == "metrics":
            text = without_unbuilt(text, built, known)
        text = self.subst(text)
        for name, value in self.values.items():
            text = text.replace("{%s}" % name, value)
        with open(os.path.join(self.folder, "Corefile"), "w") as target:
            target.write(text)
        server = process.start([self.options.server, "-conf", "Corefile"], self.folder, "server.log")
        try:
            if self.case["name"] == "while-the-plugin-waits":
                time.sleep(1.5)
            elif not self._up(server):
                raise RuntimeError("the server does not answer: " + process.log_text(self.folder)[-800:])
            getattr(self, "_" + self.kind)(server, built)
        except Exception as error:
            self.failed.append(("case", [f"{type(error).__name__}: {error}"]))
        finally:
            process.stop(server, 2 * self.options.slow)
            shutil.rmtree(self.folder, ignore_errors=True)
        return self

    def _ask(self, question):
        return ask({"transport": "udp", "qclass": "IN", **question}, "127.0.0.1", self.context["PORT"],
                   4 * self.options.slow)

    def _up(self, server):
        end = time.time() + 20 * self.options.slow
        while time.time() < end and server.poll() is None:
            probe = {"transport": "udp", "qname": "web.prod.svc.cluster.local.", "qtype": "A"}
            got = ask(probe, "127.0.0.1", self.context["PORT"], 4, impatient=True)
            if got.get("rcode") == "NOERROR" or (got.get("rcode") and self.case.get("api_only")):
                time.sleep(0.2)
                self.offset = len(process.log_text(self.folder))
                return True
            time.sleep(0.05)
        return False

    def _check(self, identity, want, got):
        self.asked += 1
        if want != got:
            self.failed.append((identity, [f"expected {want!r} got {got!r}"]))

    # ------------------------------------------------------------------ logs
    def _new_lines(self, count, patience):
        """Lines written since the last call, waiting for `count` of them."""
        end = time.time() + patience
        while True:
            text = process.log_text(self.folder)[self.offset:]
            found = [line for line in text.splitlines() if LEVEL.match(line)]
            if len(found) >= max(count, 1) or time.time() > end:
                self.offset += len(text)
                return [self._masked(line) for line in found]
            time.sleep(0.01)

    def _masked(self, line):
        line = re.sub(r"(\d\.\d+\.\d+\.\d+|::1\]?):\d+( - )\d+", r"\1:<PORT>\2<ID>", line)
        line = re.sub(r"(127\.0\.0\.1 127\.0\.0\.1|127\.0\.0\.21 127\.0\.0\.1) \d+ \d+", r"\1 <ID> <PORT>", line)
        line = re.sub(r"udp 127\.0\.0\.1:\d+->", "udp 127.0.0.1:<PORT>->", line)
        return re.sub(r"\b\d+(\.\d+)?(e-\d+)?s\b(?! *$)(?=( \"|$| end))|\b\d+\.\d+(e-\d+)?s\b", "<DURATION>", line)

    def _logs(self, server, built):
        if "lines_set" in self.case:
            for qname, qtype in FAILING:
                self._ask({"qname": qname, "qtype": qtype})
            count = lambda line: re.sub(r" \d+ errors like", " N errors like", line)
            want = sorted({count(line) for line in self.case["lines_set"]})
            got = set()
            end = time.time() + 2.5 * self.options.slow
            while time.time() < end and not (want and got >= set(want)):
                got |= {count(line) for line in self._new_lines(len(want), 0.3)}
            self._check("lines", want, sorted(got))
            return
        for number, question in enumerate(self.case["queries"]):
            self._ask(question)
            want = question["lines"]
            got = self._new_lines(len(want), 1.5 * self.options.slow if want else 0.1)
            self._check(f"{number} {question['qname']} {question['qtype']}", want, got)

    # ------------------------------------------------------------------ health
    def _health(self, server, built):
        begin = time.time()
        if self.case["name"] == "lameduck":
            os.kill(server.pid, signal.SIGTERM)
            time.sleep(1)
        for request in self.case["requests"]:
            status, body = fetch(self.subst(request["url"]))
            self._check(request["url"], (request["status"], request["body"]), (status, body))
        for answer in self.case.get("answers", []):
            self._check(answer["qname"], answer["expect"], self._ask(answer))
        if "exit_code" in self.case:
            self._check("exit", self.case["exit_code"], server.wait(10 * self.options.slow))
            self._check("seconds", True, time.time() - begin >= self.case["total_seconds"] - 0.2)

    # ------------------------------------------------------------------ metrics
    def _metrics(self, server, built):
        for question in (("web.prod.svc.cluster.local.", "A"), ("nosuch.prod.svc.cluster.local.", "A"),
                         ("www.example.org.", "A"), ("www.example.org.", "A"), ("printer.test.", "A")):
            self._ask({"qname": question[0], "qtype": question[1]})
        time.sleep(0.2)
        _, text = fetch(f"{self.context['PORT5']}/metrics")
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)", text or "", re.M))
        always = set(self.case["families_before_any_question"])
        for family in self.case["families"]:
            name = family["name"]
            plugin = re.match(r"coredns_([a-z0-9]+)_", name + "_").group(1) if name.startswith("coredns_") else None
            if not plugin or (name not in types and (name not in always or not self._belongs(plugin, built))):
                continue
            if "rest_client" in name and self.options.mode != "api":  # nobody is asked for manifests
                continue
            self._check(name + " type", family["type"], types.get(name))
            samples = re.findall(rf"^{name}(?:_bucket|_sum|_count)?(?:\{{(.*?)\}})? ", text, re.M)
            labels = {label for sample in samples for label in re.findall(r'(\w+)="', sample)} - {"le"}
            if name != "coredns_build_info":
                self._check(name + " labels", sorted(family["labels"]), sorted(labels))
            if "buckets" in family:
                bounds = {bound for sample in samples for bound in re.findall(r'\ble="([^"]*)"', sample)}
                self._check(name + " buckets", sorted(map(float, family["buckets"])), sorted(map(float, bounds)))

    @staticmethod
    def _belongs(plugin, built):
        return plugin in built if plugin not in ("dns", "panics", "build", "plugin") else True
