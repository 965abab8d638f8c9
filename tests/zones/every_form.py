"""A zone with the presentation forms of all types, those that are often read wrongly above all. BIND reads each."""

DATA = r"""
A 192.0.2.1
A \# 4 C0000201
AAAA 2001:DB8::1
AAAA ::ffff:192.0.2.1
CNAME a\.
CNAME \@
CNAME a\046b.
CNAME n\"s
PTR @
DNAME .
MX 010 ns
MX \# 5 000a 01 61 00
AFSDB 65535 x
RT 10 x
KX 1 x
PX 10 a b
RP a b
MINFO a b
NSAP-PTR foo.
TALINK . b
LP 10 l64-subnet1
SRV 65535 0 443 Ns
NAPTR 100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp.gatech.edu.
NAPTR 100 50 s z3950+I2L+I2C "" .
NAPTR 100 10 "" "" "/urn:cid:.+@([^\\.]+\\.)(.*)$/\\2/i" .
TXT a "b c" d
TXT a"b"
TXT a"b c"d
TXT "a""b"
TXT ""
TXT a\"b "a\"b"
TXT \097\255 a\ b
TXT "a;b(c)" d\;e
TXT ( "several"
  lines ) ; a comment
SPF "v=spf1 -all"
NINFO "a" b
AVC a"b"
RESINFO qnamemin exterr=15-17 infourl=https://resolver.example.com/guide
HINFO PC-Intel-700mhz "Redhat Linux 7.1"
X25 "311061700956"
ISDN "150862028003217"
ISDN 150862028003217 004
GPOS -32.6882 116.8652 10.0
CAA 0 issue "ca.test"
CAA 0 issue ca.test
CAA 128 iodef "mailto:a@b"
CAA 0 issue "ca.test\; policy=ev"
CAA 0 issue ""
URI 10 1 "ftp://ftp1.example.com/public"
DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
DS 60485 RSASHA1 1 2bb183af5f22588179a53b0a 98631FAD1A292118
CDS 0 0 0 00
CDNSKEY 0 3 0 AA==
DLV 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
TA 60485 RSASHA256 1 2BB183AF5F22588179A53B0A98631FAD1A292118
KEY 256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3
RKEY 0 255 1 AQMFD5raczCJHViKtLYhWGz8
DNSKEY 256 3 RSASHA256 AQPSKmynfzW4 kyBv015MUG2DeIQ3
RRSIG A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WN
RRSIG TYPE65280 13 2 60 1000 4294967295 65535 o. AAAA
NSEC host.example.com. A MX RRSIG NSEC TYPE1234
NSEC b mx a type1 MX
CSYNC 66 3 A NS AAAA
ZONEMD 1 1 240 e2d523f6 54b9422a96c5a8f44607bbee
TLSA 3 1 1 d2abde24 0d7cd3ee
SMIMEA 255 255 255 00
SSHFP 2 1 123456789abcdef67890123456789abcdef67890
CERT 65535 65535 255 AAEC
CERT PKIX 2 RSASHA256 AAEC
CERT IPKIX 2 0 AAEC
CERT uri 0 0 AAEC
DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
OPENPGPKEY AAEC AwQ=
IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
IPSECKEY 10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
IPSECKEY 10 3 2 mygateway.example.com. AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
IPSECKEY 10 2 2 2001:0DB8:0:8002::2000:1 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
AMTRELAY 10 0 0 .
AMTRELAY 10 0 1 203.0.113.15
AMTRELAY 10 1 2 2001:db8::15
AMTRELAY 128 1 3 amtrelays.example.com.
HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdx
HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs1.example.com. rvs2
EUI48 00-00-5e-00-53-2A
EUI64 00-00-5e-ef-10-00-00-2a
NID 10 0014:4fff:ff20:ee64
L64 10 2001:0DB8:1140:1000
L32 10 10.1.2.0
EID e32c6f78163a9348
NIMLOC 75234159eac457
NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00
WKS 10.0.0.1 TCP 25 80
APL 1:192.0.2.0/32 !1:10.0.0.0/8 2:2001:db8::/32
APL 1:0.0.0.0/0 !2:::/0
APL 1:192.0.2.1/24
LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
LOC 42 21 43.952 N 71 5 6.344 W -24m 1m 200m
LOC 52 1 N 4 E 1m
LOC 90 N 180 W -100000.00m
LOC 0 0 0.001 S 0 0 59.999 E 42849672.95m 90000000.00m .01m
SVCB 0 foo.example.com.
SVCB 1 . alpn="h2,h3" port="8443"
SVCB 1 foo.example.com. key667="hello\210qoo"
SVCB 1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"
SVCB 16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1
SVCB 16 foo.example.org. alpn="f\\\\oo\\,bar,h2"
SVCB 1 . key667="a;b c"
HTTPS 1 . ech=AAEC key65534 key10=
HTTPS 1 . alpn=h2 dohpath=/q{?dns}
TYPE65400 \# 3 01 02(03)
TYPE65400 \# 0
"""


def zone():
    """Each at a name of its own."""
    text, number = "@ 60 IN SOA ns admin 1 1h30m 2W 3d4h 5s\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n", 0
    for line in DATA.strip().split("\n"):
        if not line.startswith(" "):
            number += 1
            line = f"x{number} 60 IN {line}"
        text += line + "\n"
    return text
