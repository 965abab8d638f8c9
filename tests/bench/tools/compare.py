"""One interleaved run of a CoreDNS-compatible server against the servers installed here.

usage: compare.py 'SERVER COMMAND' [GROUP...]     (the tools it needs are built)
  SERVER COMMAND  e.g. './build/server'; it is started as: SERVER COMMAND -conf COREFILE
  GROUP           manifests zone zone_tcp cache forward k8s      (default: manifests zone cache forward)
                  manifests: a cluster of SERVICES services from files (k8sgen.py), against udpecho only
environment:
  COREDNS     a CoreDNS binary to compare with, too
  ROUNDS=5 SECONDS_EACH=1.5 WINDOW=128 SERVICES=1000 LISTS='svc_a mix'
  SERVER_CORE=0 LOAD_CORE=1
  KUBECONFIG_FILE, K8S_LISTS   for k8s: a kubeconfig, and the folder of query lists k8sload wrote for that cluster
  JSON_OUT    file for the full result

Servers that are not installed are left out.  Every round measures every server once on
every list; the ratios are medians of the per-round ratios, so a disturbance on the
machine hits both sides.  >1 in "CPU" means the project needs less CPU per answer.
Answers of 200 names of each list are compared with the first peer before measuring.
"""

import contextlib, json, os, signal, statistics, sys
import k8sgen
import peers
import programs
from answers import equal, right
from measure import blast, measure, rss_mb
from peers import LOAD, TMP, running

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECS = float(os.environ.get("SECONDS_EACH", "1.5"))
WINDOW = int(os.environ.get("WINDOW", "128"))
CLUSTER = """.:{p} {{
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        %s
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }}
%s}}
"""


def upstream():
    """a server of the zone for forwarders, on the load's core"""
    command = peers.knot("zone") if peers.have("knotd") else peers.udpecho(TMP + "/zone.hash")
    return running([("upstream", command)], LOAD)


def manifests(cmd, services):
    k8sgen.write(TMP, services, 3, 50, 5)
    text = lambda pods, more: CLUSTER % (f"manifests {TMP}/cluster.yaml\n        pods {pods}", more)
    yield "udpecho-work", peers.udpecho(TMP + "/k8s.hash")
    yield "project", [*cmd, "-conf", ("corefile", text("verified", ""))]
    more = "    prometheus 127.0.0.1:{q}\n    cache 30\n    loop\n    loadbalance\n"
    yield "project-kubeadm", [*cmd, "-conf", ("corefile", text("insecure", more))]


def through_api_server(cmd, up):
    kubeconfig = os.path.abspath(os.environ["KUBECONFIG_FILE"])
    for tag, line in (("", "    cache 30\n"), ("-nocache", "")):
        more = f"    forward . 127.0.0.1:{up}\n{line}    loadbalance\n"
        text = CLUSTER % (f"kubeconfig {kubeconfig}\n        pods insecure", more)
        yield from ((name + tag, words) for name, words in peers.corefile_servers(cmd, text))


def run(group, cmd):
    programs.build_dnsblast()
    programs.build_udpecho()
    peers.write_zone("zone", 10000)
    tcp = 100 if group == "zone_tcp" else 0
    L, ready = [peers.questions("zone", x) for x in ("exist", "nx", "mix")], peers.ZONE_PROBE
    with contextlib.ExitStack() as stack:
        if group in ("cache", "forward", "k8s"):
            up = stack.enter_context(upstream())["upstream"].port
        if group == "zone" or tcp:
            echo = [] if tcp else [("udpecho-work", peers.udpecho(TMP + "/zone.hash"))]
            commands = echo + list(peers.zone_servers(cmd, "zone"))
        elif group in ("cache", "forward"):
            commands, L = peers.forwarders(cmd, up, 10000 if group == "cache" else 0), L[:1]
        elif group == "manifests":
            commands, ready = manifests(cmd, int(os.environ.get("SERVICES", "1000"))), peers.CLUSTER_PROBE
            L = [f"{TMP}/k8s_{x}.txt" for x in os.environ.get("LISTS", " ".join(k8sgen.LISTS)).split()]
        elif group == "k8s":
            D = os.environ["K8S_LISTS"]
            L = [f"{D}/{x}.txt" for x in ("svc_a", "pod_a", "headless", "srv", "ptr", "nx", "mix", "mix_internal")]
            L = [x for x in L if os.path.exists(x)]
            commands, ready = through_api_server(cmd, up), peers.CLUSTER_PROBE
        else:
            raise SystemExit(f"no group {group}")
        sv = list(stack.enter_context(running(commands, **ready)).values())
        for s in sv:
            if group == "cache":
                blast(["-p", str(s.port), "-d", L[0], "-n", "20000", "-q", "32", "-l", "20"], LOAD)
        return compared(group, sv, L, tcp)


def compared(group, sv, L, tcp):
    (right if group == "manifests" else equal)([s for s in sv if "udpecho" not in s.name], L)
    rows = []
    for r in range(ROUNDS):
        for s in sv:
            for q in L:
                for _ in range(3):  # something else took the load's core: once more
                    row = measure(s, q, SECS, tcp=tcp, window=WINDOW if not tcp else 400, load_core=LOAD)
                    if row["client_share"] > 0.8:
                        break
                if not row["answered"]:
                    ended = ", it has ended" if s.p.poll() is not None else ""
                    raise SystemExit(f"{s.name} answers nothing of {q}{ended}")
                rows.append(dict(row, round=r, group=group, ready_s=s.ready_s))
    report(group, rows, sv, L)
    if group == "manifests":
        low_load(sv, L[-1], max(r["qps"] for r in rows))
    return rows


def low_load(sv, q, best):
    """CPU per answer below saturation: spinning or waiting for a fuller batch shows here"""
    print(
        f"\n| share of {best:.0f}/s | server | cpu µs/answer med | p50 µs | p99 µs | lost |\n"
        f"|---|---|---|---|---|---|"
    )
    for share in (0.5, 0.05):
        rows = [measure(s, q, SECS, rate=best * share, load_core=LOAD) for _ in range(ROUNDS) for s in sv]
        for s in sv:
            g = [r for r in rows if r["server"] == s.name]
            med = lambda f: statistics.median(f(r) for r in g)
            print(
                f"| {share:.0%} | {s.name} | {med(lambda r: r['cpu_us']):.2f} | "
                f"{med(lambda r: r['latency_us']['p50']):.0f} | "
                f"{med(lambda r: r['latency_us']['p99']):.0f} | {max(r['lost'] for r in g)} |"
            )


def report(group, rows, sv, L):
    print(
        f"\n"
        f"## {group}: medians of {ROUNDS} rounds; CPU and rate against the peer (above 1: the project is better)\n"
        f""
    )
    print(
        "| list | server | cpu µs/answer | qps | p99 µs | lost | RSS MB | CPU ratio min/med/max | rate ratio med |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    for q in L:
        l = os.path.basename(q)[:-4]
        mine = {r["round"]: r for r in rows if r["server"] == "project" and r["list"] == l}
        for s in sv:
            g = [r for r in rows if r["server"] == s.name and r["list"] == l]
            med = lambda f: statistics.median(f(r) for r in g)
            c = sorted(r["cpu_us"] / mine[r["round"]]["cpu_us"] for r in g)
            t = [mine[r["round"]]["qps"] / max(1, r["qps"]) for r in g]
            print(
                f"| {l} | {s.name} | {med(lambda r: r['cpu_us']):.2f} | {med(lambda r: r['qps']):.0f} | "
                f"{med(lambda r: r['latency_us']['p99']):.0f} | {max(r['lost'] for r in g)} | "
                f"{rss_mb(s.pid)} | "
                f"{c[0]:.2f} / {statistics.median(c):.2f} / {c[-1]:.2f} | {statistics.median(t):.2f} |"
            )
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *a: sys.exit(143))  # so that the servers are stopped
    everything = {g: run(g, sys.argv[1].split()) for g in sys.argv[2:] or ["manifests", "zone", "cache", "forward"]}
    if os.environ.get("JSON_OUT"):
        json.dump(everything, open(os.environ["JSON_OUT"], "w"))
