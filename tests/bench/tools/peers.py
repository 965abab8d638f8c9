"""The servers to measure beside each other: zones, configurations, and starting them in one temporary folder."""
import atexit
import contextlib
import os
import random
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "golden"))

import measure  # noqa: E402
from ports import free_port  # noqa: E402

CORE, LOAD = os.environ.get("SERVER_CORE", "0"), os.environ.get("LOAD_CORE", "1")
# What is asked until a server is ready, and whether an answer says that it is. Part of a cluster may answer earlier.
ZONE_PROBE = {"probe": "host000001.example.test", "ready": measure.answered}
CLUSTER_PROBE = {"probe": "none.default.svc.cluster.local", "ready": measure.denied}
TMP = tempfile.mkdtemp(prefix="portolan-compare-")
os.chmod(TMP, 0o755)  # some peers change their user
atexit.register(shutil.rmtree, TMP, ignore_errors=True)


def put(name, text):
    path = os.path.join(TMP, name)
    with open(path, "w") as target:
        target.write(text)
    return path


def have(program):
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def questions(zone, kind):
    """A list of questions for a zone: exist, nx or mix."""
    return os.path.join(TMP, f"{zone}_{kind}.txt")


def write_zone(zone, names):
    """A zone file with that many names, its names for udpecho, and the lists of questions."""
    if os.path.exists(f"{TMP}/{zone}.db"):
        return
    addresses = [f"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}" for i in range(names)]
    put(zone + ".db", "$ORIGIN example.test.\n$TTL 3600\n"
        "@ IN SOA ns1.example.test. admin.example.test. 1 3600 600 86400 30\n"
        "@ IN NS ns1.example.test.\nns1 IN A 10.255.255.1\n"
        + "".join(f"host{i:06d} IN A {address}\n" for i, address in enumerate(addresses)))
    put(zone + ".hash", "".join(f"host{i:06d}.example.test A {address}\n" for i, address in enumerate(addresses)))
    chance = random.Random(1)
    there = [f"host{i:06d}.example.test A\n" for i in range(names)]
    absent = [f"none{i:06d}.example.test A\n" for i in range(names)]
    chance.shuffle(there)
    chance.shuffle(absent)
    put(zone + "_exist.txt", "".join(there))
    put(zone + "_nx.txt", "".join(absent))
    put(zone + "_mix.txt", "".join(there[i] if chance.random() < 0.6 else absent[i] for i in range(names)))


# ---- commands: a word is a string, in which {p} is the port, or (kind, text) for a file; in the text {p} and {q} are
# ports, and other braces stand twice
def udpecho(names, port="{p}"):
    """The bound for a real server: parses each question, hashes its name and answers."""
    return [measure.TOOLS + "/udpecho", port, "work:32", "n1", names]


def corefile_servers(command, text):
    """The server under test and, where COREDNS names one, CoreDNS."""
    yield "project", [*command, "-conf", ("corefile", text)]
    if os.environ.get("COREDNS"):
        yield "coredns", [os.environ["COREDNS"], "-conf", ("corefile", text)]


def zone_servers(command, zone, primary=None):
    """Servers of example.test: from the zone's file, or as secondaries of `primary`, a port. Those with a file hand it
    out to loopback."""
    source = (f"secondary example.test {{{{\n    transfer from 127.0.0.1:{primary}\n  }}}}" if primary else
              f"file {TMP}/{zone}.db example.test")
    yield from corefile_servers(command, ".:{p} {{\n  errors\n  " + source + "\n}}\n")
    if have("nsd"):
        role = (f"  zonefile: {TMP}/nsd.{{p}}.zone\n  request-xfr: AXFR 127.0.0.1@{primary} NOKEY\n" if primary else
                f"  zonefile: {TMP}/{zone}.db\n  provide-xfr: 127.0.0.1 NOKEY\n")
        yield "nsd", [have("nsd"), "-d", "-c", ("nsd", f"""server:
  server-count: 1
  ip-address: 127.0.0.1@{{p}}
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{TMP}"
  xfrdir: "{TMP}"
  pidfile: "{TMP}/nsd.{{p}}.pid"
  xfrdfile: "{TMP}/nsd.{{p}}.xfrd"
  zonelistfile: "{TMP}/nsd.{{p}}.zl"
  xfrd-reload-timeout: 0
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: example.test
{role}""")]
    if have("knotd"):
        yield "knot", knot(zone, primary)


def knot(zone, primary=None):
    role = (f"    master: primary\n    file: {TMP}/knot.{{p}}.zone\n" if primary else
            f"    file: {TMP}/{zone}.db\n")
    remote = f"remote:\n  - id: primary\n    address: 127.0.0.1@{primary}\n" if primary else ""
    return [have("knotd"), "-c", ("knot", f"""server:
    listen: 127.0.0.1@{{p}}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    rundir: {TMP}/{{p}}.run
database:
    storage: {TMP}/{{p}}.run
{remote}acl:
  - id: loopback
    address: 127.0.0.1
    action: transfer
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: example.test
    acl: loopback
{role}""")]


def forwarders(command, upstream, names=0):
    """Servers that send every question to `upstream`, a port, or keep the answers for that many names."""
    room = 2 * names  # a cache is cut into parts, which do not fill evenly
    cache = f"  cache 3600 {{{{\n    success {room}\n  }}}}\n" if names else ""
    yield from corefile_servers(command, f""".:{{p}} {{{{
  errors
  forward . 127.0.0.1:{upstream} {{{{
    max_concurrent 4096
  }}}}
{cache}}}}}
""")
    if have("unbound"):
        size = max(16, room * 512 // 2**20)
        kept = f"  msg-cache-size: {size}m\n  rrset-cache-size: {size}m\n"
        yield "unbound", [have("unbound"), "-d", "-c", ("unbound", f"""server:
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
{kept if names else ""}remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{upstream}
{"" if names else "  forward-no-cache: yes"}
""")]
    if have("dnsdist"):
        kept = f'getPool(""):setCache(newPacketCache({room}, {{{{maxTTL=86400}}}}))' if names else ""
        yield "dnsdist", [have("dnsdist"), "--supervised", "-C", ("dnsdist", f"""setLocal("127.0.0.1:{{p}}")
setACL({{{{"127.0.0.0/8"}}}})
newServer({{{{address="127.0.0.1:{upstream}", checkInterval=3600, sockets=4}}}})
setSecurityPollSuffix("")
{kept}
""")]


# ---- starting
def start(name, command, core=CORE, cwd=None, probe=ZONE_PROBE["probe"], ready=ZONE_PROBE["ready"]):
    """A server that answers."""
    port, echo = free_port(), "udpecho" in command[0]
    os.makedirs(f"{TMP}/{port}.run", exist_ok=True)
    words = [put(f"{word[0]}.{name}.{port}", word[1].format(p=port, q=free_port())) if isinstance(word, tuple)
             else word.replace("{p}", str(port)) for word in command]
    return measure.Server(name, words, port, f"{TMP}/{name}.{port}.log", probe, core=core, cwd=cwd,
                          env={"GOMAXPROCS": "1"} if name == "coredns" else None,
                          ready=None if echo else ready)


@contextlib.contextmanager
def running(commands, core=CORE, **probe):
    """The servers of (name, command) pairs by their names, until the end of the block."""
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, command in commands:
            servers[name] = start(name, command, core, **probe)
            stack.callback(servers[name].stop)
        yield servers
