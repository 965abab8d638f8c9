"""One interleaved run of a CoreDNS-compatible server against the servers installed here.

usage: compare.py 'SERVER COMMAND' [GROUP...]     (tests/bench/run builds the tools it needs)
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

import json, os, random, shutil, socket, statistics, struct, sys, tempfile
import k8sgen
import measure as m
from measure import Server, blast, measure, query, rss_mb

N = 10000
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECS = float(os.environ.get("SECONDS_EACH", "1.5"))
WINDOW = int(os.environ.get("WINDOW", "128"))
CORE, LOAD = os.environ.get("SERVER_CORE", "0"), os.environ.get("LOAD_CORE", "1")
TMP = tempfile.mkdtemp(prefix="dnscompare.")
os.chmod(TMP, 0o755)


def put(name, text):
    with open(f"{TMP}/{name}", "w") as f:
        f.write(text)
    return f"{TMP}/{name}"


def free_port():
    while True:
        p = random.randrange(20000, 30000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u, socket.socket() as t:
            try:
                u.bind(("127.0.0.1", p))
                t.bind(("127.0.0.1", p))
                return p
            except OSError:
                pass


def have(x):
    return shutil.which(x, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def data():
    r = random.Random(1)
    put(
        "zone.db",
        "$ORIGIN example.test.\n$TTL 300\n"
        "@ IN SOA ns1.example.test. admin.example.test. 1 3600 600 86400 30\n"
        "@ IN NS ns1.example.test.\nns1 IN A 10.255.255.1\n"
        + "".join(f"host{i:06d} IN A 10.{i >> 16}.{(i >> 8) & 255}.{i & 255}\n" for i in range(N)),
    )
    put("zone.hash", "".join(f"host{i:06d}.example.test A 10.{i >> 16}.{(i >> 8) & 255}.{i & 255}\n" for i in range(N)))
    yes = [f"host{i:06d}.example.test A\n" for i in range(N)]
    no = [f"none{i:06d}.example.test A\n" for i in range(N)]
    r.shuffle(yes)
    r.shuffle(no)
    put("exist.txt", "".join(yes))
    put("nx.txt", "".join(no))
    put("mix.txt", "".join(yes[i] if r.random() < 0.6 else no[i] for i in range(N)))


def answer(r):
    """rcode and the sorted (type, TTL-less rdata) of a response; names in rdata are left out"""
    if r is None:
        return None
    an, at, out = struct.unpack(">H", r[6:8])[0], 12, []

    def skip(at):
        while r[at]:
            if r[at] >= 192:
                return at + 2
            at += r[at] + 1
        return at + 1

    at = skip(at) + 4
    for _ in range(an):
        at = skip(at)
        t, _, _, n = struct.unpack(">HHIH", r[at : at + 10])
        at += 10
        out.append((t, r[at : at + n].hex() if t in (1, 28) else ""))
        at += n
    return r[3] & 15, sorted(out)


TYPES = {"A": 1, "AAAA": 28, "PTR": 12, "SRV": 33}


def equal(servers, lists):
    bad = 0
    for q in lists:
        for line in random.Random(2).sample(open(q).read().splitlines(), min(200, sum(1 for _ in open(q)))):
            name, t = line.split()
            got = {s.name: answer(query(s.port, name, TYPES[t], 5, 0.5)) for s in servers}
            if len({repr(v) for v in got.values()}) > 1:
                bad += 1
                if bad <= 5:
                    print(f"DIFFERENT {line}: {got}")
    print(f"answers compared: {bad} different")
    return bad


def right(servers, lists):
    """manifests: 200 answers of each list against what the cluster's files say"""
    bad, n = 0, int(os.environ.get("SERVICES", "1000"))
    for q in lists:
        lines = open(q).read().splitlines()
        for line in random.Random(2).sample(lines, min(200, len(lines))):
            name, t = line.split()
            want = k8sgen.expected(line, n)
            for s in servers:
                got = answer(query(s.port, name, TYPES[t], 5, 0.5))
                if got is None or got[0] != want[0] or len(got[1]) != want[1] or (want[2] and got[1][0][1] != want[2]):
                    bad += 1
                    if bad <= 5:
                        print(f"WRONG {s.name} {line}: {got}, expected {want}")
    print(f"answers checked: {bad} wrong")
    return bad


def zonefile_servers(cmd):
    yield "udpecho-work", [m.TOOLS + "/udpecho", "{p}", "work:32", "n1", TMP + "/zone.hash"]
    yield from corefile(cmd, ".:{p} {{\n  errors\n  file " + TMP + "/zone.db example.test\n}}\n")
    if have("nsd"):
        yield "nsd", [
            "nsd",
            "-d",
            "-c",
            (
                "nsd",
                f"""server:
  server-count: 1
  ip-address: 127.0.0.1@{{p}}
  username: ""
  database: ""
  pidfile: "{TMP}/nsd.{{p}}.pid"
  xfrdfile: "{TMP}/nsd.{{p}}.xfrd"
  zonelistfile: "{TMP}/nsd.{{p}}.zl"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: example.test
  zonefile: {TMP}/zone.db
""",
            ),
        ]
    if have("knotd"):
        yield "knot", [
            "knotd",
            "-c",
            (
                "knot",
                f"""server:
    listen: 127.0.0.1@{{p}}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    rundir: {TMP}
database:
    storage: {TMP}/knot
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: example.test
    file: {TMP}/zone.db
""",
            ),
        ]


def corefile(cmd, text):
    yield "project", cmd + ["-conf", ("corefile", text)]
    if os.environ.get("COREDNS"):
        yield "coredns", [os.environ["COREDNS"], "-conf", ("corefile", text)]


def forwarders(cmd, up, cached):
    yield from corefile(
        cmd,
        ".:{p} {{\n  errors\n  forward . 127.0.0.1:"
        + str(up)
        + " {{\n    max_concurrent 4096\n  }}\n"
        + ("  cache 3600\n" if cached else "")
        + "}}\n",
    )
    if have("unbound"):
        yield "unbound", [
            "unbound",
            "-d",
            "-c",
            (
                "unbound",
                f"""server:
  interface: 127.0.0.1@{{p}}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{TMP}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  do-not-query-localhost: no
  module-config: "iterator"
  outgoing-range: 8192
  num-queries-per-thread: 4096
  local-zone: "test." nodefault
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{up}
""" + ("" if cached else "  forward-no-cache: yes\n"),
            ),
        ]
    if have("dnsdist"):
        pc = 'getPool(""):setCache(newPacketCache(100000, {{maxTTL=86400}}))' if cached else ""
        yield "dnsdist", [
            "dnsdist",
            "--supervised",
            "-C",
            (
                "dnsdist",
                f"""setLocal("127.0.0.1:{{p}}")
setACL({{{{"127.0.0.0/8"}}}})
newServer({{{{address="127.0.0.1:{up}", checkInterval=3600, sockets=4}}}})
setSecurityPollSuffix("")
{pc}
""",
            ),
        ]


def start(specs, core=CORE, probe="host000001.example.test"):
    out = []
    for name, cmd in specs:
        p = free_port()
        args = [
            (
                put(f"{a[0]}.{name}.{p}", a[1].format(p=p, q=free_port()))
                if isinstance(a, tuple)
                else a.replace("{p}", str(p))
            )
            for a in cmd
        ]
        out.append(
            Server(
                name,
                args,
                p,
                core=core,
                env={"GOMAXPROCS": "1"} if name == "coredns" else None,
                probe=probe,
                ready=m.answered if "udpecho" not in name else None,
            )
        )
    return out


def run(group, cmd):
    up, tcp = [], 100 if group == "zone_tcp" else 0
    L = [f"{TMP}/{x}.txt" for x in ("exist", "nx", "mix")]
    if group == "zone" or tcp:
        sv = start(s for s in zonefile_servers(cmd) if not (tcp and "udpecho" in s[0]))
    elif group in ("cache", "forward"):
        up = start([s for s in zonefile_servers(cmd) if s[0] in ("nsd", "knot")][:1], LOAD)
        sv, L = start(forwarders(cmd, up[0].port, group == "cache")), L[:1]
        for s in sv:
            blast(["-p", str(s.port), "-d", L[0], "-n", "20000", "-q", "32", "-l", "20"], LOAD)
    elif group == "manifests":
        k8sgen.write(TMP, int(os.environ.get("SERVICES", "1000")), 3, 50, 5)
        text = (
            ".:{p} {{\n    errors\n    kubernetes cluster.local in-addr.arpa ip6.arpa {{\n        manifests "
            + TMP
            + "/cluster.yaml\n        pods %s\n        ttl 30\n    }}\n%s}}\n"
        )
        L = [f"{TMP}/k8s_{x}.txt" for x in os.environ.get("LISTS", " ".join(k8sgen.LISTS)).split()]
        first, sv = open(L[0]).readline().split()[0], []
        sv += start([("udpecho-work", [m.TOOLS + "/udpecho", "{p}", "work:32", "n1", TMP + "/k8s.hash"])], probe=first)
        sv += start([("project", cmd + ["-conf", ("corefile", text % ("verified", ""))])], probe=first)
        sv += start(
            [
                (
                    "project-kubeadm",
                    cmd
                    + [
                        "-conf",
                        (
                            "corefile",
                            text
                            % ("insecure", "    prometheus 127.0.0.1:{q}\n    cache 30\n    loop\n    loadbalance\n"),
                        ),
                    ],
                )
            ],
            probe=first,
        )
    elif group == "k8s":
        up = start([s for s in zonefile_servers(cmd) if s[0] in ("nsd", "knot")][:1], LOAD)
        text = (
            """.:{p} {{
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
       kubeconfig """
            + os.path.abspath(os.environ["KUBECONFIG_FILE"])
            + """
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }}
    forward . 127.0.0.1:"""
            + str(up[0].port)
            + """
    %s
    loadbalance
}}
"""
        )
        D = os.environ["K8S_LISTS"]
        L = [
            f"{D}/{x}.txt"
            for x in ("svc_a", "pod_a", "headless", "srv", "ptr", "nx", "mix", "mix_internal")
            if os.path.exists(f"{D}/{x}.txt")
        ]
        first, sv = open(L[0]).readline().split()[0], []
        for tag, line in (("", "cache 30"), ("-nocache", "")):
            for n, c in corefile(cmd, text % line):
                sv += start([(n + tag, c)], probe=first)
    rows = []
    try:
        if not [s for s in sv if s.name == "project"]:
            return
        if group == "manifests":
            right([s for s in sv if "udpecho" not in s.name], L)
        else:
            equal([s for s in sv if "udpecho" not in s.name], L)
        kw = dict(tcp=tcp, window=WINDOW if not tcp else 400, load_core=LOAD)
        for r in range(ROUNDS):
            for s in sv:
                for q in L:
                    for _ in range(3):  # something else took the load's core: once more
                        row = dict(measure(s, q, SECS, **kw), round=r, group=group, ready_s=s.ready_s)
                        if row["client_share"] > 0.8:
                            break
                    if not row["answered"]:
                        raise SystemExit(
                            f"{s.name} answers nothing of {q}" + (", it has ended" if s.p.poll() is not None else "")
                        )
                    rows.append(row)
        report(group, rows, sv, L)
        if group == "manifests":
            low_load(sv, L[-1], max(r["qps"] for r in rows))
    finally:
        for s in sv + up:
            s.stop()
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
    import signal

    signal.signal(signal.SIGTERM, lambda *a: sys.exit(143))  # so that the servers are stopped
    data()
    everything = {}
    try:
        for g in sys.argv[2:] or ["manifests", "zone", "cache", "forward"]:
            everything[g] = run(g, sys.argv[1].split())
        if os.environ.get("JSON_OUT"):
            json.dump(everything, open(os.environ["JSON_OUT"], "w"))
    finally:
        shutil.rmtree(TMP, ignore_errors=True)
