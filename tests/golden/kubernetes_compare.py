"""Compares an answer of the kubernetes scenarios with the recorded one (tests/golden/kubernetes/README.md)."""
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype

FLAGS = (("aa", dns.flags.AA), ("tc", dns.flags.TC), ("rd", dns.flags.RD), ("ra", dns.flags.RA),
         ("ad", dns.flags.AD), ("cd", dns.flags.CD))


def _record_text(rrset):
    text = rrset[0].to_text()
    if rrset.rdtype == dns.rdatatype.SOA:
        fields = text.split()
        if int(fields[2]) > 1000000000:  # a time stamp
            fields[2] = "SERIAL"
        text = " ".join(fields)
    kind = f"{dns.rdataclass.to_text(rrset.rdclass)} {dns.rdatatype.to_text(rrset.rdtype)}"
    return f"{rrset.name.to_text()} {rrset.ttl} {kind} {text}".rstrip()


def decode(wire):
    """A message in the recorded form."""
    message = dns.message.from_wire(wire, one_rr_per_rrset=True, ignore_trailing=True)
    out = {"rcode": dns.rcode.to_text(message.rcode()), "flags": [name for name, bit in FLAGS if message.flags & bit]}
    sections = (("answer", message.answer), ("authority", message.authority), ("additional", message.additional))
    for name, section in sections:
        out[name] = [_record_text(rrset) for rrset in section]
    out["edns"] = None
    if message.edns >= 0:
        out["edns"] = {"version": message.edns, "udp": message.payload, "do": bool(message.ednsflags & dns.flags.DO),
                       "options": [[int(option.otype), option.to_wire().hex()] for option in message.options]}
    return out


def _split(record):
    name, ttl, kind, rrtype, *rdata = record.split(" ", 4)
    return name, int(ttl), kind, rrtype, rdata[0] if rdata else ""


def _without_ttl(record):
    name, _, kind, rrtype, rdata = _split(record)
    return " ".join((name, kind, rrtype, rdata))


def _chain(records):
    return [record for record in records if _split(record)[3] == "CNAME"]


def _cached_section(section, want, got):
    """With a cache in the chain a TTL may have counted down by up to 3 seconds."""
    if sorted(map(_without_ttl, want)) != sorted(map(_without_ttl, got)):
        return f"{section}: expected {want} got {got}"
    ttls = {_without_ttl(record): _split(record)[1] for record in want}
    for record in got:
        ttl, expected = _split(record)[1], ttls[_without_ttl(record)]
        if abs(ttl - expected) > 3:
            return f'{section}: ttl {ttl} of "{record}", expected {expected} (+-3)'
    return None


def _section(section, want, got, question, scenario, by_id):
    if question.get("compare") == "truncated" and section in ("answer", "additional"):
        full = by_id[question["full_id"]]["expect"][section] if question.get("full_id") in by_id else want
        extra = [record for record in got if record not in full]
        if extra:
            return f"{section}: not in the full answer: {extra[:3]}"
        if section == "answer" and len(got) != len(want):
            return f"answer: {len(got)} records, expected {len(want)}"
        return None
    if scenario.get("ttl_compare", "exact") != "exact":
        return _cached_section(section, want, got)
    transfer = question["qtype"] in ("AXFR", "IXFR")
    form = (lambda records: sorted(set(records))) if transfer else sorted
    if form(want) != form(got):
        missing = [record for record in want if record not in got]
        extra = [record for record in got if record not in want]
        if not missing and not extra:
            return f"{section}: same records, but {len(got)} of them instead of {len(want)}"
        return f"{section}: missing {missing[:6]} unexpected {extra[:6]}"
    if section == "answer" and not transfer and _chain(want) != _chain(got):
        return f"answer: order of the CNAME chain: expected {_chain(want)} got {_chain(got)}"
    if section == "answer" and question["qtype"] == "AXFR" and want and (got[0] != want[0] or got[-1] != want[-1]):
        return "answer: a transfer starts and ends with the SOA"
    return None


def compare(question, want, got, scenario, by_id):
    """Lines that say what differs; empty when all is as recorded."""
    if want.get("timeout") or got.get("timeout") or got.get("error"):
        if bool(want.get("timeout")) == bool(got.get("timeout")) and not got.get("error"):
            return []
        return [got.get("error") or f"timeout: expected {bool(want.get('timeout'))} got {bool(got.get('timeout'))}"]
    found = []
    for part in ("rcode", "flags", "edns"):
        if want[part] != got[part]:
            found.append(f"{part}: expected {want[part]} got {got[part]}")
    for section in ("answer", "authority", "additional"):
        difference = _section(section, want[section], got[section], question, scenario, by_id)
        if difference:
            found.append(difference)
    return found
