"""Fault tests of the DNS side: overload, many connections, garbage and forged packets."""

import multiprocessing as mp
import os
import random
import select
import socket
import struct
import threading
import time

from faults_base import *


def t_overload():
    """A dead or slow upstream while new names arrive at 5,000/s."""
    out = {}
    for mode in ("delay:2", "never"):
        up = Upstream()
        srv = Server()
        try:
            cached = [(f"c{i}.cached.example") for i in range(50)]
            for c in cached:
                ask(c, 1)
            mix = [
                x
                for i, c in enumerate(cached)
                for x in (("cached", c, REAL), ("local", f"h{i}.local.test", srv.host_ip(i)))
            ]
            mem = Rss(srv.pid)
            up.mode(mode)
            t0, c0 = now(), up.call("count")
            b = blast(names("o", 75000), "-Q", 5000, "-l", OPT.seconds or 15, "-t", 6, "-n", 75000)
            probe = Probe(mix)
            time.sleep(OPT.seconds or 15)
            light = probe.result()
            upstream_queries = up.call("count") - c0
            up.mode("answer")
            back, n, row = now(), 0, 0
            while row < 20 and now() - back < 20:
                n += 1
                rc, ips, _ = ask(f"b{n}.back.example", 0.3)
                row = row + 1 if REAL in ips else 0
                first = now() - back if row == 1 else (first if row else None)
                time.sleep(0.02)
            normal = round(first, 3) if row >= 20 else None
            r = blasted(b)
            time.sleep(max(0, back + 10 - now()))
            m = mem.stop()
            out[mode] = {
                "load": brief(r),
                **m,
                "probe": light,
                "upstream_queries": upstream_queries,
                "normal_again_s": normal,
                "alive": srv.alive(),
                "cpu_s": round(cpu_seconds(srv.pid), 1) if srv.alive() else None,
            }
        finally:
            srv.stop()
            up.stop()
    return out


def udp_counters():
    """(datagrams sent, receive buffer overflows) of this network namespace"""
    rows = [l.split() for l in open("/proc/net/snmp") if l.startswith("Udp:")]
    d = dict(zip(rows[0][1:], rows[1][1:]))
    return int(d["OutDatagrams"]), int(d["RcvbufErrors"])


def t_load():
    """More questions than the server can answer: goodput and a light client."""
    out = {}
    srv = Server()
    try:
        lines = [f"h{i}.local.test A" for i in range(HOSTS)]
        q = [blasted(blast(lines, "-q", n, "-l", 3, "-w", 0.5)) for n in (128, 1024)]
        cap = max(x["qps"] for x in q)
        out["closed_loop"] = {"128 in flight": brief(q[0]), "1024 in flight": brief(q[1])}
        out["capacity_qps"] = round(cap)
        probe = Probe(locals_of(srv))
        b = blast(lines, "-Q", cap / 2, "-l", 5)
        h = blasted(b)
        out["half"] = {"load": brief(h), "light": probe.result()["local"]}
        for times in (3, 5):
            mem = Rss(srv.pid)
            probe = Probe(locals_of(srv))
            t0, c0, u0 = now(), cpu_seconds(srv.pid), udp_counters()
            b = blast(lines, "-Q", cap * times, "-l", 8, "-b", 64, "-c", 32)
            r = blasted(b)
            share = (cpu_seconds(srv.pid) - c0) / (now() - t0)
            took, light, u1 = now() - t0, probe.result()["local"], udp_counters()
            # The loader may drop answers itself when it shares a core; the server's goodput is counted by the kernel.
            served = u1[0] - u0[0] - r["sent"] - light["sent"]
            out[f"x{times}"] = {
                "offered_qps": round(r["sent"] / r["seconds"]),
                "served_qps": round(served / took),
                "goodput_share": round(served / took / cap, 3),
                "seen_by_loader_share": round(r["qps"] / cap, 3),
                "buffer_overflows": u1[1] - u0[1],
                "load": brief(r),
                "light": light,
                "server_core_share": round(share, 2),
                **mem.stop(),
            }
        out["after"] = {
            "local_ok": sum(srv.host_ip(i) in ask(f"h{i}.local.test")[1] for i in range(100)),
            "alive": srv.alive(),
        }
    finally:
        srv.stop()
    return out


class TcpProbe(threading.Thread):
    def __init__(self, srv):
        super().__init__(daemon=True)
        self.srv, self.on, self.results, self.lat = srv, True, {}, []
        self.start()

    def run(self):
        i = 0
        while self.on:
            rc, ips, t = ask(f"h{i % 100}.local.test", 1, tcp=True)
            key = "ok" if self.srv.host_ip(i % 100) in ips else rc
            self.results[key] = self.results.get(key, 0) + 1
            self.lat.append(t)
            i += 1
            time.sleep(0.15)

    def stop(self):
        self.on = False
        self.join()
        lat = sorted(self.lat)
        return {**self.results, "max_ms": round(lat[-1] * 1e3, 1) if lat else None}


def connect_many(n, limit=6):
    out, t0 = [], now()
    for i in range(n):
        s = socket.socket()
        s.setblocking(False)
        s.bind((f"127.0.0.{3 + i % 8}", 0))
        try:
            s.connect((HOST, PORT))
        except BlockingIOError:
            pass
        except OSError:
            s.close()
            continue
        out.append(s)
        if i % 200 == 199:
            time.sleep(0.02)
        if now() - t0 > limit:
            break
    return out


def watch_closed(socks, seconds, t0, tick=None):
    """Times (since t0) at which connections were closed by the server; tick(elapsed) each 50 ms."""
    ep, by_fd, closed, up = select.epoll(), {}, [], 0
    for s in socks:
        by_fd[s.fileno()] = s
        ep.register(s.fileno(), select.EPOLLIN | select.EPOLLRDHUP)
    while now() - t0 < seconds and by_fd:
        for fd, ev in ep.poll(0.05):
            s = by_fd.get(fd)
            try:
                if s is None or s.recv(65536):
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            closed.append(now() - t0)
            ep.unregister(fd)
            del by_fd[fd]
        if tick:
            tick(now() - t0)
    ep.close()
    closed.sort()
    return {
        "closed": len(closed),
        "first_s": round(closed[0], 2) if closed else None,
        "median_s": round(closed[len(closed) // 2], 2) if closed else None,
        "last_s": round(closed[-1], 2) if closed else None,
        "still_open": len(by_fd),
    }


def established(pid_port=PORT):
    return sum(
        1 for line in open("/proc/net/tcp") if line.split()[1].endswith(f":{pid_port:04X}") and line.split()[3] == "01"
    )


def t_tcp():
    out = {}
    up = Upstream()
    srv = Server()
    try:
        # idle connections
        mem, udp, tcp = Rss(srv.pid), Probe(locals_of(srv)), TcpProbe(srv)
        t0 = now()
        socks = connect_many(5000)
        est = established()
        fds = len(os.listdir(f"/proc/{srv.pid}/fd"))
        w = watch_closed(socks, 32, t0)
        out["idle5000"] = {
            "opened": len(socks),
            "established": est,
            "server_fds": fds,
            **w,
            "udp": udp.result()["local"],
            "tcp": tcp.stop(),
            **mem.stop(),
        }
        for s in socks:
            s.close()
        time.sleep(1)
        # slowloris, half a length prefix, a prefix without a message
        mem, udp, tcp = Rss(srv.pid), Probe(locals_of(srv)), TcpProbe(srv)
        slow, half, empty = connect_many(200), connect_many(200), connect_many(200)
        time.sleep(0.2)
        q = query("h1.local.test")
        msg, sent = struct.pack(">H", len(q)) + q, [0]
        t0 = now()

        def try_send(socks, data):
            for s in socks:
                try:
                    s.send(data)
                except OSError:  # not accepted yet
                    pass

        try_send(half, b"\0")
        try_send(empty, b"\0\x20")

        def trickle(t):
            while sent[0] <= t and sent[0] < len(msg):
                for s in slow:
                    try:
                        s.send(msg[sent[0] : sent[0] + 1])
                    except OSError:
                        pass
                sent[0] += 1

        res = {}
        threads = [
            threading.Thread(target=lambda k=k, v=v, f=f: res.update({k: watch_closed(v, 33, t0, f)}))
            for k, v, f in (("slowloris", slow, trickle), ("half_prefix", half, None), ("prefix_only", empty, None))
        ]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        out.update(res)
        out["slow_service"] = {"udp": udp.result()["local"], "tcp": tcp.stop(), **mem.stop()}
        for s in slow + half + empty:
            s.close()
        # pipelining without reading
        name = "h1.local.test" if srv.kind == "dnsdist" else "big.local.test"
        mem, udp, tcp = Rss(srv.pid), Probe(locals_of(srv)), TcpProbe(srv)
        socks = []
        for i in range(20):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(2)
            s.connect((HOST, PORT))
            data = b"".join(
                struct.pack(">H", len(q)) + q
                for q in (query(name, j, 1 if srv.kind == "dnsdist" else 16) for j in range(1000))
            )
            try:
                s.sendall(data)
            except OSError:
                pass
            socks.append(s)
        time.sleep(6)
        peak = mem.peak
        u, t = udp.result()["local"], tcp.stop()
        answers, closed = [], 0
        for s in socks:
            buf, n, end = b"", 0, now() + 1.5
            try:
                while n < 1000 and now() < end:
                    s.settimeout(0.5)
                    b = s.recv(1 << 20)
                    if not b:
                        closed += 1
                        break
                    buf += b
                    while len(buf) >= 2 and len(buf) >= 2 + struct.unpack(">H", buf[:2])[0]:
                        buf = buf[2 + struct.unpack(">H", buf[:2])[0] :]
                        n += 1
            except ConnectionError:
                closed += 1
            except OSError:
                pass
            answers.append(n)
            s.close()
        out["pipeline"] = {
            "connections": 20,
            "answered_min": min(answers),
            "answered_max": max(answers),
            "closed_early": closed,
            "udp": u,
            "tcp": t,
            **mem.stop(),
            "alive": srv.alive(),
        }
    finally:
        srv.stop()
        up.stop()
    return out


def mutate(rnd, base):
    m = bytearray(rnd.choice(base))
    for _ in range(rnd.randrange(1, 5)):
        k = rnd.randrange(9)
        if not m or k == 0:
            m += rnd.randbytes(rnd.randrange(1, 40))
        elif k == 1:
            m[rnd.randrange(len(m))] ^= 1 << rnd.randrange(8)
        elif k == 2:
            del m[rnd.randrange(len(m)) :]
        elif k == 3 and len(m) > 12:
            m[rnd.randrange(4, 12)] = rnd.choice((0, 1, 2, 255))
        elif k == 4 and len(m) > 14:
            p = rnd.randrange(12, len(m) - 1)
            m[p : p + 2] = bytes([0xC0 | rnd.randrange(64), rnd.randrange(256)])
        elif k == 5 and len(m) > 13:
            m[rnd.randrange(12, len(m))] = rnd.choice((63, 64, 128, 192, 255, 0))
        elif k == 6 and len(m) > 12:
            m[2] = rnd.randrange(128) | (128 if rnd.random() < 0.05 else 0)
        elif k == 7:
            m += b"\0\0\x29" + rnd.randbytes(6) + struct.pack(">H", rnd.choice((0, 4, 65535))) + rnd.randbytes(4)
            if len(m) > 11:
                m[11] = rnd.choice((1, 2, 3))
        else:
            p = rnd.randrange(len(m))
            m[p:p] = m[: rnd.randrange(1, 30)]
    return bytes(m)


def t_garbage():
    """Random and mutated packets, then correctness."""
    rnd = random.Random(7)
    base = [
        query(n, 1, t) + x
        for n in ("h1.local.test", "big.local.test", "x.fresh.example", "local.test", "")
        for t in (1, 2, 6, 12, 16, 28, 33, 251, 252, 255)
        for x in (b"",)
    ]
    base += [
        b[:10] + b"\0\1" + b[12:] + b"\0\0\x29\x04\xd0\0\0\x80\0\0\x0c\0\x0a\0\x08" + b"12345678" for b in base[:20]
    ]
    up = Upstream()
    srv = Server()
    try:
        good = lambda: sum(srv.host_ip(i) in ask(f"h{i}.local.test")[1] for i in range(100))
        before, mem = good(), Rss(srv.pid)
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 8 << 20)
        s.bind(("127.0.0.5", 0))
        s.setblocking(False)
        n, answers, rcodes, t0, total = 0, 0, {}, now(), OPT.packets
        while n < total and now() - t0 < 40:
            for _ in range(50):
                p = rnd.randbytes(rnd.randrange(1, 200)) if n % 4 == 0 else mutate(rnd, base)
                try:
                    s.sendto(p, (HOST, PORT))
                except OSError:
                    pass
                n += 1
            while True:
                try:
                    a = s.recv(65536)
                except OSError:
                    break
                answers += 1
                rc = RCODES.get(a[3] & 15, str(a[3] & 15)) if len(a) > 3 else "short"
                rcodes[rc] = rcodes.get(rc, 0) + 1
            ahead = n / 12000 - (now() - t0)
            if ahead > 0:
                time.sleep(ahead)
        udp = {"sent": n, "seconds": round(now() - t0, 1), "answers": answers, "rcodes": rcodes, "alive": srv.alive()}
        t0, sent = now(), 0
        while sent < 2000 and now() - t0 < 20:
            c = socket.socket()
            c.settimeout(1)
            try:
                c.connect((HOST, PORT))
                for _ in range(10):
                    sent += 1
                    p = rnd.randbytes(rnd.randrange(1, 200)) if rnd.random() < 0.25 else mutate(rnd, base)
                    c.sendall(struct.pack(">H", len(p) if rnd.random() < 0.9 else rnd.randrange(65536)) + p)
            except OSError:
                pass
            c.close()
        time.sleep(1)
        return {
            "udp": udp,
            "tcp": {"sent": sent, "seconds": round(now() - t0, 1), "alive": srv.alive()},
            "correct_before": before,
            "correct_after": good() if srv.alive() else 0,
            **mem.stop(),
            "log_bytes": os.path.getsize(srv.log.name),
            "panics": open(srv.log.name, errors="replace").read().lower().count("panic"),
        }
    finally:
        srv.stop()
        up.stop()


def burst(labels, timeout=3):
    """Ask many names at once; {outcome: count}"""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((LIGHT, 0))
    s.connect((HOST, PORT))
    s.settimeout(0.1)
    for i, n in enumerate(labels):
        s.send(query(n, i))
        if i % 10 == 9:
            time.sleep(0.005)
    out, seen, end = {"real": 0, "forged": 0}, set(), now() + timeout
    while len(seen) < len(labels) and now() < end:
        try:
            i, rc, ips = read_answer(s.recv(4096))
        except (OSError, IndexError, struct.error):
            continue
        if i in seen:
            continue
        seen.add(i)
        k = (
            "forged"
            if FORGED in ips and "extrarecord" not in labels[i]
            else "real" if REAL in ips else RCODES.get(rc, str(rc))
        )
        out[k] = out.get(k, 0) + 1
    out["lost"] = len(labels) - len(seen)
    s.close()
    return out


def ip_checksum(b):
    t = sum(struct.unpack(f">{len(b) // 2}H", b))
    while t >> 16:
        t = (t & 65535) + (t >> 16)
    return 65535 - t


def flooder(pipe, name, port, seconds):
    """Forged answers from the upstream's address and port through a raw socket; port None: a random one each."""
    pin(-1)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    q, rnd, n, end = query(name, 0), random.Random(), 0, now() + seconds
    body = bytearray(answer_to(q, FORGED))
    head = bytearray(
        struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 28 + len(body), 0, 0, 64, 17, 0, socket.inet_aton(HOST), socket.inet_aton(HOST)
        )
    )
    pkt = head + struct.pack(">HHHH", UP, port or 1, 8 + len(body), 0) + body
    qid = rnd.randrange(65536)
    while n & 255 or now() < end:
        qid = (qid + 1) & 65535
        pkt[28:30] = struct.pack(">H", qid)
        if not port:
            pkt[22:24] = struct.pack(">H", rnd.randrange(32768, 61000))
            pkt[28:30] = struct.pack(">H", rnd.randrange(65536))
        raw.sendto(pkt, (HOST, 0))
        n += 1
    pipe.send(n)


def t_spoof():
    out = {"kinds": {}, "entropy": {}, "flood": {}}
    up = Upstream()
    srv = Server()
    try:
        up.mode("spoof")
        for k in KINDS:
            r = burst([f"{k}-{i}.spoof.example" for i in range(100)])
            out["kinds"][k] = {x: v for x, v in r.items() if v}
            time.sleep(0.3)
        up.mode("answer")
        time.sleep(2.5)
        out["victim_poisoned"] = FORGED in ask("victim.example", 1)[1]
        for label, flying in (("one at a time", 1), ("64 in flight", 64)):
            up.call("record")
            blasted(blast(names(f"e{flying}x", 2000), "-q", flying, "-c", min(flying, 16), "-n", 2000, "-l", 10))
            log = [r for r in up.call("recorded") if "fresh" in r[2].lower()]
            ids = [r[1] for r in log]
            ports = {}
            for r in log:
                ports[r[0]] = ports.get(r[0], 0) + 1
            out["entropy"][label] = {
                "queries": len(log),
                "ports": len(ports),
                "busiest_port": max(ports.values(), default=0),
                "ids": len(set(ids)),
                "next_id_is_plus_one": round(
                    sum((b - a) & 65535 == 1 for a, b in zip(ids, ids[1:])) / max(1, len(ids) - 1), 3
                ),
                "pairs": len({(r[0], r[1]) for r in log}),
                "0x20": any(r[2] != r[2].lower() for r in log),
            }
        for label in ("port of the query before", "unknown port"):
            got, sent = {}, 0
            for i in range(10):
                up.mode("answer")
                up.call("record")
                ask(f"see{i}{len(label)}.fresh.example", 1)
                log = up.call("recorded")
                up.mode("delay:1")
                name = f"want{i}{len(label)}.fresh.example"
                a, b = mp.Pipe()
                f = mp.Process(target=flooder, args=(b, name, log[-1][0] if label[0] == "p" and log else None, 1.0))
                f.start()
                time.sleep(0.05)
                rc, ips, _ = ask(name, 3)
                k = "forged" if FORGED in ips else "real" if REAL in ips else rc
                got[k] = got.get(k, 0) + 1
                sent += a.recv()
                f.join()
            out["flood"][label] = {**got, "forged_packets": sent}
        out["alive"] = srv.alive()
    finally:
        srv.stop()
        up.stop()
    return out
