"""Runs one scenario of tests/golden/core: its files, upstreams, server, questions and actions."""
import json
import os
import shutil
import socket
import tempfile
import time

import process
from compare import compare, simplify
from core_actions import run_action
from placeholders import placeholders, substitution, write_file
from transport import Silence, SkipIt, exchange
from upstream import Script, start_etcd

MAX_UNEXPECTED_SILENCE = 4


def wait_for(server, port, how, slow):
    """Until the server takes a TCP connection on `port`, or what the scenario says instead."""
    how = how or {}
    if "sleep" in how:
        time.sleep(how["sleep"] * slow)
        return server.poll() is None
    host, port, end = how.get("host", "127.0.0.1"), how.get("port", port), time.time() + 10 * slow
    while time.time() < end and server.poll() is None:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.settimeout(1)
            try:
                probe.connect((host, port))
                time.sleep(how.get("settle", 0.1))
                return server.poll() is None
            except OSError:
                pass
        time.sleep(0.02)
    return False


class Scenario:
    """One scenario while it runs. `failed` holds (query id, list of differences)."""

    def __init__(self, path, options, differences):
        with open(path) as source:
            self.data = json.load(source)
        self.name, self.options, self.differences = self.data["name"], options, differences
        self.asked, self.failed, self.skipped = 0, [], None
        self.folder = tempfile.mkdtemp(prefix="golden-")
        self.context = {"DIR": self.folder}
        self.server, self._processes, self._scripts = None, [], []

    def upstreams(self):
        upstream = self.data.get("upstream") or []
        return [upstream] if isinstance(upstream, dict) else upstream

    def run(self):
        try:
            self._start()
            self._ask_all()
        except SkipIt as lack:
            self.skipped = str(lack)
        except Exception as error:
            self.failed.append(("scenario", [f"{type(error).__name__}: {error}"]))
        finally:
            self._stop()
        return self

    def _start(self):
        data, upstreams = self.data, self.upstreams()
        self.context.update(placeholders(json.dumps(data), [u.get("port", "UP") for u in upstreams]))
        self.subst = substitution(self.context)
        for name, text in (data.get("files") or {}).items():
            write_file(self.folder, name, text, self.subst)
        env = dict(os.environ)
        env.update({key: self.subst(value) for key, value in (data.get("env") or {}).items()})
        for number, upstream in enumerate(upstreams):
            self._start_upstream(number, upstream, env)
        self.server = self._launch("Corefile", data["corefile"], env, "server.log", data.get("args", []))
        wait = data.get("wait")
        if isinstance(wait, dict) and "port" in wait:
            wait = dict(wait, port=self.context[wait["port"]])
        if not wait_for(self.server, self.context["PORT"], wait, self.options.slow):
            if not (data.get("may_exit") and "sleep" in (wait or {})):
                raise RuntimeError("the server did not start: " + process.log_text(self.folder)[-800:])

    def _start_upstream(self, number, upstream, env):
        port = self.context[upstream.get("port", "UP")]
        if upstream["kind"] == "script":
            self._scripts.append(Script(upstream, port, self.subst))
        elif upstream["kind"] == "corefile":
            helper = self._launch(f"Upstream{number}", upstream["corefile"], env, f"upstream{number}.log", [])
            wait_for(helper, port, upstream.get("wait"), self.options.slow)
        elif upstream["kind"] == "etcd":
            self._processes.append(start_etcd(upstream, port, self.folder, self.subst, process.stop))

    def _launch(self, name, text, env, log, extra):
        path = os.path.join(self.folder, name)
        with open(path, "w", newline="") as target:
            target.write(self.subst(text))
        command = [self.options.server, "-conf", path] + [self.subst(word) for word in extra]
        started = process.start(command, self.folder, log, env)
        self._processes.append(started)
        return started

    def _ask_all(self):
        silent = 0
        for number, query in enumerate(self.data["queries"]):
            identity = query.get("id", str(number + 1))
            self.asked += 1
            if "action" in query:
                problem = run_action(self, query)
                if problem:
                    self.failed.append((identity, [f"action {query['action']}: {problem}"]))
                continue
            got = self.ask(query)
            found = compare(query.get("expect", {}), got, query, self.data)
            self.differences.seen("core", self.name, identity)
            same = lambda want, have, query=query: not compare(want, have, query, self.data)
            if found and not self.differences.allows("core", self.name, identity, query.get("expect", {}), got, same):
                self.failed.append((identity, [_line(part, want, have) for part, want, have in found]))
            silent += bool(got.get("silence") and not query.get("expect", {}).get("silence"))
            if silent >= MAX_UNEXPECTED_SILENCE or self._died():
                left = len(self.data["queries"]) - number - 1
                if left:
                    why = "the server died" if self._died() else "no answers"
                    self.asked += left
                    self.failed += [("rest", [f"{why}: question not asked"])] * left
                break
        if self._died():
            text = process.log_text(self.folder)[-1500:]
            self.failed.append(("end", [f"the server died with {self.server.returncode}: {text}"]))

    def _died(self):
        return self.server.poll() is not None and not self.data.get("may_exit")

    def ask(self, query):
        """The answer to one question, in the recorded form."""
        query = json.loads(self.subst(json.dumps(query)))
        if not query.get("expect", {}).get("silence"):
            query["timeout"] = query.get("timeout", 4) * self.options.slow
        try:
            return simplify(exchange(query, self.context, self.data), query, self.data, self.context)
        except Silence:
            return {"silence": True}
        except ConnectionRefusedError:
            return {"refused_connection": True}
        except OSError as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def _stop(self):
        for started in reversed(self._processes):
            process.stop(started, 8 * self.options.slow)
        for script in self._scripts:
            script.close()
        report = process.sanitizer_report(process.log_text(self.folder))
        if report:
            self.failed.append(("sanitizer", [report]))
        if self.options.keep:
            print(f"{self.name}: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def _line(part, want, have):
    return f"{part}: expected {json.dumps(want)} got {json.dumps(have)}"
