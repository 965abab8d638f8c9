"""Corefiles that are recorded as accepted or refused: starts the server with each and sees what becomes of it.

Compared are acceptance and the exit status; with --messages also that a refusal names the directive and a line."""
import base64
import json
import os
import re
import shutil
import tempfile
import time

import process
from corefile import Uses
from placeholders import placeholders, substitution, write_file

BANNER = re.compile(r"^(CoreDNS|Portolan)-", re.M)
PLACE = re.compile(r":\d+\b")


class Case:
    """One Corefile of corefile_errors.json, of the core or of the kubernetes recordings."""

    def __init__(self, family, record, values=None):
        self.family, self.id, self.corefile = family, record["id"], record["corefile"]
        self.files, self.env = record.get("files") or {}, record.get("env") or {}
        self.seconds = record.get("seconds", 20)
        expect = record.get("expect", record)
        self.accepted = expect["accepted"]
        self.exit = expect.get("exit", expect.get("exit_code"))
        self.message = expect.get("message", "")
        self.directive = record.get("plugin")
        self.crashes = self.message == "(crash)" or self.message.startswith("panic")
        self._values = values or {}

    def text(self):
        """The Corefile as text, for the selection."""
        if self.corefile.startswith("base64:"):
            return base64.b64decode(self.corefile[7:]).decode("latin1")
        return self.corefile

    def _filled(self, text):
        for name, value in self._values.items():
            text = text.replace("{%s}" % name, value)
        return text

    def run(self, options):
        """{"accepted", "exit", "message"} of the server."""
        folder = tempfile.mkdtemp(prefix="golden-")
        started = None
        try:
            blob = json.dumps([self.corefile, self.files, self.env])
            context = {"DIR": folder, **placeholders(blob)}
            subst = substitution(context)
            for name, text in self.files.items():
                write_file(folder, name, text, subst)
            path = os.path.join(folder, "Corefile")
            with open(path, "wb") as target:
                if self.corefile.startswith("base64:"):
                    target.write(base64.b64decode(self.corefile[7:]))
                else:
                    target.write(self._filled(subst(self.corefile)).encode())
            command = [options.server, "-conf", path, f"-dns.port={context['PORT']}"]
            started = process.start(command, folder, "log", {**os.environ, **self.env})
            end = time.time() + self.seconds * options.slow
            up = False
            while time.time() < end and started.poll() is None and not up:
                up = bool(BANNER.search(process.log_text(folder, "log")))
                time.sleep(0.01)
            if up:
                time.sleep(0.02)  # a server that dies just after its banner has not accepted the file
            status = started.poll()
            text = process.log_text(folder, "log")
            report = process.sanitizer_report(text)
            if report:
                return {"accepted": None, "exit": status, "message": report}
            if status is None:
                return {"accepted": up or None, "exit": None, "message": "" if up else text[-600:]}
            return {"accepted": False, "exit": status, "message": text.replace(folder + "/", "").strip()[-600:]}
        finally:
            if started:
                process.stop(started, 2 * options.slow)
            shutil.rmtree(folder, ignore_errors=True)

    def wrong(self, got, messages):
        """What is not as recorded, or None."""
        if got["accepted"] != self.accepted:
            return f"accepted {got['accepted']}, expected {self.accepted}: {got['message'] or self.message}"
        if self.accepted:
            return None
        if got["exit"] in (0, None) or got["exit"] < 0 or (not self.crashes and got["exit"] != self.exit):
            return f"exit status {got['exit']}, expected {self.exit}: {got['message']}"
        if messages and self.directive not in (None, "language"):
            used = Uses(self.text(), self.files).names()
            if not any(name in got["message"] for name in used | {self.directive}):
                return f"the message names no directive: {got['message']}"
            if not PLACE.search(got["message"]):
                return f"the message names no line: {got['message']}"
        return None


def load_cases(folder, values, kubeconfig):
    """All cases: those of core, and those of kubernetes with `values` for {K8S}, {API} and the like.

    `kubeconfig` is the text of the file beside each Corefile, None where there is no API server."""
    cases = []
    with open(os.path.join(folder, "core", "corefile_errors.json")) as source:
        cases += [Case("core", record) for record in json.load(source)["cases"]]
    with open(os.path.join(folder, "kubernetes", "corefile_errors.json")) as source:
        for record in json.load(source)["cases"]:
            if kubeconfig or not record.get("api_only"):
                case = Case("kubernetes", record, values)
                case.files = {**case.files, "kubeconfig": kubeconfig} if kubeconfig else case.files
                cases.append(case)
    return cases
