"""Start DNS servers, load them with dnsblast from another core, and read what they cost (CPU time, memory)."""

import fcntl, json, os, signal, socket, struct, subprocess, time

from programs import TOOLS

BLAST = TOOLS + "/dnsblast"
LOCK = os.environ.get("CPU_LOCK", "/tmp/dns-perf.lock")


class Lock:
    def __enter__(self):
        self.f = open(LOCK, "a")
        fcntl.flock(self.f, fcntl.LOCK_EX)

    def __exit__(self, *a):
        self.f.close()


def family(pid):
    """pid and its descendants"""
    out, todo = [], [pid]
    while todo:
        p = todo.pop()
        out.append(p)
        try:
            for t in os.listdir(f"/proc/{p}/task"):
                todo += [int(x) for x in open(f"/proc/{p}/task/{t}/children").read().split()]
        except OSError:
            pass
    return out


def cpu(pid):
    """user, system seconds of a process family (from /proc/PID/stat)"""
    u = s = 0
    for p in family(pid):
        try:
            f = open(f"/proc/{p}/stat").read().rsplit(")", 1)[1].split()
            u += int(f[11])
            s += int(f[12])
        except OSError:
            pass
    return u / 100, s / 100


def precise(pid):
    """CPU nanoseconds of a process family, all threads, from schedstat"""
    n = 0
    for p in family(pid):
        try:
            for t in os.listdir(f"/proc/{p}/task"):
                n += int(open(f"/proc/{p}/task/{t}/schedstat").read().split()[0])
        except OSError:
            pass
    return n


def rss_mb(pid, key="VmRSS"):
    kb = 0
    for p in family(pid):
        try:
            for l in open(f"/proc/{p}/status"):
                if l.startswith(key + ":"):
                    kb += int(l.split()[1])
        except OSError:
            pass
    return round(kb / 1024, 1)


def pss_mb(pid):
    kb = 0
    for p in family(pid):
        try:
            for l in open(f"/proc/{p}/smaps_rollup"):
                if l.startswith("Pss:"):
                    kb += int(l.split()[1])
        except OSError:
            pass
    return round(kb / 1024, 1)


def query(port, name, qtype=1, tries=1, timeout=0.05):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(timeout)
    q = (
        b"\x12\x34\x01\0\0\1\0\0\0\0\0\0"
        + b"".join(bytes([len(l)]) + l.encode() for l in name.split("."))
        + struct.pack(">BHH", 0, qtype, 1)
    )
    for _ in range(tries):
        try:
            s.connect(("127.0.0.1", port))
            s.send(q)
            r = s.recv(4096)
            s.close()
            return r
        except OSError:
            time.sleep(0.002)
    s.close()
    return None


def calm():
    """prefix for low-rate tests on a shared machine: NICE=-15 keeps other work from hiding what the server does"""
    return ["nice", "-n", os.environ["NICE"]] if os.environ.get("NICE") else []


class Server:
    def __init__(self, name, cmd, port, log, probe, core="0", env=None, limit=120, cwd=None, ready=None):
        self.name, self.port, self.log = name, port, log
        e = dict(os.environ)
        e.update(env or {})
        output = open(log, "w")
        t = time.time()
        self.p = subprocess.Popen(
            calm() + (["taskset", "-c", core] if core else []) + cmd,
            env=e,
            cwd=cwd,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        output.close()
        self.pid = self.p.pid
        try:
            self.wait(probe, ready, t + limit)
        except BaseException:
            self.stop()
            raise
        self.ready_s = round(time.time() - t, 3)

    def wait(self, probe, ready, until):
        """until it answers"""
        while time.time() < until:
            r = query(self.port, probe)
            if r and (ready is None or ready(r)):
                return
            if self.p.poll() is not None:
                raise SystemExit(f"{self.name} ended: " + open(self.log).read()[-800:])
            time.sleep(0.01)
        raise SystemExit(self.name + " not ready")

    def stop(self):
        if self.p.poll() is None:
            kids = family(self.pid)
            self.p.terminate()
            try:
                self.p.wait(8)
            except subprocess.TimeoutExpired:
                for k in kids:
                    try:
                        os.kill(k, signal.SIGKILL)
                    except OSError:
                        pass
                self.p.wait()


def blast(args, core="1"):
    out = subprocess.run(calm() + ["taskset", "-c", core, BLAST] + args, capture_output=True, text=True)
    if out.returncode:
        raise SystemExit("dnsblast: " + out.stderr)
    return json.loads(out.stdout)


def measure(srv, qlist, seconds=2.0, window=256, rate=None, tcp=0, warm=0.3, extra=(), load_core="1"):
    args = ["-p", str(srv.port), "-d", qlist, "-l", str(seconds), "-w", str(warm)] + list(extra)
    if tcp:
        args += ["-m", "tcp", "-c", str(tcp)]
    args += ["-Q", str(rate), "-S"] if rate else ["-q", str(window), "-S"]
    with Lock():
        c0, n0, w0 = cpu(srv.pid), precise(srv.pid), time.time()
        j = blast(args, load_core)
        c1, n1, w1 = cpu(srv.pid), precise(srv.pid), time.time()
    total = j["answered"] + j["qps"] * warm  # answers in the warm-up were paid for, too
    u, s = c1[0] - c0[0], c1[1] - c0[1]
    j.update(
        server=srv.name,
        list=os.path.basename(qlist)[:-4],
        cpu_us=(n1 - n0) / 1e3 / max(1, total),
        user_share=u / max(0.001, u + s),
        client_share=j["client_cpu_s"] / (j["seconds"] + warm),
        busy=(n1 - n0) / 1e9 / (j["seconds"] + warm),
        rss_mb=rss_mb(srv.pid),
        rate=rate or 0,
        tcp=tcp,
    )
    return j


def answered(r):
    return (r[3] & 15) == 0 and r[7] > 0


def denied(r):
    return (r[3] & 15) == 3
