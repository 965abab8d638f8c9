"""Zones as sets of records, read from text and over the wire by dnspython, which knows neither side."""
import dns.exception
import dns.query
import dns.rdatatype
import dns.tsig
import dns.zone


def records_of(zone):
    return {(str(name).lower(), ttl, dns.rdatatype.to_text(data.rdtype), data.to_text())
            for name, ttl, data in zone.iterate_rdatas()}


def expected(text, origin):
    """The records of a zone file."""
    return records_of(dns.zone.from_text(text, origin, relativize=False, check_origin=True))


def content(port, origin, key=None):
    """The records that a server on loopback hands out, to a holder of a `peers.Key`; None when it does not."""
    signing = {}
    if key:
        known = dns.tsig.Key(key.name, key.secret, key.algorithm)
        signing = {"keyring": {known.name: known}, "keyname": known.name, "keyalgorithm": known.algorithm}
    try:
        messages = dns.query.xfr("127.0.0.1", origin, port=port, relativize=False, timeout=5, lifetime=20, **signing)
        return records_of(dns.zone.from_xfr(messages, relativize=False))
    except (OSError, EOFError, dns.exception.DNSException):
        return None
