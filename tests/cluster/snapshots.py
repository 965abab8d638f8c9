"""Cases of the cluster suite about `snapshot`: restarts without an API server, files and folders that are of no use."""
import os
import shutil
import signal
import subprocess
import tempfile

import objects
from server import Failed, eventually, expect, process

COREFILE = """.:{PORT} {
    errors {
        ede
    }
    ready :{PORT3}
    prometheus :{PORT4}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {DIR}/kubeconfig
        pods verified
        ttl 5
        snapshot SNAPSHOT
    }
}
"""
WEB, GONE, NEW = (f"{name}.shop.svc.cluster.local" for name in ("web", "gone", "new"))
# What is told of the file once and no more, whatever the reason.
NOT_USED, NOT_SAVED = "is not used: ", "cannot be saved: "


class Folder:
    """Where snapshots lie while servers come and go."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="portolan-snapshots-")
        self.file = os.path.join(self.path, "cluster")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def corefile(self, words=""):
        return COREFILE.replace("SNAPSHOT", self.file + words)


def metric(server, name):
    for line in server.http("PORT4", "/metrics")[1].splitlines():
        if line.startswith(name + "{"):
            return float(line.split()[-1])
    return None


def reason(server, name):
    """The code of the Extended DNS Error, as dig shows it; None without one."""
    printed = subprocess.run(["dig", "@127.0.0.1", "-p", str(server.port), "+time=2", "+retry=0", name],
                             capture_output=True, text=True, timeout=20).stdout
    for line in printed.splitlines():
        if line.startswith("; EDE: "):
            return int(line.split()[2])
    return None


def lines_with(server, text):
    return [line for line in process.log_text(server.folder).splitlines() if text in line]


def saved(folder):
    eventually(lambda: os.path.exists(folder.file), True, "the snapshot", 15)


def a_start_without_the_api_server_answers_from_the_snapshot(bench):
    with Folder() as folder:
        with bench.server(folder.corefile()) as server:
            bench.ready(server)
            expect(metric(server, "portolan_kubernetes_snapshot_answering"), 0.0, "synced: answering")
            saved(folder)
            server.signal(signal.SIGKILL)
        bench.cluster.stop_api_server()
        try:
            for words, status in (("", 503), (" serve", 200)):
                with bench.server(folder.corefile(words)) as server:
                    server.listening()
                    expect(server.dig(WEB), ("NOERROR", ["10.96.7.1"]), "a name that is there")
                    expect(server.dig("1.7.96.10.in-addr.arpa", "PTR"), ("NOERROR", [WEB + "."]), "its address")
                    expect(server.dig("nosuch.shop.svc.cluster.local"), ("SERVFAIL", []), "a name that is not")
                    expect(reason(server, WEB), 3, "stale answer")
                    expect(reason(server, "nosuch.shop.svc.cluster.local"), 14, "not ready")
                    expect(server.http("PORT3", "/ready")[0], status, f"/ready with snapshot{words}")
                    expect(metric(server, "portolan_kubernetes_snapshot_answering"), 1.0, "answering")
                    age = metric(server, "portolan_kubernetes_snapshot_age_seconds")
                    if age is None or not 0 <= age < 120:
                        raise Failed(f"the snapshot is some seconds old, not {age}")
                    expect(len(lines_with(server, "answering from snapshot " + folder.file)), 1, "lines in the log")
        finally:
            bench.cluster.start_api_server()


def what_changed_meanwhile_arrives_with_the_api_server(bench):
    with Folder() as folder:
        with bench.server(folder.corefile()) as server:
            bench.ready(server)
        saved(folder)
        bench.api.delete(objects.service("gone", "shop", "10.96.7.2"))
        bench.api.apply(objects.service("new", "shop", "10.96.7.60"))
        bench.cluster.stop_api_server()
        running = False
        try:
            with bench.server(folder.corefile(" serve")) as server:
                server.listening()
                expect(server.dig(GONE), ("NOERROR", ["10.96.7.2"]), "what vanished, from the snapshot")
                expect(server.dig(NEW), ("SERVFAIL", []), "what came, before the API server is back")
                bench.cluster.start_api_server()
                running = True
                eventually(lambda: server.dig(NEW), ("NOERROR", ["10.96.7.60"]), "what came", 30)
                eventually(lambda: server.dig(GONE), ("NXDOMAIN", []), "what vanished", 30)
                expect(server.dig(WEB), ("NOERROR", ["10.96.7.1"]), "what stayed")
                eventually(lambda: reason(server, WEB), None, "no reason any more", 5)
                expect(metric(server, "portolan_kubernetes_snapshot_answering"), 0.0, "answering")
        finally:
            if not running:
                bench.cluster.start_api_server()
            bench.api.apply(objects.service("gone", "shop", "10.96.7.2"))
            bench.api.delete(objects.service("new", "shop", "10.96.7.60"))


def a_damaged_snapshot_is_one_line_and_no_harm(bench):
    with Folder() as folder:
        with bench.server(folder.corefile()) as server:
            bench.ready(server)
        with open(folder.file, "rb") as source:
            whole = source.read()
        middle = len(whole) // 2
        damaged = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:]
        for octets in (damaged, whole[:middle], b"portolan snapshot 9\n" + whole[20:], b""):
            with open(folder.file, "wb") as target:
                target.write(octets)
            with bench.server(folder.corefile(" serve")) as server:
                bench.ready(server)
                expect(server.dig(WEB), ("NOERROR", ["10.96.7.1"]), "an answer")
                expect(len(lines_with(server, NOT_USED)), 1, "lines in the log")
        with bench.server(folder.corefile()) as server:
            bench.ready(server)
            expect(lines_with(server, NOT_USED), [], "after it has been saved again")


def a_folder_that_cannot_be_written_is_one_line_and_no_harm(bench):
    """A full disk and a read-only one where the test may mount, and a folder that is not there."""
    faults = [("mkdir {DIR}/no", "{DIR}/nosuch/s", "No such file or directory")]
    may_mount = os.geteuid() == 0 and subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode == 0
    if may_mount:
        mount = "mkdir {DIR}/disk && mount -t tmpfs -o size=4k tmpfs {DIR}/disk"
        faults.append((mount + " && head -c 4096 /dev/zero > {DIR}/disk/full", "{DIR}/disk/s",
                       "No space left on device"))
        faults.append((mount + " && mount -o remount,ro {DIR}/disk", "{DIR}/disk/s", "Read-only file system"))
    for prepare, path, text in faults:
        wrapper = ["unshare", "-m"] if may_mount else []
        wrapper += ["sh", "-c", prepare + ' && exec "$@"', "sh"]
        with bench.server(COREFILE.replace("SNAPSHOT", path), wrapper=wrapper) as server:
            bench.ready(server)
            eventually(lambda: len(lines_with(server, NOT_SAVED)), 1, "the warning", 5)
            if text not in lines_with(server, NOT_SAVED)[0]:
                raise Failed(f"expected {text!r} in {lines_with(server, NOT_SAVED)[0]!r}")
            expect(server.dig(WEB), ("NOERROR", ["10.96.7.1"]), text)
            expect(metric(server, "portolan_kubernetes_snapshot_failures_total"), 1.0, "failures counted")
            server.signal(signal.SIGTERM)
            expect(server.process.wait(10), 0, "exit status")


CASES = [a_start_without_the_api_server_answers_from_the_snapshot,
         what_changed_meanwhile_arrives_with_the_api_server, a_damaged_snapshot_is_one_line_and_no_harm,
         a_folder_that_cannot_be_written_is_one_line_and_no_harm]
