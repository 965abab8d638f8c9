"""Sends one question over UDP, TCP, TLS, HTTPS, gRPC or QUIC and returns the parsed answer."""
import base64
import http.client
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import time

import dns.message
import dns.name
import dns.tsig

from message import build_query, parse_msg


class Silence(Exception):
    pass


def recvn(s, n):
    b = b""
    while len(b) < n:
        try:
            d = s.recv(n - len(b))
        except (ConnectionResetError, ssl.SSLError):
            d = b""
        if not d:
            raise Silence("closed")
        b += d
    return b


def tls_ctx(q, ctx):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    if q.get("tls_max"):
        c.maximum_version = getattr(ssl.TLSVersion, q["tls_max"])
        c.minimum_version = getattr(ssl.TLSVersion, q.get("tls_min", "TLSv1"))
    if q.get("client_cert"):
        c.load_cert_chain(os.path.join(ctx["DIR"], q["client_cert"][0]), os.path.join(ctx["DIR"], q["client_cert"][1]))
    return c


def open_tcp(q, ctx, host, port, timeout):
    fam = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(fam, socket.SOCK_STREAM)
    s.settimeout(timeout)
    if q.get("client"):
        s.bind((q["client"], 0))
    s.connect((host, port))
    if q.get("preamble_hex"):
        s.sendall(bytes.fromhex(q["preamble_hex"]))
    return s


def h2_request(sock, headers, body):
    """A very small HTTP/2 client: one request, returns the concatenated DATA."""
    def frame(t, fl, sid, payload):
        return struct.pack("!I", len(payload))[1:] + bytes([t, fl]) + struct.pack("!I", sid) + payload
    hb = b""
    for k, v in headers:
        k, v = k.encode(), v.encode()
        hb += b"\x00" + bytes([len(k)]) + k + bytes([len(v)]) + v
    sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, hb) + frame(0, 1, 1, body))
    data = b""
    while True:
        h = recvn(sock, 9)
        ln = int.from_bytes(h[:3], "big")
        t, fl, sid = h[3], h[4], int.from_bytes(h[5:], "big") & 0x7FFFFFFF
        pl = recvn(sock, ln)
        if t == 4 and not fl & 1:
            sock.sendall(frame(4, 1, 0, b""))
        elif t == 6 and not fl & 1:
            sock.sendall(frame(6, 1, 0, pl))
        elif t == 0 and sid == 1:
            data += pl
        if t in (3, 7):
            return data
        if sid == 1 and t in (0, 1) and fl & 1:
            return data


def exchange(q, ctx, scn):
    """Send one query. Returns dict: the parsed message plus extras."""
    host = q.get("server", "127.0.0.1")
    port = ctx[q.get("port", "PORT")]
    tr = q.get("transport", "udp")
    timeout = q.get("timeout", 4)
    wire, qid, mac = build_query(q)
    extra = {}
    cport = None
    if tr == "udp":
        fam = socket.AF_INET6 if ":" in host else socket.AF_INET
        s = socket.socket(fam, socket.SOCK_DGRAM)
        try:
            s.settimeout(timeout)
            s.bind((q.get("client") or ("::1" if fam == socket.AF_INET6 else "127.0.0.1"), 0))
            cport = s.getsockname()[1]
            pre = bytes.fromhex(q.get("preamble_hex", ""))
            s.sendto(pre + wire, (host, port))
            end = time.time() + timeout
            while True:
                s.settimeout(max(0.01, end - time.time()))
                try:
                    data, src = s.recvfrom(65535)
                except (socket.timeout, ConnectionRefusedError):
                    raise Silence("timeout")
                if src[1] == port:
                    break
        finally:
            s.close()
    elif tr in ("tcp", "tls"):
        s = open_tcp(q, ctx, host, port, timeout)
        try:
            cport = s.getsockname()[1]
            if tr == "tls":
                try:
                    s = tls_ctx(q, ctx).wrap_socket(s, server_hostname=q.get("sni"))
                    extra["tls"] = {"version": s.version()}
                except (ssl.SSLError, ConnectionResetError, socket.timeout):
                    raise Silence("tls")
            try:
                s.sendall(struct.pack("!H", len(wire)) + wire)
                if q.get("qtype") in ("AXFR", "IXFR") and not q.get("tsig"):
                    return xfr(s, qid)
                data = recvn(s, struct.unpack("!H", recvn(s, 2))[0])
            except (socket.timeout, ConnectionResetError, BrokenPipeError, ssl.SSLError):
                raise Silence("timeout")
        finally:
            s.close()
    elif tr == "https":
        ctxs = None
        try:
            if q.get("plain"):
                c = http.client.HTTPConnection(host, port, timeout=timeout)
            else:
                c = http.client.HTTPSConnection(host, port, timeout=timeout, context=tls_ctx(q, ctx))
            path = q.get("path", "/dns-query")
            hd = {"accept": "application/dns-message", "content-type": q.get("ctype", "application/dns-message")}
            if q.get("http_method", "POST") == "GET":
                b64 = base64.urlsafe_b64encode(wire).decode().rstrip("=")
                c.request("GET", path + q.get("urlquery", "?dns=" + b64), headers=hd)
            elif q.get("http_method", "POST") == "POST":
                c.request("POST", path, wire, hd)
            else:
                c.request(q["http_method"], path, wire, hd)
            r = c.getresponse()
            data = r.read()
            h = {"status": r.status}
            if r.status == 200:
                h["content-type"] = r.getheader("content-type")
                h["cache-control"] = r.getheader("cache-control")
            else:
                h["body"] = data.decode("latin1").strip()
            c.close()
            if r.status != 200:
                return {"http": h}
            extra["http"] = h
        except (ssl.SSLError, ConnectionResetError, http.client.HTTPException, socket.timeout, ConnectionRefusedError):
            raise Silence("https")
    elif tr == "grpc":
        s = open_tcp(q, ctx, host, port, timeout)
        try:
            if not q.get("plain"):
                c = tls_ctx(q, ctx)
                c.set_alpn_protocols(["h2"])
                s = c.wrap_socket(s)
            ln = len(wire)
            v = b""
            while True:
                v += bytes([(ln & 127) | (128 if ln > 127 else 0)])
                ln >>= 7
                if not ln:
                    break
            pb = b"\x0a" + v + wire
            headers = [(":method", "POST"), (":scheme", "http"), (":path", "/coredns.dns.DnsService/Query"),
                       (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers")]
            d = h2_request(s, headers, b"\0" + struct.pack("!I", len(pb)) + pb)
        except (socket.timeout, ssl.SSLError, ConnectionResetError):
            raise Silence("grpc")
        finally:
            s.close()
        if len(d) < 7:
            return {"grpc_error": True}
        d = d[5:]
        i, ln, sh = 1, 0, 0
        while True:
            ln |= (d[i] & 127) << sh
            sh += 7
            i += 1
            if not d[i - 1] & 128:
                break
        data = d[i:i + ln]
    elif tr == "quic":
        return quic_query(q, ctx, host, port, timeout)
    else:
        raise RuntimeError("transport " + tr)
    try:
        m = parse_msg(data)
    except Exception as e:
        return {"unparsable": data.hex()}
    if m["id"] != qid:
        m["wrong_id"] = True
    if m.get("tsig") and q.get("tsig"):
        t = q["tsig"]
        try:
            key = dns.tsig.Key(t["name"], t["secret"], t.get("alg", "hmac-sha256."))
            dns.message.from_wire(data, keyring={dns.name.from_text(t["name"]): key}, request_mac=mac)
            m["tsig"]["valid"] = True
        except Exception as e:
            m["tsig"]["valid"] = False
    m["_cport"] = cport
    m["_size"] = len(data)
    m.update(extra)
    return m


def xfr(s, qid):
    """Read a zone transfer: all messages until the closing SOA."""
    out = None
    while True:
        try:
            data = recvn(s, struct.unpack("!H", recvn(s, 2))[0])
        except (Silence, socket.timeout):
            if out is None:
                raise Silence("closed")
            out["closed"] = True
            return out
        m = parse_msg(data)
        if out is None:
            out = m
        else:
            out["answer"] += m["answer"]
        soas = [r for r in out["answer"] if r.split()[3] == "SOA"]
        lone = len(out["answer"]) == 1 and len(data) < 120 and out["question"] and out["question"][0].endswith("IXFR")
        if m["rcode"] != "NOERROR" or not out["answer"] or out["answer"][0].split()[3] != "SOA" or lone:
            return out
        if len(soas) >= 2 and out["answer"][-1].split()[4:] == out["answer"][0].split()[4:]:
            return out


def quic_query(q, ctx, host, port, timeout):
    """DNS over QUIC through kdig; raises Skip when it is not there."""
    kdig = shutil.which("kdig")
    if not kdig or "quic" not in subprocess.run([kdig, "--help"], capture_output=True, text=True).stdout:
        raise SkipIt("no kdig with +quic")
    args = [kdig, "@" + host, "-p", str(port), "+quic", "+retry=0", "+time=%d" % max(2, timeout),
            q["qname"], q.get("qclass", "IN"), q.get("qtype", "A"),
            "+rdflag" if q.get("rd", True) else "+nordflag", "+noall", "+header", "+question", "+answer",
            "+authority", "+additional", "+noidn", "+nomultiline"]
    if q.get("do"):
        args.append("+dnssec")
    r = subprocess.run(args, capture_output=True, text=True)
    m = {"answer": [], "authority": [], "additional": [], "edns": None}
    g = re.search(r"status: (\w+)", r.stdout)
    if not g:
        raise Silence("quic")
    m["rcode"] = g.group(1)
    m["flags"] = [f for f in re.search(r"Flags: ([a-z ]*);", r.stdout).group(1).split() if f != "qr"]
    sec = None
    for line in r.stdout.splitlines():
        g = re.match(r";; (ANSWER|AUTHORITY|ADDITIONAL) SECTION", line)
        if g:
            sec = g.group(1).lower()
        elif line and not line.startswith(";") and sec:
            m[sec].append(" ".join(line.split()))
        elif line.startswith(";;"):
            sec = None
    m["question"] = None
    return m


class SkipIt(Exception):
    pass


