"""Zone files with one mistake each. The line that has it begins with !, which is not part of the file; without any it
is the file as a whole that lacks something."""
from zone_sources import USUAL_ORIGIN, ZoneFile

APEX = "@ 60 IN SOA ns admin 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
LABEL = "x" * 63
LONG = ".".join([LABEL] * 4)  # with the origin's dot 257 octets
BROKEN_FILES = {
    "no SOA record": "@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n",
    "no record at all": "; nothing\n",
    "SOA record below the apex": APEX + "!x 60 IN SOA ns admin 1 2 3 4 5\n",
    "SOA record of another zone": "$ORIGIN birch.test.\n!" + APEX,
    "no owner at the first record": "!  60 IN SOA ns admin 1 2 3 4 5\n@ 60 IN NS ns\n",
    "no TTL and none before": "!@ NS ns\n" + APEX,
    "TTL with an unknown unit": APEX + "x 60 IN A 192.0.2.1\n!y 6x IN A 192.0.2.1\n",
    "TTL of more than 32 bits": APEX + "!x 4294967296 IN A 192.0.2.1\n",
    "$TTL with garbage": "$TTL 60\n" + APEX + "!$TTL soon\n",
    "another class": APEX + "!x 60 CH TXT a\n",
    "unknown type": APEX + "\n; comment\n!x 60 IN FOO 1\n",
    "label of more than 63 octets": APEX + f"!{LABEL}x 60 IN A 192.0.2.1\n",
    "name of more than 255 octets": APEX + f"!{LONG} 60 IN A 192.0.2.1\n",
    "empty label": APEX + "!x..y 60 IN A 192.0.2.1\n",
    "escape of more than 255": APEX + "!x\\256 60 IN A 192.0.2.1\n",
    # What is open when the file ends is noticed there: behind the last line.
    "unbalanced parenthesis": APEX + "x 60 IN TXT ( a\ny 60 IN A 192.0.2.1\n!",
    "unterminated quote": APEX + 'x 60 IN TXT "a\n!',
    "closing parenthesis alone": APEX + "!x 60 IN TXT a )\n",
    "mistake in a record of several lines": APEX + "!x 60 IN MX (\n 10x\n ns )\n",
    "$INCLUDE of a missing file": APEX + "!$INCLUDE none\n",
    "$INCLUDE without a file": APEX + "!$INCLUDE\n",
    "$INCLUDE of itself": APEX + "!$INCLUDE zone\n",
    "mistake in a file that is included": (APEX + "$INCLUDE inner sub\n", "a 60 IN A 192.0.2.1\n!b 60 IN A 1\n"),
    "$GENERATE with a range backwards": APEX + "!$GENERATE 5-1 h$ 60 IN A 192.0.2.$\n",
    "$GENERATE with a range of one number": APEX + "!$GENERATE 5 h$ 60 IN A 192.0.2.$\n",
    "$ORIGIN with a quoted name": APEX + '!$ORIGIN "sub"\n',
    "number out of range over several lines": APEX + "!x 60 IN MX ( ; ten\n 65536\n ns )\n",
    "$GENERATE that makes a bad record": APEX + "!$GENERATE 255-256 h$ 60 IN A 192.0.2.$\n",
    "$ORIGIN without a name": APEX + "!$ORIGIN\n",
    "unknown directive": APEX + "!$FOO a\n",
}
DIGEST = "49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE41B2D4EEA7E1B5D5F9B0E2C3"
# A number that does not fit must not become another one.
BROKEN_DATA = {data: APEX + f"!x 60 IN {data}\n" for data in (
    "A", "A 192.0.2", "A 192.0.2.256", "A 192.0.2.1 192.0.2.2", "AAAA 2001:db8::g", "AAAA 2001:db8:::1",
    "CNAME a..b", f"CNAME {LONG}", "SOA ns admin 1 2 3 4", "MX 10x ns", "MX 65536 ns", "MX -1 ns", "MX +1 ns",
    "MX 99999999999999999999 ns", "MX 10", "MX 10 ns ns", 'NS "ns"', 'NS ns"x"', "CNAME x\\256", "SRV 65536 0 0 ns",
    "SRV 0 65536 0 ns", "SRV 0 0 70000 ns", "SRV 0 0 +1 ns", "AFSDB 65536 x", "KX 65536 x", r"TXT a\256",
    'NAPTR 65536 10 "u" "E2U+sip" "" .', 'CAA 256 issue "ca.test"', 'URI 10 65536 "https://x.test"',
    f"DS 65536 13 2 {DIGEST}", f"DS 1 256 2 {DIGEST}", f"DS 1 13 2 {DIGEST[:-1]}", f"DS 1 13 2 {DIGEST[:-1]}G",
    f"CDS 65536 13 2 {DIGEST}", f"TA 65536 13 2 {DIGEST}", f"TA 1 13 2 {DIGEST[:-1]}", f"DS 1 RSASHA 2 {DIGEST}",
    "DS 1 13 2", "SSHFP 1 1", "TLSA 3 1 1", "DNSKEY 257 3 13",
    f"TLSA 256 1 1 {DIGEST}", f"TLSA 3 256 1 {DIGEST}", f"TLSA 3 1 1 {DIGEST[:-1]}", f"SMIMEA 3 1 1 {DIGEST[:-1]}",
    f"ZONEMD 4294967296 1 240 {DIGEST}", f"ZONEMD 1 1 240 {DIGEST[:-1]}", f"SSHFP 1 1 {DIGEST[:-1]}",
    f"SSHFP 256 2 {DIGEST}", "DNSKEY 65536 3 13 AAAA",
    "DNSKEY 257 3 13 AAA?", "DNSKEY 257 3 13 AAAAA", "DNSKEY 257 256 13 AAAA", "DNSKEY 257 3 256 AAAA",
    "RKEY 65536 3 13 AAAA", "CERT 70000 0 0 AAEC", "CERT 1 65536 0 AAEC", "CERT 1 1 256 AAEC", "CERT X509 0 0 AAEC",
    "RRSIG FOO 13 2 60 20260101000000 20250101000000 1 alder.test. AAAA",
    "RRSIG A 13 2 60 20261301000000 20250101000000 1 alder.test. AAAA",
    "RRSIG A 13 2 60 20260101000000 20250101000000 65536 alder.test. AAAA",
    "RRSIG A 13 2 60 20260230000000 20250101000000 1 alder.test. AAAA",
    "RRSIG A 13 2 60 4294967296 20250101000000 1 alder.test. AAAA",
    "RRSIG A 256 2 60 20260101000000 20250101000000 1 alder.test. AAAA",
    "NSEC b A FOO", "NSEC b A TYPE70000", "CSYNC 4294967296 3 A", "CSYNC 66 65536 A", "NSEC3PARAM 1 0 65536 -",
    "NSEC3PARAM 1 0 0 aab", "LOC 91 0 0 N 0 0 0 E 0m", "LOC 52 60 0 N 4 E 1m", "LOC 52 0 60 N 4 E 1m",
    "LOC 90 0 0.001 N 4 E 1m", "LOC 52 0 1.2345 N 4 E 1m", "LOC 52 N 181 E 1m", "LOC 52 N 4 E -100000.01m",
    "LOC 52 N 4 E 42849672.96m", "APL 1:192.0.2.0/33", "APL 2:::/129", "APL 3:00/1", "APL 1:::/1",
    "IPSECKEY 256 0 2 . AQ==", "IPSECKEY 10 1 2 ::1 AQ==", "IPSECKEY 10 0 2 x. AQ==", "AMTRELAY 256 0 0 .",
    "AMTRELAY 10 2 1 192.0.2.1", "AMTRELAY 10 0 1 2001:db8::1", "HIP 256 2001 AwEAAbdx", "HIP 2 200 AwEAAbdx",
    "NID 65536 0014:4fff:ff20:ee64", "NID 10 0014:4fff:ff20", "EUI48 00:00:5e:00:53:2a", "WKS 192.0.2.1 TCP 65536",
    "SVCB 65536 .", "SVCB 1 . port=65536", "SVCB 1 . port=+1", "SVCB 1 . alpn=h2 alpn=h3", "SVCB 1 . alpn=h2,,h3",
    "SVCB 1 . alpn", "SVCB 1 . mandatory=alpn", "SVCB 1 . mandatory=mandatory", "SVCB 1 . foo=1",
    "SVCB 1 . ipv4hint=1.2.3", "SVCB 1 . ech=AAE", r"TYPE65400 \# 4 010203", r"TYPE65400 \# 2 0g02",
    r"TYPE65400 \# 2 010", r"TYPE65400 \# -1", "TYPE65400 010203", r"MX \# 2 000a", r"A \# 3 c00002")}
BROKEN_DATA["SOA 4294967297"] = "!" + APEX.replace("admin 1", "admin 4294967297")
BROKEN_DATA["SOA 1 4294967296"] = "!" + APEX.replace("admin 1 2", "admin 1 4294967296")
BROKEN_DATA["SOA 1 -2"] = "!" + APEX.replace("admin 1 2", "admin 1 -2")
BROKEN_DATA["SOA 1h"] = "!" + APEX.replace("admin 1", "admin 1h")


def broken_zones(table):
    """(zone file, place of the mistake) of each: FILE:LINE, or FILE."""
    for what, texts in table.items():
        files = dict(zip(("zone", "inner"), (texts,) if isinstance(texts, str) else texts))
        place = "zone"
        for name, text in files.items():
            lines = text.split("\n")
            for number, line in enumerate(lines):
                if line.startswith("!"):
                    place = f"{name}:{number + 1}"
                    lines[number] = line[1:]
            files[name] = "\n".join(lines)
        yield ZoneFile(what, "zone", USUAL_ORIGIN, files), place
