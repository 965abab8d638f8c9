"""Compares an answer with the recorded one; what a scenario calls volatile is replaced on both sides first."""
import re
import socket

import dns.name
import dns.rdataclass
import dns.rdatatype

from message import class_num, parse_msg, type_num


def canon(rrs, vol, ctx, m):
    out = []
    for r in rrs:
        f = r.split(" ")
        t = f[3]
        if t == "RRSIG" and "rrsig" in vol:
            f[8], f[9] = "EXP", "INC"
            f[12:] = ["SIG"]
        if t == "SOA" and "serial" in vol:
            f[6] = "SERIAL"
        if t == "SRV" and "clientport" in vol and f[6] == str(m.get("_cport")):
            f[6] = "CLIENTPORT"
        if "ttl" in vol:
            f[1] = "TTL"
            if t == "RRSIG":
                pass
        r = " ".join(f)
        if "ports" in vol:
            for k, v in ctx.items():
                if isinstance(v, int):
                    r = re.sub(r"(?<!\d)%d(?!\d)" % v, "{%s}" % k, r)
        if "clientport" in vol and m.get("_cport") and t != "SRV":
            r = re.sub(r"(?<!\d)%d(?!\d)" % m["_cport"], "CLIENTPORT", r)
        if "hostname" in vol:
            r = r.replace(socket.gethostname(), "HOSTNAME")
        out.append(r)
    return out


def simplify(m, q, scn, ctx):
    """What is recorded for one answer."""
    vol = set(scn.get("volatile", [])) | set(q.get("volatile", []))
    out = {}
    for k in ("unparsable", "http", "grpc_error", "closed", "trailing", "wrong_id", "tls"):
        if k in m and k != "tls":
            out[k] = m[k]
    if "rcode" not in m:
        return out
    if "ttl" in vol and "http" in out and isinstance(out["http"], dict):
        out["http"].pop("cache-control", None)
    out["rcode"] = m["rcode"]
    out["flags"] = m["flags"]
    if m.get("qr") is False:
        out["qr"] = False
    if m.get("opcode"):
        out["opcode"] = m["opcode"]
    if m.get("question") is not None:
        sent = q.get("questions") or []
        if not sent and "qname" in q and not q.get("noquestion"):
            sent = [[q["qname"], q.get("qtype", "A"), q.get("qclass", "IN")]]
        want = ["%s %s %s" % (dns.name.from_text(n).to_text(), dns.rdataclass.to_text(class_num(c)),
                              dns.rdatatype.to_text(type_num(t))) for n, t, c in sent]
        if m["question"] != want:
            out["question"] = m["question"]
    for s in ("answer", "authority", "additional"):
        out[s] = canon(m[s], vol, ctx, m)
    out["edns"] = m["edns"]
    if "hostname" in vol and m["edns"]:
        for o in m["edns"]["options"]:
            o["hex"] = o["hex"].replace(socket.gethostname().encode().hex(), "HOSTNAME")
    if m.get("tsig"):
        out["tsig"] = m["tsig"]
    return out


def cname_owners(rrs):
    return [r.split(" ")[0] for r in rrs if r.split(" ")[3] in ("CNAME", "DNAME")]


def ttl_equal(a, b, tol):
    if a == b:
        return True
    if not tol or len(a) != len(b):
        return False
    for x, y in zip(a, b):
        fx, fy = x.split(" "), y.split(" ")
        if fx[0] != fy[0] or fx[2:] != fy[2:] or abs(int(fx[1]) - int(fy[1])) > tol:
            return False
    return True


def compare(exp, got, q, scn):
    """List of differences (empty: equal)."""
    d = []
    tol = q.get("ttl_tol", scn.get("ttl_tol", 0))
    ordered = q.get("ordered", scn.get("ordered", False))
    for k in sorted(set(exp) | set(got)):
        a, b = exp.get(k), got.get(k)
        if a == b:
            continue
        if k in ("answer", "authority", "additional"):
            a, b = a or [], b or []
            if ordered:
                if not ttl_equal(a, b, tol):
                    d.append((k, a, b))
            else:
                key = lambda r: (r.split(" ")[0], r.split(" ")[2:])
                if not ttl_equal(sorted(a, key=key), sorted(b, key=key), tol):
                    d.append((k, a, b))
                elif q.get("qtype") not in ("AXFR", "IXFR") and cname_owners(a) != cname_owners(b):
                    d.append((k + " (CNAME order)", a, b))
        elif k == "http" and tol and isinstance(a, dict) and isinstance(b, dict):
            if {x: a[x] for x in a if x != "cache-control"} != {x: b[x] for x in b if x != "cache-control"}:
                d.append((k, a, b))
        elif k == "edns" and a and b and same_edns(a, b):
            pass
        else:
            d.append((k, a, b))
    return d


def same_edns(a, b):
    """Equal apart from the order of the options."""
    return ({**a, "options": 0} == {**b, "options": 0}
            and sorted(map(str, a["options"])) == sorted(map(str, b["options"])))


def same_packet(a, b):
    """Equal apart from name compression."""
    if not a or not b or len(a) < 24 or len(b) < 24:
        return False
    try:
        return parse_msg(bytes.fromhex(a)) == parse_msg(bytes.fromhex(b))
    except Exception:
        return False


