#!/usr/bin/python3
"""The server in front of a real API server: one function a case, each prints `ok NAME` or `FAILED NAME: why`.

    suite.py --server build/release/portolan [--only GLOB] [--long]"""
import argparse
import fnmatch
import json
import os
import signal
import subprocess
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases_of_options  # noqa: E402
import faults  # noqa: E402
import objects  # noqa: E402
import snapshots  # noqa: E402
from cluster import DNS_TOKEN, Cluster, kubeconfig  # noqa: E402
from json_proxy import JsonProxy  # noqa: E402
from server import Asking, Failed, Server, Upstream, eventually, expect, usr1  # noqa: E402

# The ConfigMap that kubeadm writes; only ports and the upstream stand for what a test machine has.
KUBEADM = """.:{PORT} {
    errors
    health :{PORT2} {
       lameduck 5s
    }
    ready :{PORT3}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       CREDENTIALS
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :{PORT4}
    forward . UPSTREAM {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""

PLAIN = """.:{PORT} {
    errors
    health :{PORT2}
    ready :{PORT3}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {DIR}/kubeconfig
        pods verified
        ttl 5
    }
    hosts {
        192.0.2.7 beside.example
        fallthrough
    }
}
"""

IN_CLUSTER = """mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount &&
cp {DIR}/token {DIR}/ca.crt /run/secrets/kubernetes.io/serviceaccount/ && exec "$@" """


class Bench:
    """What every case gets: the cluster, the binary, and a way to start it."""

    plain = PLAIN

    def __init__(self, cluster, binary, long=False):
        self.cluster, self.api, self.binary, self.long = cluster, cluster.api, binary, long
        self.figures = []  # what a case measured, for its line

    def files(self, url=None):
        config = kubeconfig(url or self.cluster.url, DNS_TOKEN, self.cluster.ca)
        with open(self.cluster.ca) as ca:
            return {"kubeconfig": json.dumps(config), "token": DNS_TOKEN, "ca.crt": ca.read()}

    def server(self, corefile=PLAIN, through=None, files=None, **more):
        """`through`: the URL under which the server finds the API server."""
        return Server(self.binary, corefile, files or self.files(through), **more)

    def ready(self, server):
        """Waits until the server listens and says that it is ready."""
        server.listening()
        eventually(lambda: server.http("PORT3", "/ready")[0], 200, "/ready", 15)
        return server


def can_mount():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /run"], capture_output=True).returncode == 0


def kubeadm_corefile_serves_the_cluster(bench):
    """The Corefile of kubeadm as it is, with a service account's token where a pod finds it."""
    upstream = Upstream("203.0.113.80")
    corefile, wrapper, env = KUBEADM.replace("UPSTREAM", f"127.0.0.1:{upstream.port}"), [], {}
    if can_mount():
        corefile = corefile.replace("       CREDENTIALS\n", "")
        wrapper = ["unshare", "-m", "sh", "-c", IN_CLUSTER, "sh"]
        env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(bench.cluster.port)}
    else:
        corefile = corefile.replace("CREDENTIALS", "kubeconfig {DIR}/kubeconfig")
    try:
        with bench.server(corefile, wrapper=wrapper, env=env) as server:
            bench.ready(server)
            web = "web.shop.svc.cluster.local"
            for program in ("dig", "kdig"):
                expect(server.dig(web, "A", program), ("NOERROR", ["10.96.7.1"]), f"{program} A")
                expect(server.dig(f"_http._tcp.{web}", "SRV", program), ("NOERROR", [f"0 100 80 {web}."]),
                       f"{program} SRV")
                expect(server.dig("1.7.96.10.in-addr.arpa", "PTR", program), ("NOERROR", [web + "."]),
                       f"{program} PTR")
                expect(server.dig("nosuch.shop.svc.cluster.local", "A", program), ("NXDOMAIN", []), f"{program} NX")
                expect(server.dig("www.example.org", "A", program), ("NOERROR", ["203.0.113.80"]), f"{program} forward")
                expect(server.dig(web, "A", program, ["+tcp"]), ("NOERROR", ["10.96.7.1"]), f"{program} TCP")
            expect(server.dig("10-1-2-3.shop.pod.cluster.local"), ("NOERROR", ["10.1.2.3"]), "pod insecure")
            expect(server.http("PORT2", "/health"), (200, "OK"), "/health")
            status, body = server.http("PORT4", "/metrics")
            expect((status, "coredns_dns_requests_total{" in body), (200, True), "/metrics")
    finally:
        upstream.close()


def a_new_service_is_answered(bench):
    with bench.server() as server:
        bench.ready(server)
        expect(server.dig("late.shop.svc.cluster.local"), ("NXDOMAIN", []), "before")
        item = objects.service("late", "shop", "10.96.7.50")
        bench.api.apply(item)
        eventually(lambda: server.dig("late.shop.svc.cluster.local"), ("NOERROR", ["10.96.7.50"]), "after creation", 3)
        bench.api.delete(item)
        eventually(lambda: server.dig("late.shop.svc.cluster.local"), ("NXDOMAIN", []), "after deletion", 3)


def a_changed_service_gets_its_new_ports(bench):
    with bench.server() as server:
        bench.ready(server)
        item = objects.service("moves", "shop", "10.96.7.51")
        bench.api.apply(item)
        name = "moves.shop.svc.cluster.local"
        eventually(lambda: server.dig(f"_http._tcp.{name}", "SRV", "kdig"), ("NOERROR", [f"0 100 80 {name}."]), "first", 3)
        bench.api.apply(objects.service("moves", "shop", "10.96.7.51", [("http", 8088, "TCP"), ("dns", 53, "UDP")]))
        eventually(lambda: server.dig(f"_http._tcp.{name}", "SRV"), ("NOERROR", [f"0 100 8088 {name}."]), "changed", 3)
        expect(server.dig(f"_dns._udp.{name}", "SRV"), ("NOERROR", [f"0 100 53 {name}."]), "second port")
        bench.api.delete(item)


def headless_endpoints_come_and_go(bench):
    with bench.server() as server:
        bench.ready(server)
        name = "db.shop.svc.cluster.local"
        item = objects.service("db", "shop", "None")
        bench.api.apply(item)
        bench.api.apply(objects.slice_of("db", "shop", [("10.1.0.1", "db-0", True), ("10.1.0.2", "db-1", True)]))
        eventually(lambda: server.dig(name), ("NOERROR", ["10.1.0.1", "10.1.0.2"]), "two endpoints", 3)
        expect(server.dig("db-1." + name), ("NOERROR", ["10.1.0.2"]), "one endpoint by its name")
        expect(server.dig("2.0.1.10.in-addr.arpa", "PTR"), ("NOERROR", [f"db-1.{name}."]), "PTR of an endpoint")
        bench.api.apply(objects.slice_of("db", "shop", [("10.1.0.1", "db-0", True), ("10.1.0.2", "db-1", False)]))
        eventually(lambda: server.dig(name), ("NOERROR", ["10.1.0.1"]), "one not ready", 3)
        bench.api.delete(objects.slice_of("db", "shop", []))
        eventually(lambda: server.dig(name), ("NXDOMAIN", []), "no endpoint", 3)
        bench.api.delete(item)


def a_proxy_with_json_only_is_read(bench):
    """Objects and changes come through something that has no protobuf, although that is asked for first."""
    files = bench.files()
    with JsonProxy(bench.cluster) as proxy:
        files["kubeconfig"] = json.dumps(kubeconfig(proxy.url, DNS_TOKEN))
        with Server(bench.binary, PLAIN, files) as server:
            bench.ready(server)
            expect(server.dig("web.shop.svc.cluster.local"), ("NOERROR", ["10.96.7.1"]), "what was there")
            item = objects.service("proxied", "shop", "10.96.7.54")
            bench.api.apply(item)
            eventually(lambda: server.dig("proxied.shop.svc.cluster.local"), ("NOERROR", ["10.96.7.54"]),
                       "a new one", 3)
            bench.api.delete(item)
            eventually(lambda: server.dig("proxied.shop.svc.cluster.local"), ("NXDOMAIN", []), "after its deletion", 3)
        expect(proxy.accepted, {"application/vnd.kubernetes.protobuf, application/json"}, "what the server accepts")


def an_external_name_is_a_cname(bench):
    with bench.server() as server:
        bench.ready(server)
        item = objects.external_name("outside", "shop", "beside.example")
        bench.api.apply(item)
        eventually(lambda: server.dig("outside.shop.svc.cluster.local"), ("NOERROR", ["192.0.2.7", "beside.example."]),
                   "the target's address behind the CNAME", 3)
        bench.api.delete(item)


def verified_pods_follow_the_cluster(bench):
    with bench.server() as server:
        bench.ready(server)
        name = "10-2-0-9.shop.pod.cluster.local"
        expect(server.dig(name), ("NXDOMAIN", []), "before")
        item = objects.pod("worker", "shop", "10.2.0.9")
        bench.api.apply(item)
        eventually(lambda: server.dig(name), ("NOERROR", ["10.2.0.9"]), "with the pod", 3)
        expect(server.dig("10-2-0-9.default.pod.cluster.local"), ("NXDOMAIN", []), "in another namespace")
        bench.api.delete(item)
        eventually(lambda: server.dig(name), ("NXDOMAIN", []), "after its deletion", 3)


def a_new_namespace_exists(bench):
    with bench.server() as server:
        bench.ready(server)
        expect(server.dig("svc.late-space.svc.cluster.local"), ("NXDOMAIN", []), "before")
        space = objects.namespace("late-space")
        bench.api.apply(space)
        bench.api.apply(objects.service("svc", "late-space", "10.96.7.52"))
        eventually(lambda: server.dig("svc.late-space.svc.cluster.local"), ("NOERROR", ["10.96.7.52"]),
                   "its service", 3)
        expect(server.dig("late-space.svc.cluster.local"), ("NOERROR", []), "the namespace itself")
        bench.api.delete(objects.service("svc", "late-space", "10.96.7.52"))
        bench.api.delete(space)
        eventually(lambda: server.dig("late-space.svc.cluster.local"), ("NXDOMAIN", []), "the namespace gone", 5)


def many_changes_in_a_row_all_arrive(bench):
    items = [objects.service(f"many-{number}", "shop", f"10.96.8.{number + 1}") for number in range(200)]
    with bench.server() as server:
        bench.ready(server)
        for item in items:
            bench.api.apply(item)
        for number in range(200):
            eventually(lambda: server.ask(f"many-{number}.shop.svc.cluster.local"),
                       ("NOERROR", [f"10.96.8.{number + 1}"]), f"service {number}", 5)
        for item in items:
            bench.api.delete(item)
        for number in range(200):
            eventually(lambda: server.ask(f"many-{number}.shop.svc.cluster.local"), ("NXDOMAIN", []),
                       f"service {number} deleted", 5)


def answers_stay_while_the_api_server_restarts(bench):
    with bench.server() as server:
        bench.ready(server)
        web, want = "web.shop.svc.cluster.local", ("NOERROR", ["10.96.7.1"])
        with Asking(server, web, want, 100) as asking:
            bench.cluster.stop_api_server()
            time.sleep(1.5)
            expect(server.dig(web), want, "while it is down")
            bench.cluster.start_api_server()
            bench.api.apply(objects.service("back", "shop", "10.96.7.53"))
            bench.api.delete(objects.service("gone", "shop", "10.96.7.2"))
            eventually(lambda: server.dig("back.shop.svc.cluster.local"), ("NOERROR", ["10.96.7.53"]),
                       "a service created afterwards", 30)
            eventually(lambda: server.dig("gone.shop.svc.cluster.local"), ("NXDOMAIN", []),
                       "a service deleted afterwards", 30)
        expect((asking.wrong[:3], asking.asked > 50), ([], True), "questions asked all the time")
        bench.api.apply(objects.service("gone", "shop", "10.96.7.2"))
        bench.api.delete(objects.service("back", "shop", "10.96.7.53"))


def a_change_during_the_outage_is_seen(bench):
    """A service deleted while the watch is cut: the list after the restart must remove it."""
    with bench.server() as server:
        bench.ready(server)
        expect(server.dig("gone.shop.svc.cluster.local"), ("NOERROR", ["10.96.7.2"]), "before")
        server.signal(signal.SIGSTOP)
        bench.api.delete(objects.service("gone", "shop", "10.96.7.2"))
        bench.cluster.stop_api_server()
        server.signal(signal.SIGCONT)
        bench.cluster.start_api_server()
        eventually(lambda: server.dig("gone.shop.svc.cluster.local"), ("NXDOMAIN", []), "after the restart", 30)
        bench.api.apply(objects.service("gone", "shop", "10.96.7.2"))


def an_absent_api_server_hurts_only_the_cluster_zone(bench):
    bench.cluster.stop_api_server()
    try:
        with bench.server() as server:
            took = eventually(lambda: server.ask("beside.example", timeout=0.2), ("NOERROR", ["192.0.2.7"]),
                              "another zone", 10)
            if took > 2:
                raise Failed(f"another zone answered after {took:.1f} s only")
            eventually(lambda: server.ask("web.shop.svc.cluster.local", timeout=0.5), ("SERVFAIL", []),
                       "the cluster's zone", 10)
            expect(server.http("PORT2", "/health")[0], 200, "/health")
            expect(server.http("PORT3", "/ready")[0], 503, "/ready")
            bench.cluster.start_api_server()
            eventually(lambda: server.dig("web.shop.svc.cluster.local"), ("NOERROR", ["10.96.7.1"]), "synced", 30)
            eventually(lambda: server.http("PORT3", "/ready")[0], 200, "/ready afterwards", 5)
    finally:
        bench.cluster.stop_api_server()
        bench.cluster.start_api_server()


def a_reload_loses_no_question(bench):
    with bench.server() as server:
        bench.ready(server)
        with Asking(server, "web.shop.svc.cluster.local", ("NOERROR", ["10.96.7.1"])) as asking:
            for number in range(5):
                server.write_corefile(PLAIN.replace("192.0.2.7", f"192.0.2.{20 + number}"))
                usr1(server)
                eventually(lambda: server.ask("beside.example"), ("NOERROR", [f"192.0.2.{20 + number}"]),
                           f"reload {number}", 10)
                asking.more(5)
        expect(asking.wrong[:3], [], "questions asked all the time")


def a_broken_corefile_keeps_the_old_one(bench):
    with bench.server() as server:
        bench.ready(server)
        server.write_corefile(PLAIN.replace("ttl 5", "ttl minus"))
        with Asking(server, "web.shop.svc.cluster.local", ("NOERROR", ["10.96.7.1"])) as asking:
            usr1(server)
            time.sleep(1)
        expect(asking.wrong[:3], [], "answers of the old configuration")
        expect(server.process.poll(), None, "the process")
        server.write_corefile(PLAIN.replace("192.0.2.7", "192.0.2.44"))
        usr1(server)
        eventually(lambda: server.ask("beside.example"), ("NOERROR", ["192.0.2.44"]), "a good one afterwards", 10)


def sigterm_ends_after_the_lameduck_time(bench):
    corefile = PLAIN.replace("health :{PORT2}", "health :{PORT2} {\n        lameduck 2s\n    }")
    with bench.server(corefile) as server:
        bench.ready(server)
        begin = time.time()
        server.signal(signal.SIGTERM)
        while time.time() - begin < 1.5:
            expect(server.ask("web.shop.svc.cluster.local"), ("NOERROR", ["10.96.7.1"]), "while a lame duck")
            time.sleep(0.05)
        expect(server.process.wait(10), 0, "exit status")
        took = time.time() - begin
        if not 1.9 <= took <= 6:
            raise Failed(f"ended after {took:.1f} s, lameduck 2s")


CASES = [kubeadm_corefile_serves_the_cluster, a_new_service_is_answered, a_changed_service_gets_its_new_ports,
         headless_endpoints_come_and_go, a_proxy_with_json_only_is_read, an_external_name_is_a_cname,
         verified_pods_follow_the_cluster, a_new_namespace_exists, many_changes_in_a_row_all_arrive,
         answers_stay_while_the_api_server_restarts,
         a_change_during_the_outage_is_seen, an_absent_api_server_hurts_only_the_cluster_zone,
         a_reload_loses_no_question, a_broken_corefile_keeps_the_old_one, sigterm_ends_after_the_lameduck_time,
         *snapshots.CASES, *cases_of_options.CASES]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--long", action="store_true", help="also what takes long")
    parser.add_argument("--counts", help="write the counts to this file as JSON")
    options = parser.parse_args()
    failed, ran = 0, 0
    with Cluster() as cluster:
        cluster.allow_dns()
        cluster.load_objects([objects.namespace("shop"), objects.service("web", "shop", "10.96.7.1"),
                              objects.service("gone", "shop", "10.96.7.2")])
        bench = Bench(cluster, os.path.abspath(options.server), options.long)
        for case in CASES + faults.CASES + (faults.LONG_CASES if options.long else []):
            if not fnmatch.fnmatch(case.__name__, options.only):
                continue
            ran += 1
            try:
                begin, bench.figures = time.time(), []
                case(bench)
                took = f"{time.time() - begin:.1f} s"
                print(f"ok {case.__name__} " + ", ".join([took, *bench.figures]), flush=True)
            except Failed as why:
                failed += 1
                print(f"FAILED {case.__name__}: {why}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED {case.__name__}: {traceback.format_exc()}", flush=True)
    print(f"cluster: {ran} cases, {failed} failed")
    if options.counts:
        with open(options.counts, "w") as target:
            json.dump({"passed": ran - failed, "failed": failed}, target)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
