"""DNS messages as the recorded scenarios describe them: questions into bytes, answers into comparable data."""
import io
import random
import struct
import time

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.wire

FLAGS = [("aa", 0x0400), ("tc", 0x0200), ("rd", 0x0100), ("ra", 0x0080), ("z", 0x0040), ("ad", 0x0020), ("cd", 0x0010)]


def type_num(t):
    return t if isinstance(t, int) else int(dns.rdatatype.from_text(t))


def class_num(c):
    return c if isinstance(c, int) else int(dns.rdataclass.from_text(c))


def build_query(q):
    """Return (wire, id, tsig_request_mac)."""
    if "hex" in q:
        w = bytes.fromhex(q["hex"])
        return w, (struct.unpack("!H", w[:2])[0] if len(w) >= 2 else 0), None
    qid = q.get("msgid", random.randrange(1, 65535))
    flags = 0
    if q.get("rd", True):
        flags |= 0x0100
    for f, bit in FLAGS:
        if f != "rd" and q.get(f):
            flags |= bit
    if q.get("qr"):
        flags |= 0x8000
    flags |= (int(q.get("opcode", 0)) & 15) << 11
    questions = q.get("questions") or [[q["qname"], q.get("qtype", "A"), q.get("qclass", "IN")]]
    if q.get("noquestion"):
        questions = []
    body = b""
    for n, t, c in questions:
        body += dns.name.from_text(n).to_wire() + struct.pack("!HH", type_num(t), class_num(c))
    ar = 0
    extra = b""
    an = q.get("rr", [])  # raw RRs to append: [section, "name ttl class type rdata"]
    counts = {"answer": 0, "authority": 0, "additional": 0}
    for sec, txt in an:
        counts[sec] += 1
        extra += rr_wire(txt)
    opts = q.get("edns_options") or []
    if q.get("edns") is not None or opts or q.get("do"):
        size = q.get("edns") or 4096
        od = b""
        for o in opts:
            d = bytes.fromhex(o.get("hex", ""))
            od += struct.pack("!HH", o["code"], len(d)) + d
        ttl = (int(q.get("edns_version", 0)) << 16) | (0x8000 if q.get("do") else 0) | (q.get("edns_flags", 0))
        extra += b"\0" + struct.pack("!HHIH", 41, size, ttl, len(od)) + od
        counts["additional"] += 1
    hdr = struct.pack("!HHHHHH", qid, flags, len(questions), counts["answer"], counts["authority"],
                      counts["additional"])
    wire = hdr + body + extra
    mac = None
    if q.get("tsig"):
        t = q["tsig"]
        m = dns.message.from_wire(wire)
        key = dns.tsig.Key(t["name"], t["secret"], t.get("alg", "hmac-sha256."))
        m.use_tsig(key, fudge=t.get("fudge", 300))
        rdata = m.tsig[0]
        ctx_time = int(time.time()) + t.get("time_offset", 0)
        unsigned = wire
        rd = rdata.replace(time_signed=ctx_time, original_id=qid)
        signed, _ = dns.tsig.sign(unsigned, key, rd, ctx_time, b"")
        mac = signed.mac
        if t.get("bad_mac"):
            b = bytearray(mac)
            b[0] ^= 0xFF
            signed = signed.replace(mac=bytes(b))
        f = io.BytesIO()
        signed.to_wire(f)
        rw = f.getvalue()
        rr = dns.name.from_text(t["name"]).to_wire() + struct.pack("!HHIH", 250, 255, 0, len(rw)) + rw
        wire = unsigned[:10] + struct.pack("!H", counts["additional"] + 1) + unsigned[12:] + rr
    return wire, qid, mac


def rr_wire(txt):
    name, ttl, klass, typ, rest = (txt.split(None, 4) + [""])[:5]
    c, t = class_num(klass), type_num(typ)
    out = dns.name.from_text(name).to_wire() + struct.pack("!HHI", t, c, int(ttl))
    if rest == "":
        return out + b"\0\0"
    rd = dns.rdata.from_text(1 if c in (254, 255) else c, t, rest, origin=dns.name.root, relativize=False).to_wire()
    return out + struct.pack("!H", len(rd)) + rd


def get_name(p):
    """Read a possibly compressed name (independent of the dnspython version)."""
    w, pos, labels, end, hops = p.wire, p.current, [], None, 0
    while True:
        n = w[pos]
        if n >= 192:
            if end is None:
                end = pos + 2
            pos = (n & 63) * 256 + w[pos + 1]
            hops += 1
            if hops > 130:
                raise ValueError("pointer loop")
        elif n > 63:
            raise ValueError("label type")
        else:
            labels.append(bytes(w[pos + 1:pos + 1 + n]))
            pos += 1 + n
            if n == 0:
                break
    p.current = end if end is not None else pos
    p.furthest = max(p.furthest, p.current)
    return dns.name.Name(labels)


def tsig_error(number):
    if number < 16:
        return dns.rcode.to_text(dns.rcode.Rcode(number))
    return {16: "BADSIG", 17: "BADKEY", 18: "BADTIME"}.get(number, str(number))


def parse_msg(wire):
    p = dns.wire.Parser(wire)
    mid, flags, qd, an, ns, ar = p.get_struct("!HHHHHH")
    m = {"id": mid, "qr": bool(flags & 0x8000), "opcode": (flags >> 11) & 15,
         "flags": [n for n, b in FLAGS if flags & b], "question": [], "edns": None}
    rcode = flags & 15
    for _ in range(qd):
        n = get_name(p)
        t, c = p.get_struct("!HH")
        m["question"].append("%s %s %s" % (n.to_text(), dns.rdataclass.to_text(c), dns.rdatatype.to_text(t)))
    tsig = None
    for sec, cnt in (("answer", an), ("authority", ns), ("additional", ar)):
        rrs = m[sec] = []
        for _ in range(cnt):
            n = get_name(p)
            t, c, ttl, rl = p.get_struct("!HHIH")
            with p.restrict_to(rl):
                start = p.current
                if t == 41:
                    raw = p.get_bytes(rl)
                    opts, i = [], 0
                    while i + 4 <= rl:
                        code, ln = struct.unpack("!HH", raw[i:i + 4])
                        opts.append({"code": code, "hex": raw[i + 4:i + 4 + ln].hex()})
                        i += 4 + ln
                    m["edns"] = {"udp": c, "version": (ttl >> 16) & 255, "do": bool(ttl & 0x8000), "options": opts}
                    rcode |= (ttl >> 24) << 4
                    continue
                if t == 250:
                    rd = dns.rdata.from_wire_parser(c, t, p, None)
                    tsig = {"name": n.to_text(), "alg": rd.algorithm.to_text(), "error": tsig_error(rd.error),
                            "mac": len(rd.mac) > 0}
                    continue
                try:
                    rd = dns.rdata.from_wire_parser(1 if t in (1, 28, 33) and c in (3, 4) else c, t, p, None).to_text()
                except Exception:
                    p.current = start
                    rd = "\\# %d %s" % (rl, p.get_bytes(rl).hex())
                    p.current = start + rl
            words = (n.to_text(), str(ttl), dns.rdataclass.to_text(c), dns.rdatatype.to_text(t), rd)
            rrs.append(" ".join(x for x in words if x != ""))
    if rcode >= 24:
        m["rcode"] = str(rcode)
    else:
        m["rcode"] = {16: "BADVERS", 23: "BADCOOKIE"}.get(rcode) or dns.rcode.to_text(dns.rcode.Rcode(rcode))
    if tsig:
        m["tsig"] = tsig
    if p.remaining():
        m["trailing"] = p.remaining()
    return m


