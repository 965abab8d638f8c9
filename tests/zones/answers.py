"""The same questions to the server and to another one over the same zone file: plain, and signed with NSEC, with NSEC3
and with NSEC3 that opts out."""
import os
import shutil
import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from peers import ZONE, Failed, Nsd
from server import Server


class LeftOut(Exception):
    """What a case needs is not there."""


APEX = ZONE + "."
COREFILE = ZONE + ":{PORT} {\n    errors\n    file {DIR}/zone\n}\n"
# CoreDNS gives a negative answer's SOA its own TTL, not the least of that and its minimum: here they are the same.
RECORDS = f"""$ORIGIN {APEX}
$TTL 300
@ SOA ns1 admin 7 3600 600 86400 300
@ NS ns1
@ NS ns2.birch.test.
@ MX 10 mail
@ TXT "apex"
ns1 A 192.0.2.1
ns1 AAAA 2001:db8::1
mail A 192.0.2.2
www A 192.0.2.3
www A 192.0.2.4
alias CNAME www
chain CNAME alias
out CNAME www.birch.test.
dangling CNAME nothere
towild CNAME q.wild
*.wild A 192.0.2.9
*.wild TXT "wild"
m.wild A 192.0.2.10
_443._tcp.*.nowild TXT "the wildcard is an empty non-terminal"
*.wildalias CNAME www
*.wildgone CNAME gone
*.deep.ent TXT "deep"
a.b.c TXT "b.c and c are empty non-terminals"
srv SRV 0 0 80 www
dn DNAME Target
x.target A 192.0.2.77
secure NS ns.secure
secure DS 12345 13 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE41B2D4EEA7E1B5D5F9B0E2C3
ns.secure A 192.0.2.20
insecure NS ns.insecure
ns.insecure A 192.0.2.21
other NS ns.birch.test.
deep.cut NS ns.deep.cut
ns.deep.cut A 192.0.2.22
caa CAA 0 issue "ca.test"
""" + "".join(f"h{i} A 192.0.2.{i}\n" for i in range(60))
TYPES = ("A", "AAAA", "TXT", "MX", "SRV", "CNAME", "NS", "DS", "SOA", "DNAME", "NSEC3PARAM", "DNSKEY", "CAA")
NAMES = ("", "www", "WWW", "ns1", "mail", "nothere", "a.nothere", "a.b.nothere", "c", "b.c", "a.b.c", "x.b.c", "srv",
         "caa", "alias", "chain", "out", "dangling", "towild", "*.wild", "wild", "m.wild", "x.wild", "x.y.wild",
         "x.wildalias", "x.wildgone", "nowild", "*.nowild", "x.nowild", "_443._tcp.x.nowild", "x.deep.ent", "deep.ent",
         "ent", "x.ent", "dn", "x.dn", "y.dn", "a.x.dn", "target", "secure",
         "www.secure", "ns.secure", "insecure", "www.insecure", "ns.insecure", "other", "www.other", "deep.cut",
         "cut", "www.deep.cut", "x.cut", "h1", "h59", "h60", "x.h1", "_tcp.www", "zzz", "0", "-") + tuple(
             f"{label}{i}{below}" for i in range(2, 10)
             for label, below in (("h", ""), ("n", ""), ("q", ".wild"), ("x", ".dn"), ("y", ".secure"), ("z", ".ent")))
SIGNED = {"plain": None, "nsec": (), "nsec3": ("-3", "aabbccdd", "-H", "5"), "opt_out": ("-3", "-", "-A", "-H", "0")}


def signed(folder, how):
    """The zone's text, signed as `how` says; dnssec-keygen and dnssec-signzone are BIND's."""
    if SIGNED[how] is None:
        return RECORDS
    signer = shutil.which("dnssec-signzone", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not signer:
        raise LeftOut("no dnssec-signzone")
    keygen = os.path.join(os.path.dirname(signer), "dnssec-keygen")
    text = RECORDS
    for words in (("-f", "KSK"), ()):
        made = subprocess.run([keygen, "-q", "-a", "ECDSAP256SHA256", *words, ZONE], cwd=folder, check=True,
                              timeout=30, capture_output=True, text=True).stdout.strip()
        with open(os.path.join(folder, made + ".key")) as key:
            text += key.read()
    with open(os.path.join(folder, "unsigned"), "w") as target:
        target.write(text)
    subprocess.run([signer, "-q", *SIGNED[how], "-o", ZONE, "-f", "signed", "unsigned"], cwd=folder, check=True,
                   timeout=60, capture_output=True)
    with open(os.path.join(folder, "signed")) as source:
        return source.read()


def ask(port, name, kind, do):
    query = dns.message.make_query(name, kind, use_edns=0 if do else -1, want_dnssec=do, payload=4096)
    query.flags &= ~dns.flags.RD
    answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=5, ignore_unexpected=True)
    if answer.flags & dns.flags.TC:
        answer = dns.query.tcp(query, "127.0.0.1", port=port, timeout=5)
    return {"rcode": dns.rcode.to_text(answer.rcode()), "aa": bool(answer.flags & dns.flags.AA),
            "answer": lines(answer.answer), "authority": lines(answer.authority)}


def lines(section):
    return sorted(f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rdata.rdtype)} {rdata}".lower()
                  for rrset in section for rdata in rrset)


def without(records, *kinds):
    """The records but those of these types and what signs them."""
    kinds = [kind.lower() for kind in kinds]
    return [each for each in records if each.split()[2] not in kinds
            and not (each.split()[2] == "rrsig" and each.split()[3] in kinds)]


def comparable(answer, is_signed):
    """What the two have to agree in. What CoreDNS's form of answers explains is taken out: the apex's NS set goes with
    positive answers, and stands for the SOA where an alias leads to no data; DS goes with a referral, signed or not."""
    answer = dict(answer)
    if answer["answer"]:
        cut = [each for each in answer["authority"] if not each.startswith(APEX + " ")]
        apex = [each for each in answer["authority"] if each.startswith(APEX + " ") and each not in answer["answer"]]
        kinds = {each.split()[2] for each in answer["answer"]} - {"rrsig"}
        answer["authority"] = sorted(cut + without(apex, "NS", *(("SOA",) if kinds <= {"cname", "dname"} else ())))
    elif not is_signed:
        answer["authority"] = without(answer["authority"], "DS")
    return answer


def same_answers(peer_class, binary, folder, how):
    """For every name and type, with and without DO: rcode, AA, answer and authority."""
    text = signed(folder, how)
    server = Server(binary, COREFILE, {"zone": text})
    peer = peer_class(folder, True, server.port)
    peer.set_zone(text)
    different = []
    with peer:
        peer.serving()
        with server:
            server.listening()
            for name in NAMES:
                for kind in TYPES:
                    for do in (False, True):
                        asked = (f"{name}.{APEX}" if name else APEX, kind, do)
                        ours, theirs = (comparable(ask(port, *asked), how != "plain")
                                        for port in (server.port, peer.port))
                        if ours != theirs and not explained(peer_class, how, name, ours, theirs):
                            different.append((asked, ours, theirs))
    if different:
        raise Failed(f"{len(different)} of {2 * len(NAMES) * len(TYPES)} answers differ: " +
                     "\n".join(str(each)[:2000] for each in different[:3]))


def explained(peer_class, how, name, ours, theirs):
    """NSD proves the same with other records: fewer behind a DNAME, more for the name of a wildcard itself and for
    delegations that opt out. Knot's proofs are ours, record by record, but where a wildcard is an empty non-terminal:
    Knot leaves out the NSEC that proves the wildcard to be there, and delv takes that for bogus."""
    if any(ours[field] != theirs[field] for field in ("rcode", "aa", "answer")):
        return False
    if peer_class is not Nsd:
        return how == "nsec" and name in ("x.nowild", "_443._tcp.x.nowild") and (
            set(theirs["authority"]) < set(ours["authority"])
            and without(ours["authority"], "NSEC") == without(theirs["authority"], "NSEC"))
    proofs = ("NSEC", "NSEC3")
    return without(ours["authority"], *proofs) == without(theirs["authority"], *proofs)
