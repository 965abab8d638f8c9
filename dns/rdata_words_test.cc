// Presentation forms of all types. What is accepted is compared with the octets that named-rrchecker of BIND 9.18 gives
// for the text, or miekg/dns 1.1.72 (CoreDNS) for what only that reads; texts with an RFC's number are its examples.
#include "dns/rdata_words.h"

#include <doctest/doctest.h>

#include "dns/testing.h"

namespace portolan::dns {
namespace {

struct Accepted {
  const char *type, *text, *wire;
};

std::span<const uint8_t> octets_of(const std::string& rdata) {
  return {reinterpret_cast<const uint8_t*>(rdata.data()), rdata.size()};
}

// What is read is written so that it is read as the same again.
void accepts(std::initializer_list<Accepted> cases) {
  const Name origin = name("o.");
  for (const Accepted& each : cases) {
    CAPTURE(std::string(each.type));
    CAPTURE(std::string(each.text));
    const RRType type = *parse_type(each.type);
    const auto rdata = parse_rdata(type, each.text, origin);
    REQUIRE_MESSAGE(rdata.has_value(), rdata.error().message);
    CHECK(to_hex(octets_of(*rdata)) == to_hex(from_hex(each.wire)));
    const auto again = parse_rdata(type, rdata_text(type, octets_of(*rdata)), NameView());
    REQUIRE_MESSAGE(again.has_value(), again.error().message);
    CHECK(*again == *rdata);
  }
}

TEST_CASE("rdata words: numbers and names") {
  accepts({
      {"A", "192.0.2.1", "c0000201"},
      {"AAAA", "2001:DB8::1", "20010db8000000000000000000000001"},
      {"AAAA", "::ffff:192.0.2.1", "00000000000000000000ffffc0000201"},
      {"NS", "@", "016f00"},
      {"NS", "Ns", "024e73016f00"},
      {"NS", "n\\\"s", "036e2273016f00"},
      {"CNAME", "a.b.", "0161016200"},
      {"CNAME", "\\@", "0140016f00"},
      {"CNAME", "a\\.", "02612e016f00"},
      {"CNAME", "a\\046b.", "03612e6200"},
      {"PTR", "h", "0168016f00"},
      {"DNAME", ".", "00"},
      {"MX", "0 .", "000000"},
      {"MX", "65535 ns", "ffff026e73016f00"},
      {"MX", "010 ns", "000a026e73016f00"},
      {"AFSDB", "1 x", "00010178016f00"},
      {"RT", "10 x", "000a0178016f00"},
      {"KX", "1 x", "00010178016f00"},
      {"PX", "10 a b", "000a0161016f000162016f00"},
      {"RP", "a b", "0161016f000162016f00"},
      {"MINFO", "a b", "0161016f000162016f00"},
      {"NSAP-PTR", "foo.", "03666f6f00"},
      {"TALINK", ". b", "000162016f00"},
      {"LP", "10 l64-subnet1", "000a0b6c36342d7375626e657431016f00"},
      {"SRV", "65535 0 443 Ns", "ffff000001bb024e73016f00"},
      {"NAPTR", "100 50 \"s\" \"z3950+I2L+I2C\" \"\" _z3950._tcp.gatech.edu.",
       "0064003201730d7a333935302b49324c2b49324300065f7a33393530045f746370066761746563680365647500"},
      {"NAPTR", "100 50 s z3950+I2L+I2C \"\" .", "0064003201730d7a333935302b49324c2b4932430000"},  // BIND alone
      {"NAPTR", "100 10 \"\" \"\" \"/urn:cid:.+@([^\\\\.]+\\\\.)(.*)$/\\\\2/i\" .",
       "0064000a0000202f75726e3a6369643a2e2b40285b5e5c2e5d2b5c2e29282e2a29242f5c322f6900"},
      {"SOA", "a b 4294967295 1 2 3 4", "0161016f000162016f00ffffffff00000001000000020000000300000004"},
      {"SOA", "a b 1 1h30m 2W 3d4h 5s", "0161016f000162016f0000000001000015180012750000042cc000000005"},
      {"SOA", "a b 1 1h30 0 0 0", "0161016f000162016f000000000100000e2e000000000000000000000000"},  // CoreDNS alone
      {"UID", "4294967295", "ffffffff"},                                                            // CoreDNS alone
      {"GID", "1", "00000001"},                                                                     // CoreDNS alone
  });
}

TEST_CASE("rdata words: strings, quoted or not") {
  accepts({
      {"TXT", "a", "0161"},
      {"TXT", "a \"b c\" d", "0161036220630164"},
      {"TXT", "a\"b\"", "01610162"},
      {"TXT", "a\"b c\"d", "0161036220630164"},
      {"TXT", "\"a\"\"b\"", "01610162"},
      {"TXT", "a\"\"b", "0161000162"},
      {"TXT", "\"\"", "00"},
      {"TXT", "a\\\"b \"a\\\"b\"", "0361226203612262"},
      {"TXT", "\\097\\255 a\\ b", "0261ff03612062"},
      {"TXT", "\"a;b(c)\" d\\;e", "06613b6228632903643b65"},
      {"TXT", "\"\\#\" 3", "01230133"},
      {"SPF", "\"v=spf1 -all\"", "0b763d73706631202d616c6c"},
      {"NINFO", "\"a\" b", "01610162"},
      {"AVC", "a\"b\"", "01610162"},
      // RFC 9606 section 6
      {"RESINFO", "qnamemin exterr=15-17 infourl=https://resolver.example.com/guide",
       "08716e616d656d696e0c6578746572723d31352d31372a696e666f75726c3d68747470733a2f2f7265736f6c7665722e6578616d706c652"
       "e636f6d2f6775696465"},
      {"HINFO", "PC-Intel-700mhz\"Redhat Linux 7.1\"",
       "0f50432d496e74656c2d3730306d687a10526564686174204c696e757820372e31"},
      {"HINFO", "PC-Intel-700mhz \"Redhat Linux 7.1\"",
       "0f50432d496e74656c2d3730306d687a10526564686174204c696e757820372e31"},
      {"X25", "\"311061700956\"", "0c333131303631373030393536"},  // BIND alone
      {"ISDN", "\"150862028003217\"", "0f313530383632303238303033323137"},
      {"ISDN", "150862028003217 004", "0f31353038363230323830303332313703303034"},
      {"GPOS", "-32.6882 116.8652 10.0", "082d33322e36383832083131362e383635320431302e30"},
      {"UINFO", "x", "0178"},  // CoreDNS alone
      {"CAA", "0 issue \"ca.test\"", "0005697373756563612e74657374"},
      {"CAA", "0 issue ca.test", "0005697373756563612e74657374"},
      {"CAA", "128 iodef \"mailto:a@b\"", "8005696f6465666d61696c746f3a614062"},
      {"CAA", "0 issue \"ca.test\\; policy=ev\"", "0005697373756563612e746573743b20706f6c6963793d6576"},
      {"CAA", "0 issue \"\"", "00056973737565"},
      {"URI", "10 1 \"ftp://ftp1.example.com/public\"",
       "000a00016674703a2f2f667470312e6578616d706c652e636f6d2f7075626c6963"},
      {"URI", "10 1 ftp://ftp1.example.com/public",
       "000a00016674703a2f2f667470312e6578616d706c652e636f6d2f7075626c6963"},  // CoreDNS alone
  });
}

TEST_CASE("rdata words: DNSSEC and certificates") {
  accepts({
      {"DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118", "ec4505012bb183af5f22588179a53b0a98631fad1a292118"},
      {"DS", "60485 RSASHA1 1 2bb183af5f22588179a53b0a 98631FAD1A292118",
       "ec4505012bb183af5f22588179a53b0a98631fad1a292118"},
      {"DS", "1 ECDSAP256SHA256 2 00", "00010d0200"},  // CoreDNS alone
      {"DS", "1 ed25519 2 00", "00010f0200"},          // CoreDNS alone
      // RFC 8078 section 4, with its erratum
      {"CDS", "0 0 0 00", "0000000000"},
      {"CDNSKEY", "0 3 0 AA==", "0000030000"},
      {"DLV", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118", "ec4505012bb183af5f22588179a53b0a98631fad1a292118"},
      {"TA", "60485 RSASHA256 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
       "ec4508012bb183af5f22588179a53b0a98631fad1a292118"},
      {"KEY", "256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3", "010003050103d22a6ca77f35b893206fd35e4c506d83788437"},
      {"RKEY", "0 255 1 AQMFD5raczCJHViKtLYhWGz8", "0000ff010103050f9ada7330891d588ab4b621586cfc"},
      {"DNSKEY", "256 3 RSASHA256 AQPSKmynfzW4 kyBv015MUG2DeIQ3",
       "010003080103d22a6ca77f35b893206fd35e4c506d83788437"},  // BIND alone
      {"RRSIG", "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WN",
       "00010503000151803e7c9dd73e5510d70a52076578616d706c6503636f6d00a090755ba58d"},
      {"RRSIG", "TYPE65280 13 2 60 1000 4294967295 65535 o. AAAA", "ff000d020000003c000003e8ffffffffffff016f00000000"},
      {"RRSIG", "a RSASHA256 2 60 20240229235959 20380119031408 1 @ AAAA",
       "000108020000003c65e11a7f800000000001016f00000000"},
      {"SIG", "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WN",
       "00010503000151803e7c9dd73e5510d70a52076578616d706c6503636f6d00a090755ba58d"},
      {"NSEC", "host.example.com. A MX RRSIG NSEC TYPE1234",
       "04686f7374076578616d706c6503636f6d000006400100000003041b00000000000000000000000000000000000000000000000000002"
       "0"},
      {"NSEC", "b mx a type1 MX", "0162016f0000024001"},  // BIND alone
      {"NSEC", "b", "0162016f00"},                        // CoreDNS alone
      {"NSEC3", "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG",
       "0101000c04aabbccdd14174eb2409fe28bcb4887a1836f957f0a8425e27b0006400000000002"},
      {"NSEC3", "1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR", "010000000014174eb2409fe28bcb4887a1836f957f0a8425e27b"},
      {"NSEC3PARAM", "1 0 12 aabbccdd", "0100000c04aabbccdd"},
      {"NSEC3PARAM", "1 0 65535 -", "0100ffff00"},
      {"CSYNC", "66 3 A NS AAAA", "000000420003000460000008"},
      {"ZONEMD", "2018031500 1 240 e2d523f6 54b9422a96c5a8f44607bbee", "7848b78c01f0e2d523f654b9422a96c5a8f44607bbee"},
      {"TLSA", "3 1 1 d2abde24 0d7cd3ee", "030101d2abde240d7cd3ee"},
      {"SMIMEA", "255 255 255 00", "ffffff00"},
      {"SSHFP", "2 1 123456789abcdef67890123456789abcdef67890", "0201123456789abcdef67890123456789abcdef67890"},
      {"CERT", "65535 65535 255 AAEC", "ffffffffff000102"},
      {"CERT", "PKIX 2 RSASHA256 AAEC", "0001000208000102"},
      {"CERT", "IPKIX 2 0 AAEC", "0004000200000102"},  // BIND alone
      {"CERT", "IPIX 2 0 AAEC", "0004000200000102"},   // CoreDNS alone
      {"CERT", "uri 0 0 AAEC", "00fd000000000102"},    // BIND alone
      {"DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
       "000201636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40"},
      {"OPENPGPKEY", "AAEC AwQ=", "0001020304"},
  });
}

TEST_CASE("rdata words: fields of a few types") {
  accepts({
      // RFC 4025 section 3.2
      {"IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
       "0a0102c0000226010351537986ed35533b6064478eeeb27b5bd74dae149b6e81ba3a0521af82ab7801"},
      {"IPSECKEY", "10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
       "0a0002010351537986ed35533b6064478eeeb27b5bd74dae149b6e81ba3a0521af82ab7801"},
      {"IPSECKEY", "10 3 2 mygateway.example.com. AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
       "0a0302096d7967617465776179076578616d706c6503636f6d00010351537986ed35533b6064478eeeb27b5bd74dae149b6e81ba3a0521a"
       "f82ab7801"},
      {"IPSECKEY", "10 2 2 2001:0DB8:0:8002::2000:1 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
       "0a020220010db8000080020000000020000001010351537986ed35533b6064478eeeb27b5bd74dae149b6e81ba3a0521af82ab7801"},
      {"IPSECKEY", "10 1 0 192.0.2.38", "0a0100c0000226"},  // CoreDNS alone
      {"HIP", "2 200100107B1A74DF365639CC39F1D578 AwEAAbdx", "10020006200100107b1a74df365639cc39f1d57803010001b771"},
      {"HIP", "2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs1.example.com. rvs2",
       "10020006200100107b1a74df365639cc39f1d57803010001b7710472767331076578616d706c6503636f6d000472767332016f00"},
      {"EUI48", "00-00-5e-00-53-2A", "00005e00532a"},
      {"EUI64", "00-00-5e-ef-10-00-00-2a", "00005eef1000002a"},
      {"NID", "10 0014:4fff:ff20:ee64", "000a00144fffff20ee64"},
      {"NID", "10 14:4fff:ff20:ee64", "000a00144fffff20ee64"},  // BIND alone
      {"L64", "10 2001:0DB8:1140:1000", "000a20010db811401000"},
      {"L32", "10 10.1.2.0", "000a0a010200"},
      {"EID", "e32c6f78163a9348", "e32c6f78163a9348"},
      {"NIMLOC", "75234159eac457", "75234159eac457"},
      {"NSAP", "0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00",
       "47000580005a0000000001e133ffffff00016100"},                       // BIND alone
      {"WKS", "10.0.0.1 TCP 25 80", "0a000001060000004000000000000080"},  // BIND alone
      {"WKS", "10.0.0.1 17 53", "0a0000011100000000000004"},              // BIND alone
      {"APL", "1:192.0.2.0/32 !1:10.0.0.0/8 2:2001:db8::/32", "00012003c00002000108810a0002200420010db8"},
      {"APL", "1:0.0.0.0/0 !2:::/0", "0001000000020080"},
      {"APL", "1:192.0.2.1/24", "00011804c0000201"},  // BIND alone
  });
}

TEST_CASE("rdata words: AMTRELAY") {
  accepts({
      {"AMTRELAY", "10 0 0 .", "0a00"},
      // RFC 8777 section 4.3. miekg/dns loses the relay behind the D bit.
      {"AMTRELAY", "10 1 2 2001:db8::15", "0a8220010db8000000000000000000000015"},  // BIND alone
      {"AMTRELAY", "128 1 3 amtrelays.example.com.",
       "808309616d7472656c617973076578616d706c6503636f6d00"},  // BIND alone
      {"AMTRELAY", "10 0 1 203.0.113.15", "0a01cb00710f"},
  });
}

TEST_CASE("rdata words: places (RFC 1876)") {
  accepts({
      {"LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", "000016138b3cf018810cbce0009895b8"},
      {"LOC", "42 21 54 N 71 06 18 W -24m 30m", "0033161389172dd070be15f000988d20"},
      {"LOC", "42 21 43.952 N 71 5 6.344 W -24m 1m 200m", "001224138917069070bf2dd800988d20"},
      {"LOC", "52 1 N 4 E 1m", "001216138b295c6080dbba00009896e4"},  // BIND alone
      {"LOC", "52 n 4 w 1.5", "001216138b2872007f24460000989716"},   // CoreDNS alone
      {"LOC", "90 N 180 W -100000.00m", "00121613934fd90059604e0000000000"},
      {"LOC", "0 0 0.001 S 0 0 59.999 E 42849672.95m 90000000.00m .01m", "009910137fffffff8000ea5fffffffff"},
      {"LOC", "52 N 4 E +1m", "001216138b28720080dbba00009896e4"},
  });
}

TEST_CASE("rdata words: a TXT string of more than 255 octets is several") {
  const Name origin = name("o.");
  const std::string fives(510, '5'), six = fives + "6";
  const std::string escaped = "\\053" + fives.substr(1);
  for (const std::string& text : {fives, "\"" + fives + "\"", escaped}) {
    const auto rdata = parse_rdata(RRType::txt, text, origin);
    REQUIRE(rdata.has_value());
    CHECK(*rdata == "\xff" + fives.substr(0, 255) + "\xff" + fives.substr(255));
  }
  CHECK(*parse_rdata(RRType::txt, six, origin) ==
        "\xff" + fives.substr(0, 255) + "\xff" + fives.substr(255) + "\x01" + "6");
  CHECK(parse_rdata(RRType::hinfo, "a " + fives, origin).error().message == "HINFO OS is longer than 255 octets");
  // RFC 8659 section 4.1: a CAA value has no length octet.
  CHECK(*parse_rdata(RRType::caa, "0 issue \"" + fives + "\"", origin) == std::string("\0\5issue", 7) + fives);
  const std::string most(70000, 'a');
  CHECK(parse_rdata(RRType::txt, most, origin).error().message == "TXT data of more than 65535 octets");
}

TEST_CASE("rdata words: SVCB parameters (RFC 9460 appendix D.2)") {
  accepts({
      {"HTTPS", "0 foo.example.com.", "0000 03666f6f076578616d706c6503636f6d00"},
      {"SVCB", "1 .", "0001 00"},
      {"SVCB", "16 foo.example.com. port=53", "0010 03666f6f076578616d706c6503636f6d00 0003 0002 0035"},
      {"SVCB", "1 foo.example.com. key667=hello", "0001 03666f6f076578616d706c6503636f6d00 029b 0005 68656c6c6f"},
      {"SVCB", "1 foo.example.com. key667=\"hello\\210qoo\"",
       "0001 03666f6f076578616d706c6503636f6d00 029b 0009 68656c6c6fd2716f6f"},
      {"SVCB", "1 foo.example.com. ipv6hint=\"2001:db8::1,2001:db8::53:1\"",
       "0001 03666f6f076578616d706c6503636f6d00 0006 0020 20010db8000000000000000000000001 "
       "20010db8000000000000000000530001"},
      {"SVCB", "1 example.com. ipv6hint=\"2001:db8:122:344::192.0.2.33\"",
       "0001 076578616d706c6503636f6d00 0006 0010 20010db80122034400000000c0000221"},
      {"SVCB", "16 foo.example.org. (alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1)",
       "0010 03666f6f076578616d706c65036f726700 0000 0004 0001 0004 0001 0009 0268320568332d3139 0004 0004 c0000201"},
      {"SVCB", "16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
       "0010 03666f6f076578616d706c65036f726700 0001 000c 08665c6f6f2c626172026832"},
      {"SVCB", "16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2",
       "0010 03666f6f076578616d706c65036f726700 0001 000c 08665c6f6f2c626172026832"},
  });
}

TEST_CASE("rdata words: other SVCB parameters") {
  accepts({
      {"SVCB", "1 . alpn=\"h2,h3\" port=\"8443\"", "000100 0001 0006 026832026833 0003 0002 20fb"},
      {"SVCB", "1 . no-default-alpn=\"\" alpn=h2", "000100 0001 0003 026832 0002 0000"},
      {"SVCB", "1 . ech=AAEC key65534 key10=", "000100 0005 0003 000102 000a 0000 fffe 0000"},
      // RFC 9461 section 5, RFC 9540 section 4
      {"SVCB", "1 . alpn=h2 dohpath=/q{?dns} ohttp", "000100 0001 0003 026832 0007 0008 2f717b3f646e737d 0008 0000"},
      {"SVCB", "1 . key7=/q key8", "000100 0007 0002 2f71 0008 0000"},
      {"SVCB", "1 . key667=\"a;b c\"", "000100 029b 0005 613b622063"},
      {"SVCB", "1 . key667=a\\;b\\ c", "000100 029b 0005 613b622063"},
  });
}

TEST_CASE("rdata words: octets in place of any form (RFC 3597 section 5)") {
  accepts({
      {"TYPE65400", "\\# 3 010203", "010203"},
      {"TYPE65400", "\\# 3 01 02(03)", "010203"},
      {"TYPE65400", "\\# 0", ""},
      {"A", "\\# 4 C0000201", "c0000201"},
      {"MX", "\\# 5 000a 01 61 00", "000a016100"},
      {"TXT", "\\# 3 026162", "026162"},
      {"SVCB", "\\# 9 0001 00 0003 0002 0050", "0001000003 00020050"},
      {"NULL", "\\# 2 0102", "0102"},
  });
}

TEST_CASE("rdata words: what is wrong is refused, and the message names the field") {
  const struct {
    const char *type, *text, *message;
  } cases[] = {
      {"A", "192.0.2", "A address \"192.0.2\" is no IPv4 address"},
      {"A", "192.0.2.010", "A address \"192.0.2.010\" is no IPv4 address"},
      {"A", "::1", "A address \"::1\" is no IPv4 address"},
      {"A", "\"192.0.2.1\"", "A address \"192.0.2.1\" must not be quoted"},
      {"A", "192.0.2.1 192.0.2.2", "A data goes on behind its end: \"192.0.2.2\""},
      {"AAAA", "192.0.2.1", "AAAA address \"192.0.2.1\" is no IPv6 address"},
      {"AAAA", "1::2::3", "AAAA address \"1::2::3\" is no IPv6 address"},
      {"NS", "\"ns\"", "NS host \"ns\" must not be quoted"},
      {"NS", "ns\"x\"", "NS host: bad name \"ns\"x\"\": quoted"},
      {"CNAME", "a..b", "CNAME target: bad name \"a..b\": empty label"},
      {"CNAME", "a\\256", "CNAME target: bad name \"a\\256\": broken escape"},
      {"MX", "65536 ns", "MX preference 65536 is not within 0 to 65535"},
      {"MX", "99999999999999999999999 ns", "MX preference 99999999999999999999999 is not within 0 to 65535"},
      {"MX", "-1 ns", "MX preference \"-1\" is no number"},
      {"MX", "+1 ns", "MX preference \"+1\" is no number"},
      {"MX", "0x10 ns", "MX preference \"0x10\" is no number"},
      {"MX", "10", "MX exchange is missing"},
      {"SRV", "65536 0 0 ns", "SRV priority 65536 is not within 0 to 65535"},
      {"SRV", "0 65536 0 ns", "SRV weight 65536 is not within 0 to 65535"},
      {"SRV", "0 0 65536 ns", "SRV port 65536 is not within 0 to 65535"},
      {"NAPTR", "65536 1 \"\" \"\" \"\" .", "NAPTR order 65536 is not within 0 to 65535"},
      {"NAPTR", "1 65536 \"\" \"\" \"\" .", "NAPTR preference 65536 is not within 0 to 65535"},
      {"NAPTR", "1 1 u s r\"x\" .", "NAPTR replacement \"\"x\"\" is no word of its own"},
      {"CAA", "0 issue a\"b\"", "CAA data goes on behind its end: \"\"b\"\""},
      {"SOA", "a b 4294967296 2 3 4 5", "SOA serial 4294967296 is not within 0 to 4294967295"},
      {"SOA", "a b 1h 2 3 4 5", "SOA serial \"1h\" is no number"},
      {"SOA", "a b 1 4294967296 3 4 5", "SOA refresh 4294967296 is not within 0 to 4294967295"},
      {"SOA", "a b 1 2 7102w 4 5", "SOA retry \"7102w\" is no number of seconds, nor a time as in 1h30m, of 32 bits"},
      {"SOA", "a b 1 2 3 h 5", "SOA expire \"h\" is no number of seconds, nor a time as in 1h30m, of 32 bits"},
      {"SOA", "a b 1 2 3 4", "SOA minimum is missing"},
      {"TXT", "a\\256", "TXT string \"a\\256\" is no string: a quote or an escape is broken"},
      {"TXT", "a\\25", "TXT string \"a\\25\" is no string: a quote or an escape is broken"},
      {"CAA", "256 issue \"ca.test\"", "CAA flags 256 is not within 0 to 255"},
      {"CAA", "0 is-sue \"ca.test\"", "CAA tag \"is-sue\" is no word of letters and digits"},
      {"CAA", "0 issue a b", "CAA data goes on behind its end: \"b\""},
      {"URI", "10 65536 \"x\"", "URI weight 65536 is not within 0 to 65535"},
      {"DS", "65536 13 2 00", "DS key tag 65536 is not within 0 to 65535"},
      {"DS", "1 256 2 00", "DS algorithm 256 is not within 0 to 255"},
      {"DS", "1 RSASHA 2 00", "DS algorithm \"RSASHA\" is no number or mnemonic"},
      {"DS", "1 13 2 000", "DS digest has an odd number of hexadecimal digits"},
      {"DS", "1 13 2 0G", "DS digest \"0G\" is no hexadecimal number"},
      {"DS", "1 13 2", "DS digest is missing"},
      {"CDS", "0 0 0 0", "CDS digest has an odd number of hexadecimal digits"},
      {"TLSA", "256 1 1 00", "TLSA usage 256 is not within 0 to 255"},
      {"TLSA", "3 1 1 0", "TLSA data has an odd number of hexadecimal digits"},
      {"SSHFP", "256 2 00", "SSHFP algorithm 256 is not within 0 to 255"},
      {"DNSKEY", "65536 3 13 AAAA", "DNSKEY flags 65536 is not within 0 to 65535"},
      {"DNSKEY", "257 3 13 AAA?", "DNSKEY key \"AAA?\" is no base64"},
      {"DNSKEY", "257 3 13 AAAAA", "DNSKEY key \"AAAAA\" is no base64"},
      {"CERT", "70000 0 0 AAEC", "CERT type 70000 is not within 0 to 65535"},
      {"CERT", "X509 0 0 AAEC", "CERT type \"X509\" is no number or mnemonic"},
      {"RRSIG", "FOO 13 2 60 1 0 1 o. AAAA", "RRSIG type covered \"FOO\" is no record type"},
      {"RRSIG", "None 13 2 60 1 0 1 o. AAAA", "RRSIG type covered \"None\" is no record type"},
      {"RRSIG", "A 13 2 60 20261301000000 0 1 o. AAAA",
       "RRSIG expiration \"20261301000000\" is no time as in YYYYMMDDHHmmSS"},
      {"RRSIG", "A 13 2 60 20260230000000 0 1 o. AAAA",
       "RRSIG expiration \"20260230000000\" is no time as in YYYYMMDDHHmmSS"},
      {"RRSIG", "A 13 2 60 1 2026010100000 1 o. AAAA", "RRSIG inception 2026010100000 is not within 0 to 4294967295"},
      {"RRSIG", "A 13 2 60 1 0 65536 o. AAAA", "RRSIG key tag 65536 is not within 0 to 65535"},
      {"NSEC", "b A FOO", "NSEC type \"FOO\" is no record type"},
      {"NSEC", "b A TYPE70000", "NSEC type \"TYPE70000\" is no record type"},
      {"NSEC3", "1 0 0 aab 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR", "NSEC3 salt has an odd number of hexadecimal digits"},
      {"NSEC3", "1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJW",
       "NSEC3 next hash \"2T7B4G4VSA5SMI47K61MV5BV1A22BOJW\" is no base32hex (RFC 4648 section 7)"},
      {"NSEC3PARAM", "1 0 65536 -", "NSEC3PARAM iterations 65536 is not within 0 to 65535"},
      {"LOC", "91 0 0 N 0 0 0 E 0m", "LOC latitude 91 is not within 0 to 90"},
      {"LOC", "90 0 0.001 N 0 E 0m", "LOC latitude is more than 90 degrees"},
      {"LOC", "52 60 0 N 4 E 1m", "LOC latitude minutes 60 is not within 0 to 59"},
      {"LOC", "52 0 60 N 4 E 1m", "LOC latitude seconds 60 is out of range"},
      {"LOC", "52 0 1.2345 N 4 E 1m", "LOC latitude seconds \"1.2345\" is no number with up to 3 decimals"},
      {"LOC", "52 0 0 E 4 E 1m", "LOC latitude ends in \"E\", not in N or S"},
      {"LOC", "52 N 181 E 1m", "LOC longitude 181 is not within 0 to 180"},
      {"LOC", "52 N 4 E -100000.01m", "LOC altitude 100000.01 is out of range"},
      {"LOC", "52 N 4 E 42849672.96m", "LOC altitude 42849672.96 is out of range"},
      {"LOC", "52 N 4 E m", "LOC altitude \"\" is no number with up to 2 decimals"},
      {"LOC", "52 N 4 E 1m 90000000.01m", "LOC size 90000000.01 is out of range"},
      {"LOC", "52 N 4 E 1m 1m 1m 1m 1m", "LOC data goes on behind its end: \"1m\""},
      {"APL", "1:192.0.2.0/33", "APL prefix length 33 is not within 0 to 32"},
      {"APL", "2:::/129", "APL prefix length 129 is not within 0 to 128"},
      {"APL", "3:00/1", "APL address family 3 is not 1 or 2"},
      {"APL", "1:::/1", "APL address \"::\" is no IPv4 address"},
      {"APL", "1:192.0.2.0", "APL prefix \"1:192.0.2.0\" is no FAMILY:ADDRESS/LENGTH"},
      {"IPSECKEY", "10 4 2 . AQ==", "IPSECKEY gateway type 4 is not within 0 to 3"},
      {"IPSECKEY", "10 0 2 x. AQ==", "IPSECKEY gateway of type 0 has to be \".\", not \"x.\""},
      {"IPSECKEY", "10 1 2 ::1 AQ==", "IPSECKEY gateway \"::1\" is no IPv4 address"},
      {"AMTRELAY", "10 2 1 203.0.113.15", "AMTRELAY discovery 2 is not within 0 to 1"},
      {"AMTRELAY", "256 0 0 .", "AMTRELAY precedence 256 is not within 0 to 255"},
      {"HIP", "2 2001001 AwEAAbdx", "HIP host identity tag has an odd number of hexadecimal digits"},
      {"EUI48", "00:00:5e:00:53:2a", "EUI48 address \"00:00:5e:00:53:2a\" is no address of six octets"},
      {"NID", "10 0014:4fff:ff20", "NID identifier \"0014:4fff:ff20\" is no node identifier"},
      {"NID", "10 0014:4fff:ff20:ee64:1", "NID identifier \"0014:4fff:ff20:ee64:1\" is no node identifier"},
      {"NSAP", "0x4", "NSAP address has an odd number of hexadecimal digits"},
      {"WKS", "10.0.0.1 TCP nosuchservice", "WKS service \"nosuchservice\" is no number"},
      {"WKS", "10.0.0.1 TCP 65536", "WKS service 65536 is not within 0 to 65535"},
      {"SVCB", "65536 .", "SVCB priority 65536 is not within 0 to 65535"},
      {"SVCB", "1 . port=65536", "SVCB parameter port 65536 is not within 0 to 65535"},
      {"SVCB", "1 . port=+1", "SVCB parameter port \"+1\" is no number"},
      {"SVCB", "1 . alpn=h2 alpn=h3", "SVCB parameter alpn is there twice"},
      {"SVCB", "1 . alpn=h2,,h3", "SVCB parameter alpn \"h2,,h3\" is no list with commas between"},
      {"SVCB", "1 . foo=1", "SVCB parameter \"foo\" is no known key"},
      {"SVCB", "1 . key3=443", "SVCB parameter \"key3\" is no known key"},
      {"SVCB", "1 . key0667=x", "SVCB parameter \"key0667\" is no known key"},
      {"SVCB", "1 . key65535=x", "SVCB parameter \"key65535\" is no known key"},
      {"SVCB", "1 . ipv4hint=1.2.3", "SVCB parameter ipv4hint \"1.2.3\" is no IPv4 address"},
      {"SVCB", "1 . ech=AAE", "SVCB parameter ech \"AAE\" is no base64"},
      {"SVCB", "1 . alpn=\"h2\"x", "SVCB parameter \"alpn=\"h2\"x\" is no KEY, KEY=VALUE or KEY=\"VALUE\""},
      {"SVCB", "1 . \"alpn=h2\"", "SVCB parameter \"alpn=h2\" must not be quoted"},
      // RFC 9460 appendix D.3
      {"SVCB", "1 . key123=abc key123=def", "SVCB parameter key123 is there twice"},
      {"SVCB", "1 . mandatory", "SVCB parameter mandatory \"\" is no list with commas between"},
      {"SVCB", "1 . alpn", "SVCB parameter alpn \"\" is no list with commas between"},
      {"SVCB", "1 . port", "SVCB parameter port \"\" is no number"},
      {"SVCB", "1 . ipv4hint", "SVCB parameter ipv4hint \"\" is no list with commas between"},
      {"SVCB", "1 . ipv6hint", "SVCB parameter ipv6hint \"\" is no list with commas between"},
      {"SVCB", "1 . no-default-alpn=abc", "SVCB parameter no-default-alpn has no value"},
      {"SVCB", "1 . mandatory=key123", "SVCB parameter mandatory has to name other keys of the record, each once"},
      {"SVCB", "1 . mandatory=mandatory", "SVCB parameter mandatory has to name other keys of the record, each once"},
      {"SVCB", "1 . mandatory=key123,key123 key123=abc",
       "SVCB parameter mandatory has to name other keys of the record, each once"},
      {"TYPE65400", "\\# 4 010203", "TYPE65400 data has 3 octets, not 4"},
      {"TYPE65400", "\\# 2 010203", "TYPE65400 data has 3 octets, not 2"},
      {"TYPE65400", "\\# 2 0g02", "TYPE65400 data \"0g02\" is no hexadecimal number"},
      {"TYPE65400", "\\# 1 010", "TYPE65400 data has an odd number of hexadecimal digits"},
      {"TYPE65400", "\\# -1", "TYPE65400 data length \"-1\" is no number"},
      {"TYPE65400", "\\#", "TYPE65400 data length is missing"},
      {"TYPE65400", "010203", "TYPE65400 data has to be written as \\# LENGTH OCTETS (RFC 3597)"},
      {"NULL", "abcd", "NULL data has to be written as \\# LENGTH OCTETS (RFC 3597)"},
      // BIND and CoreDNS have two different forms for this type, which nobody uses (RFC 3755).
      {"NXT", "b A MX", "NXT data has to be written as \\# LENGTH OCTETS (RFC 3597)"},
      {"A", "\\# 3 c00002", "these octets are no A data"},
      {"MX", "\\# 2 000a", "these octets are no MX data"},
      {"MX", "\\# 4 000a c000", "these octets are no MX data"},
      {"TXT", "\\# 0", "these octets are no TXT data"},
      {"NSEC3PARAM", "\\# 5 0100000c04", "these octets are no NSEC3PARAM data"},
      {"SVCB", "\\# 9 0001 00 0003 0003 0050", "these octets are no SVCB data"},
  };
  const Name origin = name("o.");
  for (const auto& each : cases) {
    CAPTURE(std::string(each.type));
    CAPTURE(std::string(each.text));
    const auto rdata = parse_rdata(*parse_type(each.type), each.text, origin);
    REQUIRE(rdata.has_error());
    CHECK(rdata.error().message == each.message);
  }
}

}  // namespace
}  // namespace portolan::dns
