#!/usr/bin/python3
"""A pod's view: programs that know nothing of DNS servers, in a network namespace with the resolv.conf that the kubelet
writes. glibc's resolver (getent), musl's (resolve.c) and curl ask for names as programs in pods do.

    suite.py --server build/release/portolan [--only GLOB]

Two network namespaces and a cable between them: the suite's own is the node, with the server on the cluster's DNS
address and a web server on a service's; the other one is the pod. Needs root. Each case prints `ok NAME`,
`left out NAME: why` or `FAILED NAME: why`."""
import argparse
import contextlib
import fnmatch
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cluster"))

from server import Failed, Server, Upstream, eventually, expect  # noqa: E402

DNS, NODE, POD, WEB, OUTSIDE = "10.96.0.10", "10.244.1.1", "10.244.1.5", "10.96.7.1", "203.0.113.80"
RESOLV_CONF = f"search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver {DNS}\noptions ndots:5\n"

COREFILE = """.:53 {
    bind 10.96.0.10
    errors
    ready 127.0.0.1:{PORT3}
    prometheus 127.0.0.1:{PORT4}
    AUTOPATH
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        manifests {DIR}/cluster.yaml
        pods verified
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    forward . UPSTREAM
    loadbalance
}
"""

CLUSTER = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: shop}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: other}}
---
apiVersion: v1
kind: Pod
metadata: {{name: client, namespace: shop}}
status: {{phase: Running, podIP: {POD}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec: {{clusterIP: {WEB}, ports: [{{name: http, port: 80}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: dual, namespace: shop}}
spec: {{clusterIP: 10.96.7.2, clusterIPs: [10.96.7.2, "fd00:96::2"], ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: db, namespace: other}}
spec: {{clusterIP: None, ports: [{{name: sql, port: 5432}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: db-a, namespace: other, labels: {{kubernetes.io/service-name: db}}}}
addressType: IPv4
ports: [{{name: sql, port: 5432}}]
endpoints:
- {{addresses: [10.244.2.1], hostname: db-0, conditions: {{ready: true}}}}
- {{addresses: [10.244.2.2], hostname: db-1, conditions: {{ready: true}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: outside, namespace: shop}}
spec: {{type: ExternalName, externalName: www.example.org}}
"""

# (name as a program says it, its addresses; none: there is no such name)
NAMES = [
    ("web", [WEB]), ("web.shop", [WEB]), ("web.shop.svc", [WEB]), ("web.shop.svc.cluster.local", [WEB]),
    ("web.shop.svc.cluster.local.", [WEB]), ("WEB.Shop", [WEB]),
    ("dual", ["10.96.7.2", "fd00:96::2"]),
    ("db.other", ["10.244.2.1", "10.244.2.2"]), ("db-1.db.other", ["10.244.2.2"]),
    ("outside", [OUTSIDE]),
    ("www.example.org", [OUTSIDE]), ("www.example.org.", [OUTSIDE]), ("a.b.c.d.e.example.org", [OUTSIDE]),
    ("db", []), ("web.other", []), ("nosuch.shop.svc.cluster.local", []), ("nosuch.shop.svc.cluster.local.", []),
]


class LeftOut(Exception):
    """Why a case cannot run here."""


class Pod:
    """A network and mount namespace with the files that a container's resolver reads, cabled to this one."""

    def __init__(self, folder):
        files = {"resolv.conf": RESOLV_CONF, "nsswitch.conf": "hosts: files dns\n",
                 "hosts": f"127.0.0.1 localhost\n{POD} client\n"}
        mounts = ""
        for name, text in files.items():
            path = os.path.join(folder, name)
            with open(path, "w") as target:
                target.write(text)
            mounts += f"mount --bind {path} /etc/{name} && "
        self._process = subprocess.Popen(
            ["unshare", "-n", "-m", "sh", "-c", mounts + "ip link set lo up && echo ready && exec sleep 1000"],
            stdout=subprocess.PIPE, text=True)

    def connect(self):
        """The cable, once the namespaces are there."""
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the pod's namespace cannot be set up")
        pid = self._process.pid
        _ip(f"link add pod0 type veth peer name eth0 netns {pid}")
        _ip(f"addr add {NODE}/24 dev pod0")
        _ip("link set pod0 up")
        for words in (f"addr add {POD}/24 dev eth0", "addr add fd00:244::5/64 dev eth0 nodad",
                      "link set eth0 up", f"route add default via {NODE}"):
            self.run("ip", *words.split())

    def run(self, *command):
        """(exit status, output)"""
        done = subprocess.run(["nsenter", "-t", str(self._process.pid), "-n", "-m", *command], capture_output=True,
                              text=True, timeout=30)
        return done.returncode, done.stdout

    def close(self):
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(5)


def _ip(words):
    subprocess.run(["ip", *words.split()], check=True, capture_output=True)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the shop's page\n")

    def log_message(self, *_):
        pass


class Bench:
    """The node: the pod, an upstream, a web server, and servers with or without autopath."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self._started = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as started:  # what has come up is ended, too, when the rest does not
            self._start(started)
            self._started = started.pop_all()
        return self

    def _start(self, started):
        subprocess.run(["sh", "-c", f"ip link set lo up && ip addr add {DNS}/32 dev lo && ip addr add {WEB}/32 dev lo"],
                       check=True)
        self.pod = started.enter_context(contextlib.closing(Pod(self.folder)))
        self.pod.connect()
        self.upstream = started.enter_context(contextlib.closing(Upstream(OUTSIDE, "example.org")))
        self.page = http.server.ThreadingHTTPServer((WEB, 80), Page)
        threading.Thread(target=self.page.serve_forever, daemon=True).start()
        started.callback(self.page.shutdown)

    def __exit__(self, *_):
        self._started.close()

    def server(self, autopath=False):
        if autopath and "autopath" not in subprocess.run([self.binary, "-plugins"], capture_output=True,
                                                         text=True).stdout:
            raise LeftOut("the server has no autopath")
        corefile = COREFILE.replace("UPSTREAM", f"127.0.0.1:{self.upstream.port}").replace(
            "AUTOPATH", "autopath @kubernetes" if autopath else "")
        return Server(self.binary, corefile, {"cluster.yaml": CLUSTER})

    def ready(self, server):
        eventually(lambda: server.http("PORT3", "/ready")[0], 200, "/ready", 15)

    def musl(self):
        program = os.path.join(self.folder, "resolve")
        if not shutil.which("musl-gcc"):
            raise LeftOut("musl-gcc is not installed")
        if not os.path.exists(program):
            subprocess.run(["musl-gcc", "-static", "-O1", "-o", program, os.path.join(HERE, "resolve.c")], check=True)
        return program


def questions(server):
    """How many the server has been asked so far."""
    lines = server.http("PORT4", "/metrics")[1].splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("coredns_dns_requests_total"))


def addresses(bench, words, name):
    status, printed = bench.pod.run(*words, name)
    if status not in (0, 2):
        raise Failed(f"{name}: {words[0]} ended with {status}")
    return sorted({line.split()[0] for line in printed.splitlines()})


def _all_names(bench, words, autopath):
    with bench.server(autopath) as server:
        bench.ready(server)
        for name, want in NAMES:
            expect(addresses(bench, words, name), want, name)
        before = questions(server)
        expect(addresses(bench, words, "www.example.org"), [OUTSIDE], "a name of the world")
        # A and AAAA: for each name of the search list and the name itself; with autopath once.
        expect(questions(server) - before, 2 if autopath else 8, "questions for a name of the world")


def glibc_finds_what_there_is(bench):
    _all_names(bench, ["getent", "ahosts"], False)


def glibc_finds_what_there_is_with_autopath(bench):
    _all_names(bench, ["getent", "ahosts"], True)


def musl_finds_what_there_is(bench):
    _all_names(bench, [bench.musl()], False)


def musl_finds_what_there_is_with_autopath(bench):
    _all_names(bench, [bench.musl()], True)


def an_address_has_its_name(bench):
    with bench.server() as server:
        bench.ready(server)
        for address, name in ((WEB, "web.shop.svc.cluster.local"), ("10.244.2.2", "db-1.db.other.svc.cluster.local"),
                              ("fd00:96::2", "dual.shop.svc.cluster.local")):
            status, printed = bench.pod.run("getent", "hosts", address)
            expect((status, printed.split()), (0, [address, name]), address)


def curl_gets_the_page(bench):
    if not shutil.which("curl"):
        raise LeftOut("curl is not installed")
    with bench.server() as server:
        bench.ready(server)
        for host in ("web", "web.shop", "web.shop.svc.cluster.local", "web.shop.svc.cluster.local."):
            expect(bench.pod.run("curl", "-sS", "--max-time", "10", f"http://{host}/"), (0, "the shop's page\n"), host)
        expect(bench.pod.run("curl", "-s", "--max-time", "10", "http://nosuch/")[0], 6, "a host that does not exist")


CASES = [glibc_finds_what_there_is, glibc_finds_what_there_is_with_autopath, musl_finds_what_there_is,
         musl_finds_what_there_is_with_autopath, an_address_has_its_name, curl_gets_the_page]


def run(options):
    failed = ran = 0
    with (tempfile.TemporaryDirectory(prefix="portolan-pod-") as folder,
          Bench(os.path.abspath(options.server), folder) as bench):
        for case in CASES:
            if not fnmatch.fnmatch(case.__name__, options.only):
                continue
            ran += 1
            try:
                case(bench)
                print(f"ok {case.__name__}", flush=True)
            except LeftOut as why:
                ran -= 1
                print(f"left out {case.__name__}: {why}", flush=True)
            except Exception as why:
                failed += 1
                text = why if isinstance(why, Failed) else traceback.format_exc()
                print(f"FAILED {case.__name__}: {text}", flush=True)
    print(f"pod: {ran} cases, {failed} failed")
    return ran, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--counts", help="write the counts to this file as JSON")
    options = parser.parse_args()
    ran = failed = 0
    if os.environ.get("POD_SUITE_INSIDE") == "1":
        ran, failed = run(options)
    elif os.geteuid() == 0 and subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True).returncode == 0:
        os.environ["POD_SUITE_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    else:
        print("left out pod: network namespaces need root")
    if options.counts:
        with open(options.counts, "w") as target:
            json.dump({"passed": ran - failed, "failed": failed}, target)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
