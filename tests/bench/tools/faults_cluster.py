"""Fault tests of the API server's side, of reloads and of the cache."""

import json
import os
import random
import shlex
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from faults_base import *


class Cluster:
    TOKEN = "faults"

    def __init__(self):
        self.dir = tempfile.mkdtemp(dir=OPT.dir)
        for c in (
            ["openssl", "genrsa", "-out", f"{self.dir}/sa.key", "2048"],
            ["openssl", "rsa", "-in", f"{self.dir}/sa.key", "-pubout", "-out", f"{self.dir}/sa.pub"],
        ):
            subprocess.run(c, check=True, capture_output=True)
        open(f"{self.dir}/tokens.csv", "w").write(f"{self.TOKEN},admin,admin,system:masters\n")
        self.ctx = ssl._create_unverified_context()
        u, pu = f"http://{HOST}:{ETCD}", f"http://{HOST}:{ETCD_PEER}"
        self.etcd = self._run(
            [
                *shlex.split(OPT.etcd),
                "--data-dir",
                f"{self.dir}/etcd",
                "--listen-client-urls",
                u,
                "--advertise-client-urls",
                u,
                "--listen-peer-urls",
                pu,
                "--initial-advertise-peer-urls",
                pu,
                "--initial-cluster",
                f"default={pu}",
                "--log-level",
                "error",
            ]
        )
        time.sleep(0.8)
        self.api = None
        self.start_api()
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": "faults"}})
        for i in range(50):
            self.service(f"svc{i}", i)

    def _run(self, cmd):
        log = open(f"{self.dir}/log", "ab")
        return subprocess.Popen(cmd, stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=lambda: pin(-1))

    def start_api(self):
        d = self.dir
        self.api = self._run(
            [
                *shlex.split(OPT.apiserver),
                f"--etcd-servers=http://{HOST}:{ETCD}",
                f"--cert-dir={d}/certs",
                f"--secure-port={API}",
                f"--bind-address={HOST}",
                "--advertise-address=10.1.2.3",
                "--service-cluster-ip-range=10.96.0.0/12,fd00:96::/108",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-signing-key-file={d}/sa.key",
                f"--service-account-key-file={d}/sa.pub",
                f"--token-auth-file={d}/tokens.csv",
                "--authorization-mode=RBAC",
                "--disable-admission-plugins=ServiceAccount",
                "--endpoint-reconciler-type=none",
                "--enable-priority-and-fairness=false",
            ]
        )
        t = until(lambda: self.call("GET", "/readyz")[0] == 200, 40, 0.1)
        if t is None:
            raise SystemExit("the API server did not start: " + open(f"{d}/log", errors="replace").read()[-800:])
        return t

    def kill_api(self):
        self.api.kill()
        self.api.wait()

    def stop(self):
        for p in (self.api, self.etcd):
            p.kill()
            p.wait()

    def call(self, method, path, body=None):
        r = urllib.request.Request(
            f"https://{HOST}:{API}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.TOKEN, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(r, context=self.ctx, timeout=10) as f:
                return f.status, f.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()
        except OSError as e:
            return 0, str(e)

    def service(self, name, i):
        ip = f"10.96.{50 + (i >> 8)}.{i & 255}"
        code, body = self.call(
            "POST",
            "/api/v1/namespaces/faults/services",
            {"metadata": {"name": name}, "spec": {"clusterIP": ip, "ports": [{"name": "http", "port": 80}]}},
        )
        if code != 201:
            raise SystemExit(f"service {name}: {code} {body}")
        return ip

    def delete(self, name):
        return self.call("DELETE", f"/api/v1/namespaces/faults/services/{name}")[0]

    def compact(self):
        def etcd(path, body):
            r = urllib.request.Request(f"http://{HOST}:{ETCD}{path}", data=json.dumps(body).encode())
            return json.load(urllib.request.urlopen(r, timeout=5))

        rev = int(etcd("/v3/kv/range", {"key": "YQ=="})["header"]["revision"])
        etcd("/v3/kv/compaction", {"revision": rev, "physical": True})
        return rev

    def kubeconfig(self, port):
        f = f"{self.dir}/kubeconfig{port}"
        open(f, "w").write(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "c",
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                    "clusters": [
                        {"name": "c", "cluster": {"server": f"https://{HOST}:{port}", "insecure-skip-tls-verify": True}}
                    ],
                    "users": [{"name": "u", "user": {"token": self.TOKEN}}],
                }
            )
        )
        return f


class Proxy:
    """TCP relay to the API server: can cut, refuse, or go silent on the connections it has."""

    def __init__(self):
        self.pairs, self.silent, self.listener = [], set(), None
        self.open()

    def open(self):
        self.silent.clear()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((HOST, PROXY))
        self.listener.listen(64)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, ls):
        while True:
            try:
                a, _ = ls.accept()
            except OSError:
                return
            try:
                b = socket.create_connection((HOST, API), 2)
                b.settimeout(None)
            except OSError:
                a.close()
                continue
            pair = (a, b)
            self.pairs.append(pair)
            for x, y in (pair, pair[::-1]):
                threading.Thread(target=self._relay, args=(x, y, pair), daemon=True).start()

    def _relay(self, x, y, pair):
        try:
            while True:
                d = x.recv(65536)
                if not d:
                    break
                if pair in self.silent:
                    continue
                y.sendall(d)
        except OSError:
            pass
        if pair in self.silent:
            return
        for s in pair:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        for p in self.pairs:
            for s in p:
                try:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.pairs = []

    def refuse(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.cut()

    def hush(self):
        self.silent.update(self.pairs)
        self.pairs = []


def svc(name):
    return f"{name}.faults.svc.cluster.local"


def answered_after(name, ip, limit):
    return until(lambda: ip in ask(svc(name), 0.3)[1], limit, 0.005)


def gone_after(name, limit):
    return until(lambda: ask(svc(name), 0.3)[0] == "NXDOMAIN", limit, 0.005)


def known(n=50):
    return [("service", svc(f"svc{i}"), f"10.96.50.{i}") for i in range(n)]


def spans(events, t0):
    """Per outcome other than ok: count and first/last second since t0."""
    out = {}
    for t, g, what in events:
        if what != "ok":
            d = out.setdefault(f"{g}:{what}", [0, round(t - t0, 2), 0])
            d[0] += 1
            d[1], d[2] = min(d[1], round(t - t0, 2)), max(d[2], round(t - t0, 2))
    return {k: {"count": v[0], "from_s": v[1], "to_s": v[2]} for k, v in out.items()}


def log_counts(srv):
    t = open(srv.log.name, errors="replace").read()
    return {"log_lines": t.count("\n")}


def t_api():
    if OPT.peer or not OPT.etcd or not OPT.apiserver:
        return {"skipped": "needs a CoreDNS-compatible server, --etcd and --apiserver"}
    out, n = {}, [300]
    cl = Cluster()
    up = Upstream()
    proxy = Proxy()
    kc = cl.kubeconfig(PROXY)

    def change(limit=30):
        n[0] += 1
        name = f"new{n[0]}"
        ip = cl.service(name, n[0])
        return answered_after(name, ip, limit)

    srv = Server(cached=False, kubernetes=kc)
    try:
        out["ready_s"] = answered_after("svc0", "10.96.50.0", 15)
        out["plain_change_s"] = [change() for _ in range(3)]

        # killed and restarted under queries
        p, t0 = Probe(known(), 200, True), now()
        time.sleep(1)
        cl.kill_api()
        time.sleep(OPT.down)
        t1 = now()
        ready = cl.start_api()
        first = change(60)
        back = now()
        more = [change(30) for _ in range(3)]
        r = p.result()
        out["killed"] = {
            "down_s": round(t1 - t0 - 1 + ready, 1),
            "change_answered_s": first,
            "next_changes_s": more,
            "service": r["service"],
            "bad": spans(r["events"], t0),
        }

        # watch connections cut, change at once
        res = []
        for _ in range(5):
            proxy.cut()
            res.append(change())
        out["watch_cut_change_s"] = res

    finally:
        srv.stop()

    def http(path):
        try:
            with urllib.request.urlopen(f"http://{HOST}:{READY}{path}", timeout=0.3) as f:
                return f.status
        except urllib.error.HTTPError as e:
            return e.code
        except OSError:
            return 0

    def since(t0, limit, **checks):
        """When each check first holds, in seconds since t0."""
        found = dict.fromkeys(checks)
        while now() - t0 < limit and None in found.values():
            for k, f in checks.items():
                if found[k] is None and f():
                    found[k] = round(now() - t0, 2)
            time.sleep(0.01)
        return found

    # unreachable: delete and create meanwhile; compaction and a new API server meanwhile; silent connections
    for label in ("unreachable", "compacted", "silent"):
        srv = Server(cached=False, kubernetes=kc)
        try:
            answered_after("svc0", "10.96.50.0", 15)
            until(lambda: http("/ready") == 200, 15)  # it answers what it knows before it knows all
            p, t0 = Probe(known(40), 100, True), now()
            if label == "silent":
                proxy.hush()
            else:
                proxy.refuse()
            if label == "compacted":
                cl.kill_api()
                cl.start_api()
            victim = {"unreachable": "svc49", "compacted": "svc48", "silent": "svc47"}[label]
            code = cl.delete(victim)
            for _ in range(20):
                n[0] += 1
                ip = cl.service(f"new{n[0]}", n[0])
            created = f"new{n[0]}"
            if label == "compacted":
                cl.compact()
                cl.kill_api()
                cl.start_api()
            if label == "unreachable":
                time.sleep(OPT.down)
            away = now() - t0
            meanwhile = {"deleted": ask(svc(victim))[0], "created": ask(svc(created))[0]}
            if label != "silent":
                proxy.open()
            found = since(
                now(),
                130,
                deleted_gone_s=lambda: ask(svc(victim), 0.3)[0] == "NXDOMAIN",
                created_answered_s=lambda: ip in ask(svc(created), 0.3)[1],
            )
            r = p.result()
            out[label] = {
                "away_s": round(away, 1),
                "delete_status": code,
                "meanwhile": meanwhile,
                **found,
                "service": r["service"],
                "bad": spans(r["events"], t0),
                "api_connections": len(proxy.pairs),
            }
        finally:
            srv.stop()

    # API gone at start
    cl.kill_api()
    srv = Server(cached=False, kubernetes=kc, wait=False)
    try:
        t0, first = now(), {}

        history = []
        while now() - t0 < 12:
            state = {
                "service": ask(svc("svc0"), 0.2)[0],
                "local": ask("h1.local.test", 0.2)[0],
                "forward": ask(f"f{random.getrandbits(30)}.fresh.example", 0.2)[0],
                "ready": http("/ready"),
            }
            if not history or history[-1][1] != state:
                history.append([round(now() - t0, 2), state])
            time.sleep(0.05)
        t1 = now()
        r = cl.start_api()
        t2 = now()
        got = answered_after("svc0", "10.96.50.0", 60)
        ok = until(lambda: http("/ready") == 200, 30)
        out["gone_at_start"] = {
            "history": history,
            "api_ready_after_s": r,
            "service_answered_after_api_ready_s": got,
            "ready_200_later_s": ok,
        }
        # the process restarted in an ordinary way
    finally:
        srv.stop()
        cl.stop()
        up.stop()
    return out


def t_reload():
    if OPT.peer:
        return {"skipped": "CoreDNS-compatible servers only"}
    out = {}
    up = Upstream()
    srv = Server()
    lines = [f"h{i}.local.test A" for i in range(HOSTS)]
    try:
        b = blast(lines, "-Q", 2000, "-l", 6)
        out["quiet"] = brief(blasted(b))
        mem = Rss(srv.pid)
        b = blast(lines, "-Q", 2000, "-l", 16)
        time.sleep(0.5)
        for _ in range(20):
            srv.p.send_signal(signal.SIGUSR1)
            time.sleep(0.7)
        out["reload20"] = brief(blasted(b)) | mem.stop() | {"alive": srv.alive()}
        # broken configuration
        probe = Probe(locals_of(srv), 200, True)
        t0 = now()
        results = {}
        for label, text in (
            ("syntax", srv.text + "\nfoo {"),
            ("unknown directive", srv.text.replace("errors", "nosuchplugin", 1)),
            ("empty", ""),
            ("missing zone file", srv.text.replace("local.test.zone", "absent.zone")),
            ("port in use", srv.text + f".:{UP} {{\n  bind {HOST}\n  whoami\n}}\n"),
        ):
            srv.write_conf(text)
            srv.p.send_signal(signal.SIGUSR1)
            time.sleep(2)
            results[label] = {
                "alive": srv.alive(),
                "answers": [ask(f"h{i}.local.test")[0] for i in range(2)],
                "forward": ask(f"r{random.getrandbits(30)}.fresh.example", 1)[0],
            }
            srv.write_conf(srv.text)
            if srv.alive():
                srv.p.send_signal(signal.SIGUSR1)
                results[label]["good_again_s"] = until(lambda: srv.host_ip(1) in ask("h1.local.test", 0.2)[1], 5)
            else:
                srv.start()
        srv.write_conf(srv.text)
        srv.p.send_signal(signal.SIGUSR1)
        time.sleep(1.5)
        r = probe.result()
        out["broken_config"] = {"cases": results, "light": r["local"], "bad": spans(r["events"], t0)}
        # zone file
        results = {}
        for label, text in (
            ("syntax error",
             "$ORIGIN local.test.\n@ 60 SOA ns hostmaster 99 60 60 600 5\n@ NS ns\nh1 A not-an-address\n"),
            ("empty", ""),
            ("no SOA", "$ORIGIN local.test.\nh1 60 A 10.1.1.1\n"),
            ("cut in half", None),
            ("lower serial", "lower"),
            ("other zone", "$ORIGIN other.test.\n@ 60 IN SOA ns hostmaster 999 60 60 600 5\n@ 60 IN NS ns\n"),
        ):
            srv.write_zone()
            time.sleep(1.6)
            full = open(srv.zone_file).read()
            if label == "cut in half":
                text = full.replace(f" {srv.serial} 60", f" {srv.serial + 5} 60")[: len(full) // 8]
            if label == "lower serial":
                text = full.replace(f" {srv.serial} 60", " 1 60").replace("h1 A 10.9.0.1", "h1 A 10.9.9.9")
            srv.write_zone(text=text)
            srv.serial += 10
            time.sleep(2.2)
            results[label] = {f"h{i}": ask(f"h{i}.local.test")[:2] for i in (1, 999)}
        srv.write_zone()
        time.sleep(1.6)
        os.unlink(srv.zone_file)
        time.sleep(2.2)
        results["deleted"] = {f"h{i}": ask(f"h{i}.local.test")[:2] for i in (1, 999)}
        srv.p.send_signal(signal.SIGUSR1)
        time.sleep(1.5)
        results["deleted, then SIGUSR1"] = {f"h{i}": ask(f"h{i}.local.test")[:2] for i in (1, 999)} | {
            "alive": srv.alive()
        }
        srv.write_zone()
        t = until(lambda: srv.host_ip(1) in ask("h1.local.test")[1], 15)
        results["good again after s"] = t
        out["zone_file"] = results
    finally:
        srv.stop()
    if OPT.etcd and OPT.apiserver:
        cl = Cluster()
        srv = Server(cached=False, kubernetes=cl.kubeconfig(API))
        try:
            answered_after("svc0", "10.96.50.0", 15)
            lines = [f'{svc(f"svc{i}")} A' for i in range(50)]
            b = blast(lines, "-Q", 2000, "-l", 16)
            time.sleep(0.5)
            for _ in range(20):
                srv.p.send_signal(signal.SIGUSR1)
                time.sleep(0.7)
            out["kubernetes_reload20"] = brief(blasted(b))
            cl.kill_api()
            time.sleep(1)
            p = Probe(
                [
                    x
                    for i in range(50)
                    for x in (
                        ("service", svc(f"svc{i}"), f"10.96.50.{i}"),
                        ("local", f"h{i}.local.test", srv.host_ip(i)),
                    )
                ],
                200,
                True,
                6.0,
            )
            t0 = now()
            time.sleep(1)
            srv.p.send_signal(signal.SIGUSR1)
            time.sleep(14)
            t1 = now()
            cl.start_api()
            t2 = now()
            back = answered_after("svc0", "10.96.50.0", 40)
            time.sleep(1)
            r = p.result()
            slow = [e for e in r["events"] if e[1] == "service" and e[2] == "ok" and t0 + 1 < e[0] < t1]
            out["reload_api_down"] = {
                "signal_at_s": 1,
                "api_back_at_s": round(t2 - t0, 2),
                "service_back_after_s": back,
                "service": r["service"],
                "local": r["local"],
                "bad": spans(r["events"], t0),
                "service_ok_after_signal_while_down": len(slow),
                "last_ok_at_s": round(max((e[0] for e in slow), default=t0) - t0, 2),
                "alive": srv.alive(),
            }
        finally:
            srv.stop()
            cl.stop()
    up.stop()
    return out


def metric(name):
    try:
        t = urllib.request.urlopen(f"http://{HOST}:{METRICS}/metrics", timeout=2).read().decode()
        return sum(float(l.rsplit(" ", 1)[1]) for l in t.splitlines() if l.startswith(name))
    except OSError:
        return None


def t_cache():
    out = {}
    stale_conf = {
        "corefile": "        serve_stale 1h\n",
        "unbound": "  serve-expired: yes\n  serve-expired-client-timeout: 0\n",
        "dnsdist": "",
    }
    for label in ("off", "on"):
        if OPT.peer == "dnsdist" and label == "off":
            continue
        up = Upstream()
        srv = Server(cache=stale_conf[OPT.peer or "corefile"] if label == "on" else "")
        try:
            up.mode("answer", 2)
            cached = [f"s{i}.stale.example" for i in range(50)]
            for c in cached:
                ask(c, 1)
            up.mode("never")
            time.sleep(3)
            p, t0 = Probe([("stale", c, REAL) for c in cached], 50, True, 6.0), now()
            time.sleep(10)
            r = p.result()
            c0 = up.call("count")
            up.mode("answer", 300)
            fresh = until(lambda: REAL in ask(f"n{random.getrandbits(30)}.fresh.example", 0.3)[1], 15)
            out[f"dead upstream, serve stale {label}"] = {
                **r["stale"],
                "bad": spans(r["events"], t0),
                "normal_again_s": fresh,
            }
        finally:
            srv.stop()
            up.stop()
    up = Upstream()
    srv = Server()
    try:
        up.mode("answer", 0)
        c0, mem = up.call("count"), Rss(srv.pid)
        r = blasted(blast([f"z{i}.zero.example A" for i in range(100)], "-Q", 5000, "-l", 8))
        out["ttl0"] = brief(r) | {"upstream_queries": up.call("count") - c0} | mem.stop()
        up.mode("delay:0.2", 0)
        c0 = up.call("count")
        r = blasted(blast(["one.zero.example A"], "-Q", 2000, "-l", 4))
        out["one name, upstream 200 ms, TTL 0"] = brief(r) | {"upstream_queries": up.call("count") - c0}
        up.mode("answer", 300)
        e0, mem, c0 = metric("coredns_cache_evictions_total"), Rss(srv.pid), up.call("count")
        r = blasted(blast(names("m", 1000000), "-q", 128, "-n", 1000000, "-l", 45))
        e1 = metric("coredns_cache_evictions_total")
        time.sleep(5)
        out["million"] = (
            brief(r)
            | {
                "upstream_queries": up.call("count") - c0,
                "evictions": (e1 - e0) if e1 is not None and e0 is not None else None,
                "entries": metric("coredns_cache_entries"),
            }
            | mem.stop()
            | {"alive": srv.alive()}
        )
    finally:
        srv.stop()
        up.stop()
    return out
