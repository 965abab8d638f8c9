"""deploy/systemd, and what the server tells a service manager: with one that only listens, and with systemd itself."""
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile

from booted import Booted
from bench import ROOT, Failed, LeftOut, Server, eventually, expect
from client import PLAIN, WEB

UNIT = os.path.join(ROOT, "deploy", "systemd", "portolan.service")
RELOAD = os.path.join(ROOT, "deploy", "systemd", "notify-reload.conf")
MOST_EXPOSURE = 1.5  # of 10, by `systemd-analyze security`; the rest is what a DNS server cannot do without
COREFILE = """.:53 {
    errors
    kubernetes cluster.local {
        manifests /etc/portolan/cluster.yaml
    }
    hosts {
        192.0.2.1 web.example
        fallthrough
    }
    whoami
}
"""
CLUSTER = """{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
---
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
 "spec": {"clusterIP": "10.96.7.1", "ports": [{"port": 80}]}}
"""
FILES = {"Corefile": COREFILE, "cluster.yaml": CLUSTER}


class Listening:
    """A service manager that only listens."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="portolan-notify-")
        self.path = self.folder + "/socket"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(15)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def heard(self):
        """What was told meanwhile, if anything."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        return self.hear() if readable else None

    def hear(self):
        """The next message as {variable: value}."""
        try:
            text = self._socket.recv(8192).decode()
        except socket.timeout:
            raise Failed("nothing is told within 15 s") from None
        return dict(line.split("=", 1) for line in text.splitlines())


def a_service_manager_is_told_of_start_reload_and_end(bench):
    with Listening() as manager:
        with Server(bench.binary, PLAIN, env={"NOTIFY_SOCKET": manager.path}) as server:
            serving = {"READY": "1", "STATUS": f"serving dns://:{server.port}"}
            expect(manager.hear(), serving, "at start")
            expect(server.ask("web.example"), WEB, "the first question ever")

            server.write_corefile(PLAIN.replace("192.0.2.1", "192.0.2.8"))
            server.signal(signal.SIGUSR1)
            told = manager.hear()
            expect((told.pop("MONOTONIC_USEC").isdigit(), told), (True, {"RELOADING": "1", "STATUS": "reloading"}),
                   "when it is to reload")
            expect(manager.hear(), serving, "when it has")
            expect(server.ask("web.example"), ("NOERROR", ["192.0.2.8"]), "the new answer")

            server.write_corefile("nonsense {")
            server.signal(signal.SIGUSR1)
            expect(manager.hear()["RELOADING"], "1", "when it is to reload once more")
            refused = {**serving, "STATUS": "the Corefile was not loaded, see the log; " + serving["STATUS"]}
            expect(manager.hear(), refused, "when it cannot")

            server.signal(signal.SIGTERM)
            expect((manager.hear()["STOPPING"], server.process.wait(10)), ("1", 0), "at the end")


def a_start_that_fails_is_not_called_ready(bench):
    with Listening() as manager:
        with Server(bench.binary, ".:{PORT} {\n    nosuch\n}\n", env={"NOTIFY_SOCKET": manager.path}) as server:
            expect(server.process.wait(10), 1, "exit status")
            expect(manager.heard(), None, "what was told")


def the_watchdog_is_fed_as_often_as_it_asks(bench):
    with Listening() as manager:
        env = {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "100000"}
        with Server(bench.binary, PLAIN, env=env):
            expect(manager.hear()["READY"], "1", "at start")
            for _ in range(5):
                expect(manager.hear(), {"WATCHDOG": "1"}, "afterwards")


def analyze(*words):
    if not shutil.which("systemd-analyze"):
        raise LeftOut("no systemd-analyze")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60)


def version():
    return int(re.search(r"systemd (\d+)", analyze("--version").stdout).group(1))


def systemd_takes_the_unit(bench):
    """With the binary at hand in the place of /usr/bin/portolan; and the drop-in, where systemd knows its words."""
    with open(UNIT) as source:
        text = source.read()
    expect(text.count("=/usr/bin/portolan "), 2, "ExecStart and ExecReload")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "portolan.service")
        with open(path, "w") as target:
            target.write(text.replace("=/usr/bin/portolan ", f"={bench.binary} "))
        done = analyze("verify", "--man=no", path)
        expect((done.returncode, done.stdout + done.stderr), (0, ""), "what systemd-analyze verify says")
        if version() >= 253:
            os.mkdir(path + ".d")
            shutil.copy(RELOAD, path + ".d")
            done = analyze("verify", "--man=no", path)
            expect((done.returncode, done.stdout + done.stderr), (0, ""), "with notify-reload.conf")


def the_unit_is_sandboxed(_):
    done = analyze("security", "--offline=yes", "--no-pager", f"--threshold={int(MOST_EXPOSURE * 10)}", UNIT)
    if "unrecognized option" in done.stderr:
        raise LeftOut("systemd-analyze is older than 250")
    last = done.stdout.strip().splitlines()[-1:]
    expect(done.returncode, 0, f"exposure of at most {MOST_EXPOSURE} ({last})")


def systemd_starts_reloads_and_stops_it(bench):
    """Sandboxed as the unit says, on port 53, as a user that only exists meanwhile."""
    with Booted(bench.binary, FILES) as machine:
        status, out = machine.run("systemctl", "start", "portolan")
        expect((status, out), (0, ""), "systemctl start")
        expect(machine.dig("web.example"), "192.0.2.1", "the first question after the start")
        expect(machine.show("ActiveState", "SubState", "StatusText", "Type"),
               {"ActiveState": "active", "SubState": "running", "StatusText": "serving dns://:53", "Type": "notify"},
               "the service")
        eventually(lambda: machine.dig("web.shop.svc.cluster.local"), "10.96.7.1", "a service of the manifests", 10)
        pid = machine.show("MainPID")["MainPID"]
        _, text = machine.run("cat", f"/proc/{pid}/status")
        field = {line.split(":")[0]: line.split(":")[1].split() for line in text.splitlines()}
        expect((field["NoNewPrivs"], field["Seccomp"], field["CapEff"], field["CapBnd"]),
               (["1"], ["2"], ["0000000000000400"], ["0000000000000400"]), "what it may do")
        if not 61184 <= int(field["Uid"][0]) <= 65519:
            raise Failed(f"the user {field['Uid'][0]} is not a dynamic one")

        machine.write("Corefile", COREFILE.replace("192.0.2.1", "192.0.2.8"))
        expect(machine.run("systemctl", "reload", "portolan"), (0, ""), "systemctl reload")
        eventually(lambda: machine.dig("web.example"), "192.0.2.8", "after the reload", 10)
        machine.write("Corefile", "nonsense {\n")
        expect(machine.run("systemctl", "reload", "portolan")[0], 1, "systemctl reload with a broken Corefile")
        expect((machine.dig("web.example"), machine.show("ActiveState")["ActiveState"]), ("192.0.2.8", "active"),
               "after the reload that failed")
        expect(machine.show("MainPID")["MainPID"], pid, "the process, all the time")

        expect(machine.run("systemctl", "stop", "portolan"), (0, ""), "systemctl stop")
        expect(machine.show("ActiveState", "Result"), {"ActiveState": "inactive", "Result": "success"}, "afterwards")


def systemd_restarts_it_when_it_hangs(bench):
    quick = "[Service]\nWatchdogSec=2\nRestartSec=0\n"
    with Booted(bench.binary, FILES, {"quick.conf": quick}) as machine:
        expect(machine.run("systemctl", "start", "portolan"), (0, ""), "systemctl start")
        pid = machine.show("MainPID")["MainPID"]
        machine.run("kill", "-STOP", pid)
        eventually(lambda: machine.show("NRestarts")["NRestarts"], "1", "restarts", 20)
        eventually(lambda: machine.dig("web.example"), "192.0.2.1", "afterwards", 20)


def a_reload_waits_for_the_new_corefile(bench):
    """The drop-in for systemd 253: `systemctl reload` returns when the new Corefile serves."""
    if version() < 253:
        raise LeftOut("systemd is older than 253")
    with open(RELOAD) as source:
        drop_in = source.read()
    with Booted(bench.binary, FILES, {"notify-reload.conf": drop_in}) as machine:
        expect(machine.run("systemctl", "start", "portolan"), (0, ""), "systemctl start")
        for last in range(2, 8):
            machine.write("Corefile", COREFILE.replace("192.0.2.1", f"192.0.2.{last}"))
            expect(machine.run("systemctl", "reload", "portolan"), (0, ""), "systemctl reload")
            expect(machine.dig("web.example"), f"192.0.2.{last}", "at once after the reload")


CASES = [a_service_manager_is_told_of_start_reload_and_end, a_start_that_fails_is_not_called_ready,
         the_watchdog_is_fed_as_often_as_it_asks, systemd_takes_the_unit, the_unit_is_sandboxed,
         systemd_starts_reloads_and_stops_it, systemd_restarts_it_when_it_hangs, a_reload_waits_for_the_new_corefile]
