"""Asks the questions of the kubernetes scenarios over UDP and TCP, zone transfers included."""
import contextlib
import random
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from kubernetes_compare import decode


def build_query(question, serial=1):
    """The question's bytes. `serial` is what IXFR says it has, unless the question says so itself."""
    message = dns.message.QueryMessage(id=random.randrange(1, 65536))
    message.flags = 0
    for name, bit, default in (("rd", dns.flags.RD, True), ("cd", dns.flags.CD, False), ("ad", dns.flags.AD, False)):
        if question.get(name, default):
            message.flags |= bit
    rrtype = dns.rdatatype.from_text(question["qtype"])
    rrclass = dns.rdataclass.from_text(question.get("qclass", "IN"))
    name = dns.name.from_text(question["qname"])
    message.find_rrset(message.question, name, rrclass, rrtype, create=True, force_unique=True)
    if question["qtype"] == "IXFR":
        known = question.get("serial", 0)
        known = serial if known == "CURRENT" else known
        rrset = message.find_rrset(message.authority, name, rrclass, dns.rdatatype.SOA, create=True)
        rrset.add(dns.rdata.from_text(rrclass, dns.rdatatype.SOA, f". . {known} 0 0 0 0"), 0)
    if question.get("edns") is not None or question.get("do"):
        options = [dns.edns.GenericOption(code, bytes.fromhex(data)) for code, data in question.get("options", [])]
        message.use_edns(edns=question.get("edns_version", 0), ednsflags=dns.flags.DO if question.get("do") else 0,
                         payload=question["edns"] if question.get("edns") is not None else 4096, options=options)
    return message.to_wire()


def _bound(kind, server, source):
    s = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, kind)
    if source:
        s.bind((source, 0))
    return s


def ask_udp(wire, server, port, source, timeout, tries):
    for _ in range(tries):
        with contextlib.closing(_bound(socket.SOCK_DGRAM, server, source)) as s:
            try:
                s.connect((server, port))
                s.send(wire)
                end = time.time() + timeout
                while time.time() < end:
                    s.settimeout(max(0.001, end - time.time()))
                    answer = s.recv(65535)
                    if answer[:2] == wire[:2]:
                        return answer
            except (socket.timeout, ConnectionError):
                pass
    return None


def _receive(s, size):
    data = b""
    while len(data) < size:
        more = s.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def ask_tcp(wire, server, port, source, timeout, transfer=False):
    """The messages of the answer (one unless it is a transfer), or None."""
    with contextlib.closing(_bound(socket.SOCK_STREAM, server, source)) as s:
        s.settimeout(timeout)
        messages, soas = [], 0
        try:
            s.connect((server, port))
            s.sendall(struct.pack("!H", len(wire)) + wire)
            while True:
                size = _receive(s, 2)
                data = _receive(s, struct.unpack("!H", size)[0]) if size else None
                if data is None:
                    return messages or None
                messages.append(data)
                if not transfer:
                    return messages
                message = dns.message.from_wire(data, one_rr_per_rrset=True, xfr=True)
                if message.rcode() or not message.answer:
                    return messages
                soas += sum(1 for rrset in message.answer if rrset.rdtype == dns.rdatatype.SOA)
                if soas >= 2 or (len(message.answer) == 1 and len(messages) == 1):
                    return messages
        except OSError:
            return None


def soa_serial(zone, server, port, source=None, timeout=3):
    answer = ask_udp(build_query({"qname": zone, "qtype": "SOA"}), server, port, source, timeout, 2)
    with contextlib.suppress(Exception):
        return dns.message.from_wire(answer).answer[0][0].serial
    return None


def ask(question, server, port, timeout=4.0, impatient=False):
    """The answer in the recorded form, or {"timeout": True}. `impatient`: silence is expected, so do not wait long."""
    server = question.get("server", server)
    source = question.get("source")
    serial = 1
    if question.get("serial") == "CURRENT":
        serial = soa_serial(question["qname"], server, port, source) or 1
    wire = build_query(question, serial)
    try:
        if question["transport"] == "udp":
            answer = ask_udp(wire, server, port, source, 0.6 if impatient else timeout, 1 if impatient else 2)
            return decode(answer) if answer else {"timeout": True}
        transfer = question["qtype"] in ("AXFR", "IXFR")
        messages = ask_tcp(wire, server, port, source, 0.6 if impatient else max(timeout, 8), transfer)
        if not messages:
            return {"timeout": True}
        out = decode(messages[0])
        for message in messages[1:]:
            out["answer"] += decode(message)["answer"]
        return out
    except Exception as error:  # an answer that cannot be decoded is a difference, not an end of the run
        return {"error": f"{type(error).__name__}: {error}"}
