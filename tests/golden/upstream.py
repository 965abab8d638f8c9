"""Upstream servers of the scenarios: a scripted DNS responder described by data, and etcd with keys in it."""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
import urllib.request

import dns.name
import dns.rcode
import dns.wire

from message import FLAGS, get_name, parse_msg, rr_wire
from ports import free_port
from transport import SkipIt, recvn


class Script:
    """A small scripted DNS responder (UDP and TCP) described by data."""

    def __init__(self, spec, port, subst):
        self.rules = [json.loads(subst(json.dumps(r))) for r in spec["rules"]]
        self.count = [0] * len(self.rules)
        self.total = 0
        self.lock = threading.Lock()
        self.stop = False
        self.u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.u.bind(("127.0.0.1", port))
        self.t = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.t.bind(("127.0.0.1", port))
        self.t.listen(50)
        for f in (self.udp, self.tcp):
            threading.Thread(target=f, daemon=True).start()

    def close(self):
        self.stop = True
        for s in (self.u, self.t):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def udp(self):
        while not self.stop:
            try:
                d, a = self.u.recvfrom(65535)
            except OSError:
                return
            send = lambda w, a=a: self.u.sendto(w, a)
            threading.Thread(target=self.one, args=(d, "udp", send, a), daemon=True).start()

    def tcp(self):
        while not self.stop:
            try:
                c, a = self.t.accept()
            except OSError:
                return
            threading.Thread(target=self.conn, args=(c, a), daemon=True).start()

    def conn(self, c, a):
        try:
            while not self.stop:
                d = recvn(c, struct.unpack("!H", recvn(c, 2))[0])
                if self.one(d, "tcp", lambda w: c.sendall(struct.pack("!H", len(w)) + w), a) == "close":
                    break
        except Exception:
            pass
        c.close()

    def one(self, data, proto, send, addr):
        try:
            m = parse_msg(data)
            qn, qc, qt = m["question"][0].split(" ")
        except Exception:
            return
        for i, r in enumerate(self.rules):
            pat = r.get("qname", "*").lower()
            pat = pat if pat == "*" else pat.rstrip(".") + "."
            if not (pat == "*" or pat == qn.lower() or (pat.startswith("*.") and qn.lower().endswith(pat[1:]))):
                continue
            if r.get("qtype", "*") not in ("*", qt) or r.get("qclass", "*") not in ("*", qc):
                continue
            if r.get("proto", "*") not in ("*", proto):
                continue
            if "edns" in r and r["edns"] != (m["edns"] is not None):
                continue
            if "do" in r and r["do"] != bool(m["edns"] and m["edns"]["do"]):
                continue
            if "cd" in r and r["cd"] != ("cd" in m["flags"]):
                continue
            with self.lock:
                if "times" in r and self.count[i] >= r["times"]:
                    continue
                self.count[i] += 1
                n = self.count[i]
            break
        else:
            return
        if r.get("delay"):
            time.sleep(r["delay"])
        if r.get("drop"):
            return
        if r.get("close"):
            return "close"
        if r.get("raw_hex") is not None:
            send(data[:2] + bytes.fromhex(r["raw_hex"]))
            return
        ed = "none"
        if m["edns"] is not None:
            options = "".join(";%d=%s" % (o["code"], o["hex"]) for o in m["edns"]["options"])
            ed = "u%d%s%s" % (m["edns"]["udp"], "d" if m["edns"]["do"] else "", options)
        fl = ".".join(m["flags"]) or "none"

        def sub(t):
            return (t.replace("{qname}", qn).replace("{qtype}", qt).replace("{qclass}", qc).replace("{n}", str(n))
                    .replace("{edns}", ed).replace("{flags}", fl).replace("{proto}", proto)
                    .replace("{client}", addr[0]))
        rc = dns.rcode.from_text(r.get("rcode", "NOERROR"))
        flags = 0x8000 | (m["opcode"] << 11) | (rc & 15)
        fls = r.get("flags", ["aa"])
        if "rd" in m["flags"]:
            fls = fls + ["rd"]
        for f, b in FLAGS:
            if f in fls:
                flags |= b
        if r.get("tc"):
            flags |= 0x0200
        # echo the question bytes
        p = dns.wire.Parser(data)
        p.get_struct("!HHHHHH")
        get_name(p)
        p.get_struct("!HH")
        qsec = data[12:p.current]
        if r.get("wrong_question"):
            qsec = dns.name.from_text(r["wrong_question"]).to_wire() + qsec[-4:]
        out, cnt = b"", []
        for sec in ("answer", "authority", "additional"):
            rrs = [sub(x) for x in r.get(sec, [])]
            cnt.append(len(rrs))
            out += b"".join(rr_wire(x) for x in rrs)
        if m["edns"] is not None and r.get("reply_edns", True):
            opts = b""
            for o in r.get("edns_options", []):
                d = bytes.fromhex(o["hex"])
                opts += struct.pack("!HH", o["code"], len(d)) + d
            cnt[2] += 1
            bits = ((rc >> 4) << 24) | (0x8000 if m["edns"]["do"] else 0)
            out += b"\0" + struct.pack("!HHIH", 41, r.get("udp", 1232), bits, len(opts)) + opts
        mid = data[:2] if not r.get("wrong_id") else bytes([data[0] ^ 0x55, data[1]])
        send(mid + struct.pack("!HHHHH", flags, 1, *cnt) + qsec + out)


# ------------------------------------------------------------------ etcd
def etcd_command():
    """The command that runs etcd: the one installed, or the one built for the cluster tests."""
    if shutil.which("etcd"):
        return [shutil.which("etcd")]
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    built = os.path.join(root, "build", "cluster", "apiserver")
    if os.path.exists(built):
        return [built, "etcd"]
    raise SkipIt("no etcd")


class EtcdGateway:
    """etcd's JSON gateway, enough to fill it with keys."""

    def __init__(self, port):
        self.base = "http://127.0.0.1:%d/v3/" % port

    def call(self, api, body):
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(self.base + api, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=3) as answer:
            return json.load(answer)

    def put(self, key, value, **more):
        encode = lambda text: base64.b64encode(text.encode()).decode()
        self.call("kv/put", {"key": encode(key), "value": encode(value), **more})


def start_etcd(spec, port, folder, subst, stop):
    """etcd on `port` with the keys of `spec`; returns its process."""
    peer = free_port()
    log = open(os.path.join(folder, "etcd.log"), "wb")
    urls = ["http://127.0.0.1:%d" % p for p in (port, peer)]
    process = subprocess.Popen(
        etcd_command() + ["--name", "n1", "--data-dir", os.path.join(folder, "etcd"),
                          "--listen-client-urls", urls[0], "--advertise-client-urls", urls[0],
                          "--listen-peer-urls", urls[1], "--initial-advertise-peer-urls", urls[1],
                          "--initial-cluster", "n1=" + urls[1]],
        stdout=log, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True)
    gateway, end = EtcdGateway(port), time.time() + 15
    while True:
        try:
            gateway.put("portolan-tests-ready", "")
            break
        except OSError:
            if time.time() > end:
                stop(process)
                raise
            time.sleep(0.1)
    text = lambda value: subst(value if isinstance(value, str) else json.dumps(value))
    for key, value in spec["keys"].items():
        gateway.put(subst(key), text(value))
    for key, (ttl, value) in (spec.get("lease_keys") or {}).items():
        gateway.put(subst(key), text(value), lease=gateway.call("lease/grant", {"TTL": ttl})["ID"])
    return process
