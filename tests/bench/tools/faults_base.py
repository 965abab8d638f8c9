"""What the fault tests share: packets, load and probes beside the server, the servers themselves."""

import argparse
import heapq
import json
import multiprocessing as mp
import os
import random
import select
import shlex
import socket
import struct
import subprocess
import tempfile
import threading
import time

# The command line, filled in by faults.py.
OPT = argparse.Namespace()

HOST, LIGHT, REAL, FORGED = "127.0.0.1", "127.0.0.2", "192.0.2.1", "198.51.100.66"
PORT, UP, READY, METRICS, ETCD, ETCD_PEER, API, PROXY = 20053, 20153, 20181, 20154, 22379, 22380, 26443, 26444
CORES = sorted(os.sched_getaffinity(0))
HOSTS, CAP = 1000, 65536
now = time.monotonic
RCVBUFFORCE = 33  # SO_RCVBUFFORCE of Linux, which Python does not name


# ---- wire format -------------------------------------------------------------------------------------------------


def wire_name(name):
    return b"".join(bytes([len(p)]) + p for p in name.rstrip(".").encode().split(b".") if p) + b"\0"


def query(name, qid=None, qtype=1):
    qid = random.getrandbits(16) if qid is None else qid
    return struct.pack(">HHHHHH", qid, 0x0100, 1, 0, 0, 0) + wire_name(name) + struct.pack(">HH", qtype, 1)


def question_end(m):
    i = 12
    while m[i]:
        i += 1 + m[i]
    return i + 5


def text_name(m):
    i, out = 12, []
    while m[i]:
        out.append(m[i + 1 : i + 1 + m[i]])
        i += 1 + m[i]
    return b".".join(out).decode("latin1")


def answer_to(m, ip=REAL, ttl=300, question=None, qid=None, extra=b"", extra_count=0):
    """An answer with one A record to the query m (EDNS of the question is ignored)."""
    q = question or m[12 : question_end(m)]
    head = (m[:2] if qid is None else struct.pack(">H", qid)) + struct.pack(">HHHHH", 0x8180, 1, 1 + extra_count, 0, 0)
    return head + q + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, ttl, 4) + socket.inet_aton(ip) + extra


def read_answer(m):
    """(id, rcode, addresses)"""
    qid, flags, qd, an = struct.unpack(">HHHH", m[:8])
    i = question_end(m) if qd else 12
    ips = []
    for _ in range(an):
        while m[i] and m[i] < 192:
            i += 1 + m[i]
        i += 2 if m[i] else 1
        t, _, _, n = struct.unpack(">HHIH", m[i : i + 10])
        if t == 1:
            ips.append(socket.inet_ntoa(m[i + 10 : i + 14]))
        i += 10 + n
    return qid, flags & 15, ips


RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def ask(name, timeout=0.5, qtype=1, source=LIGHT, tcp=False):
    """(rcode text or 'lost'/'closed'/'noconnect', addresses, seconds)"""
    q, t0 = query(name, qtype=qtype), now()
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
    s.bind((source, 0))
    s.settimeout(timeout)
    try:
        s.connect((HOST, PORT))
        if tcp:
            s.sendall(struct.pack(">H", len(q)) + q)
            want, buf = None, b""
            while want is None or len(buf) < want:
                b = s.recv(65536)
                if not b:
                    return "closed", [], now() - t0
                buf += b
                if want is None and len(buf) >= 2:
                    want = 2 + struct.unpack(">H", buf[:2])[0]
            m = buf[2:]
        else:
            s.send(q)
            while True:
                m = s.recv(65536)
                if m[:2] == q[:2]:
                    break
        _, rc, ips = read_answer(m)
        return RCODES.get(rc, str(rc)), ips, now() - t0
    except (TimeoutError, ConnectionError, OSError, IndexError, struct.error) as e:
        return ("lost" if isinstance(e, (TimeoutError, ConnectionRefusedError)) else type(e).__name__), [], now() - t0
    finally:
        s.close()


def until(check, limit, step=0.02):
    """Seconds until check() is true, or None."""
    t0 = now()
    while now() - t0 < limit:
        if check():
            return round(now() - t0, 3)
        time.sleep(step)
    return None


# ---- helpers that run beside the server ---------------------------------------------------------------------------


def pin(core):
    if len(CORES) > 1:
        os.sched_setaffinity(0, {CORES[core]})


def realtime():
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))
    except OSError:
        pass


class Upstream:
    """A UDP name server in a process of its own. Modes: answer, never, delay:S, spoof. TTL settable."""

    def __init__(self):
        self.pipe, child = mp.Pipe()
        self.p = mp.Process(target=self._run, args=(child,), daemon=True)
        self.p.start()
        child.close()
        self.pipe.recv()

    def call(self, *what):
        self.pipe.send(what)
        return self.pipe.recv()

    def mode(self, m, ttl=300):
        return self.call("mode", m, ttl)

    def stop(self):
        self.p.terminate()
        self.p.join()

    @staticmethod
    def _run(pipe):
        pin(-1)
        realtime()
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 32 << 20)
        s.bind((HOST, UP))
        s.setblocking(False)
        alias = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        alias.bind(("127.0.0.99", UP))
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind((HOST, 0))
        pipe.send("up")
        mode, ttl, late, seen, log, count, tie = "answer", 300, [], 0, None, 0, 0
        while True:
            wait = max(0, late[0][0] - now()) if late else 1
            ready, _, _ = select.select([s, pipe], [], [], wait)
            if pipe in ready:
                c = pipe.recv()
                if c[0] == "mode":
                    mode, ttl = c[1], c[2]
                    if mode == "answer":
                        late = []
                    pipe.send(None)
                elif c[0] == "record":
                    log = []
                    pipe.send(None)
                elif c[0] == "recorded":
                    pipe.send(log)
                    log = None
                elif c[0] == "count":
                    pipe.send(count)
            if s in ready:
                for _ in range(200):
                    try:
                        m, who = s.recvfrom(4096)
                    except BlockingIOError:
                        break
                    count += 1
                    try:
                        end = question_end(m)
                        if log is not None and end > 17:
                            log.append((who[1], m[0] << 8 | m[1], text_name(m)))
                        if mode == "answer":
                            s.sendto(answer_to(m, ttl=ttl), who)
                        elif mode.startswith("delay:"):
                            tie += 1
                            heapq.heappush(late, (now() + float(mode[6:]), tie, answer_to(m, ttl=ttl), who))
                        elif mode == "spoof":
                            forge(s, alias, other, m, who)
                            tie += 1
                            heapq.heappush(late, (now() + 0.2, tie, answer_to(m, ttl=ttl), who))
                    except (IndexError, struct.error, OSError):
                        pass
            t = now()
            while late and late[0][0] <= t:
                _, _, a, who = heapq.heappop(late)
                try:
                    s.sendto(a, who)
                except OSError:
                    pass


KINDS = [
    "wrongid",
    "wrongquestion",
    "wrongtype",
    "wrongaddress",
    "wrongport",
    "noquestion",
    "extrarecord",
    "random",
    "short",
    "query",
]


def forge(s, alias, other, m, who):
    """50 forged answers of the kind the first label names, before the true one."""
    kind = text_name(m).split("-")[0].lower()
    qid, q = m[0] << 8 | m[1], m[12 : question_end(m)]
    for i in range(50):
        if kind == "wrongid":
            s.sendto(answer_to(m, FORGED, qid=(qid + 1 + i) & 65535), who)
        elif kind == "wrongquestion":
            s.sendto(answer_to(m, FORGED, question=wire_name("evil.example") + b"\0\1\0\1"), who)
        elif kind == "wrongtype":
            s.sendto(answer_to(m, FORGED, question=q[:-4] + b"\0\x1c\0\1"), who)
        elif kind == "wrongaddress":
            alias.sendto(answer_to(m, FORGED), who)
        elif kind == "wrongport":
            other.sendto(answer_to(m, FORGED), who)
        elif kind == "noquestion":
            s.sendto(
                m[:2]
                + struct.pack(">HHHHH", 0x8180, 0, 1, 0, 0)
                + q[:-4]
                + struct.pack(">HHIH", 1, 1, 300, 4)
                + socket.inet_aton(FORGED),
                who,
            )
        elif kind == "extrarecord" and i == 0:
            v = wire_name("victim.example") + struct.pack(">HHIH", 1, 1, 300, 4) + socket.inet_aton(FORGED)
            s.sendto(answer_to(m, REAL, extra=v, extra_count=1), who)
        elif kind == "random":
            s.sendto(m[:2] + os.urandom(40), who)
        elif kind == "short":
            s.sendto(m[:2] + b"\x81", who)
        elif kind == "query":
            s.sendto(m, who)


class Probe:
    """A light open-loop client from another address: result() gives per group ok/wrong/rcodes/lost and latencies."""

    def __init__(self, targets, rate=50, timeline=False, timeout=1.0):
        self.pipe, child = mp.Pipe()
        self.p = mp.Process(target=self._run, args=(child, targets, rate, timeline, timeout), daemon=True)
        self.p.start()
        child.close()

    def result(self):
        self.pipe.send("stop")
        r = self.pipe.recv()
        self.p.join()
        return r

    @staticmethod
    def _run(pipe, targets, rate, timeline, timeout):
        pin(-1)
        realtime()
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((LIGHT, 0))
        s.connect((HOST, PORT))
        s.setblocking(False)
        groups, flying, events, qid, start, sent, stop = {}, {}, [], 0, now(), 0, None
        for g, _, _ in targets:
            groups[g] = {"sent": 0, "ok": 0, "wrong": 0, "lost": 0, "rcodes": {}, "lat": []}

        def note(t, g, what):
            if timeline:
                events.append((t, g, what))

        while stop is None or (flying and now() < stop + timeout):
            t = now()
            if stop is None and t >= start + sent / rate:
                g, name, want = targets[sent % len(targets)]
                sent += 1
                qid = qid % 65535 + 1
                try:
                    s.send(query(name, qid))
                except OSError:
                    pass
                flying[qid] = (t, g, want)
                groups[g]["sent"] += 1
            ready, _, _ = select.select([s, pipe], [], [], max(0, min(0.02, start + sent / rate - now())))
            if pipe in ready and stop is None:
                pipe.recv()
                stop = now()
            while s in ready:
                try:
                    m = s.recv(4096)
                    i, rc, ips = read_answer(m)
                except (BlockingIOError, ConnectionRefusedError):
                    break
                except (IndexError, struct.error):
                    continue
                f = flying.pop(i, None)
                if not f:
                    continue
                d = groups[f[1]]
                d["lat"].append(now() - f[0])
                name = RCODES.get(rc, str(rc))
                d["rcodes"][name] = d["rcodes"].get(name, 0) + 1
                good = rc == 0 and (f[2] is None or f[2] in ips)
                d["ok" if good else "wrong"] += 1
                note(f[0], f[1], "ok" if good else name)
            t = now()
            for i in [i for i, f in flying.items() if t - f[0] > timeout]:
                f = flying.pop(i)
                groups[f[1]]["lost"] += 1
                note(f[0], f[1], "lost")
        for f in flying.values():
            groups[f[1]]["lost"] += 1
        for d in groups.values():
            lat = sorted(d.pop("lat"))
            for label, q in (("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1)):
                d[label] = round(lat[min(len(lat) - 1, int(q * len(lat)))] * 1e3, 2) if lat else None
        if timeline:
            groups["events"] = events
        pipe.send(groups)


class Rss:
    """Samples VmRSS of a process ten times a second."""

    def __init__(self, pid):
        self.pid, self.on, self.peak, self.before = pid, True, 0, rss(pid)
        self.t = threading.Thread(target=self._run, daemon=True)
        self.t.start()

    def _run(self):
        while self.on:
            self.peak = max(self.peak, rss(self.pid))
            time.sleep(0.1)

    def stop(self):
        self.on = False
        self.t.join()
        return {"rss_before_mb": self.before, "rss_peak_mb": self.peak, "rss_end_mb": rss(self.pid)}


def rss(pid):
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmRSS"):
                return round(int(line.split()[1]) / 1024, 1)
    except OSError:
        pass
    return 0.0


def cpu_seconds(pid):
    f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


def blast(lines, *args):
    """dnsblast as a process; lines: 'NAME TYPE' each."""
    f = os.path.join(OPT.dir, f"q{random.getrandbits(40)}")
    with open(f, "w") as out:
        out.write("\n".join(lines) + "\n")
    p = subprocess.Popen(
        [OPT.blast, "-s", HOST, "-p", str(PORT), "-d", f, *map(str, args)],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: pin(-1),
    )
    p.query_file = f
    return p


def blasted(p):
    out = p.communicate()[0]
    os.unlink(p.query_file)
    return json.loads(out) if out.strip() else {"failed": p.returncode}


def brief(r):
    return (
        {k: r.get(k) for k in ("sent", "answered", "lost", "qps", "rcodes")}
        | {
            "p50_ms": round(r["latency_us"]["p50"] / 1e3, 2),
            "p99_ms": round(r["latency_us"]["p99"] / 1e3, 2),
            "max_ms": round(r["latency_us"]["max"] / 1e3, 1),
        }
        if "sent" in r
        else r
    )


# ---- servers ------------------------------------------------------------------------------------------------------


class Server:
    """Starts a server with a configuration and makes sure the one that answers is that one (a token in its zone)."""

    def __init__(self, cache="", forward="", cached=True, kubernetes=None, wait=True):
        self.dir = tempfile.mkdtemp(dir=OPT.dir)
        self.token = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        self.zone_file = os.path.join(self.dir, "local.test.zone")
        self.serial = 1
        self.write_zone()
        self.kind = OPT.peer or "corefile"
        self.conf = os.path.join(self.dir, "Corefile" if self.kind == "corefile" else "server.conf")
        self.text = getattr(self, "_" + self.kind)(cache, forward, cached, kubernetes)
        self.write_conf(self.text)
        self.start(wait)

    def start(self, wait=True):
        cmd = {
            "corefile": OPT.server_cmd,
            "unbound": "unbound -d -c {corefile}",
            "knot": "knotd -c {corefile}",
            "dnsdist": "dnsdist --supervised --disable-syslog -C {corefile}",
        }[self.kind]
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.p = subprocess.Popen(
            shlex.split(cmd.replace("{corefile}", self.conf)),
            cwd=self.dir,
            stdout=self.log,
            stderr=self.log,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: pin(0),
        )
        self.pid, self.started = self.p.pid, now()
        if wait and until(lambda: self.mine() or not self.alive(), 15) is None or not self.alive():
            raise SystemExit(f"{self.kind} did not start: " + open(self.log.name, errors="replace").read()[-600:])

    def mine(self):
        return self.token in ask("token.local.test", 0.2)[1]

    def alive(self):
        return self.p.poll() is None

    def stop(self):
        if self.alive():
            self.p.terminate()
            try:
                self.p.wait(3)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()
        self.log.close()

    def host_ip(self, i):
        return REAL if self.kind == "dnsdist" else f"10.9.{i >> 8}.{i & 255}"

    def write_zone(self, extra="", text=None):
        self.serial += 1
        lines = [
            "$ORIGIN local.test.",
            "$TTL 60",
            f"@ SOA ns hostmaster {self.serial} 60 60 600 5",
            "@ NS ns",
            f"ns A {HOST}",
            f"token A {self.token}",
        ]
        lines += [f"h{i} A 10.9.{i >> 8}.{i & 255}" for i in range(HOSTS)]
        lines += ["big TXT " + " ".join('"' + "x" * 250 + '"' for _ in range(12)), extra]
        tmp = self.zone_file + ".new"
        with open(tmp, "w") as f:
            f.write("\n".join(lines) + "\n" if text is None else text)
        os.replace(tmp, self.zone_file)

    def write_conf(self, text):
        with open(self.conf, "w") as f:
            f.write(text)

    def _corefile(self, cache, forward, cached, kubernetes):
        k8s = (
            f"    ready {HOST}:{READY}\n    kubernetes cluster.local {{\n"
            f"        kubeconfig {kubernetes}\n        ttl 5\n    }}\n"
            if kubernetes
            else ""
        )
        c = f"    cache 30 {{\n        success 9984\n        denial 9984\n{cache}    }}\n" if cached else ""
        return (
            f".:{PORT} {{\n    bind {HOST}\n    errors\n    prometheus {HOST}:{METRICS}\n"
            f"{k8s}{c}    forward . {HOST}:{UP} {{\n        max_fails 2\n{forward}    }}\n}}\n"
            f"local.test:{PORT} {{\n    bind {HOST}\n    errors\n    file {self.zone_file} {{\n"
            f"        reload 1s\n    }}\n}}\n"
        )

    def _unbound(self, cache, forward, cached, kubernetes):
        data = "\n".join(f'  local-data: "h{i}.local.test. 60 A 10.9.{i >> 8}.{i & 255}"' for i in range(HOSTS))
        big = " ".join('"' + "x" * 250 + '"' for _ in range(12))
        return (
            f'server:\n  interface: {HOST}\n  port: {PORT}\n  do-ip6: no\n  username: ""\n  chroot: ""\n'
            f'  pidfile: ""\n  directory: "{self.dir}"\n  use-syslog: no\n'
            f"  access-control: 127.0.0.0/8 allow\n  num-threads: 1\n  do-not-query-localhost: no\n"
            f'  module-config: "iterator"\n  so-rcvbuf: 4m\n'
            f'  incoming-num-tcp: 1000\n{cache}  local-zone: "local.test." static\n'
            f'  local-data: "token.local.test. 60 A {self.token}"\n'
            f"  local-data: 'big.local.test. 60 TXT {big}'\n{data}\nremote-control:\n"
            f'  control-enable: no\nforward-zone:\n  name: "."\n  forward-addr: {HOST}@{UP}\n'
        )

    def _dnsdist(self, cache, forward, cached, kubernetes):
        return (
            f'setLocal("{HOST}:{PORT}")\nsetACL("127.0.0.0/8")\nsetSecurityPollSuffix("")\n'
            f'newServer({{address="{HOST}:{UP}"{cache}}})\n'
            f'pc = newPacketCache(10000, {{staleTTL=60}})\ngetPool(""):setCache(pc)\n{forward}'
            f'addAction(QNameRule("token.local.test"), SpoofAction("{self.token}"))\n'
            f'addAction(makeRule("local.test"), SpoofAction("{REAL}"))\n'
        )

    def _knot(self, cache, forward, cached, kubernetes):
        return (
            f'server:\n    rundir: "{self.dir}"\n    listen: {HOST}@{PORT}\n    udp-workers: 1\n'
            f"    tcp-workers: 1\nlog:\n  - target: stderr\n    any: warning\n"
            f'database:\n    storage: "{self.dir}"\nzone:\n  - domain: local.test\n    file: "{self.zone_file}"\n'
        )


def locals_of(srv, n=100):
    return [("local", f"h{i}.local.test", srv.host_ip(i)) for i in range(n)]


def names(tag, n):
    return [f"{tag}{i}.fresh.example A" for i in range(n)]
