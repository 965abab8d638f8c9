// Tests of whole messages: sections, decompression inside rdata, limits.
#include <doctest/doctest.h>

#include "dns/testing.h"

namespace portolan::dns {
namespace {

// An answer to "x.a. CNAME" as RFC 1035 section 4.1.4 compresses: every later name points back.
constexpr const char* kAnswer =
    "0001 8580 0001 0002 0001 0002  0178 0161 00 0005 0001"
    "c00c 0005 0001 0000003c 0004 0179 c00e"                                                      // x.a. CNAME y.a.
    "0179 c00e 000f 0001 0000003c 0006 000a 016d c00e"                                            // y.a. MX 10 m.a.
    "c00e 0006 0001 0000003c 001b 026e73 c00e c00c 00000001 00000002 00000003 00000004 00000005"  // a. SOA ns.a. x.a.
                                                                                                  // ..
    "016d c00e 0001 0001 0000003c 0004 c0000201"                                                  // m.a. A 192.0.2.1
    "00 0029 0200 01008000 0004 000f 0000";

TEST_CASE("message: sections are read and names in rdata put together") {
  Arena arena;
  ParsedMessage message;
  auto packet = from_hex(kAnswer);
  packet[packet.size() - 4] = 0xfd;  // a local option: an EDE of no octets is malformed
  REQUIRE(parse_message(packet, arena, message));
  packet.assign(packet.size(), 0xee);  // what was read does not lie in the packet
  CHECK(message.header.aa);
  REQUIRE(message.questions.size() == 1);
  CHECK(message.questions[0].name.text() == "x.a.");
  REQUIRE(message.answer.size() == 2);
  CHECK(record_text(message.answer[0]) == "x.a.\t60\tIN\tCNAME\ty.a.");
  CHECK(record_text(message.answer[1]) == "y.a.\t60\tIN\tMX\t10 m.a.");
  REQUIRE(message.authority.size() == 1);
  CHECK(record_text(message.authority[0]) == "a.\t60\tIN\tSOA\tns.a. x.a. 1 2 3 4 5");
  REQUIRE(message.additional.size() == 1);
  CHECK(record_text(message.additional[0]) == "m.a.\t60\tIN\tA\t192.0.2.1");
  REQUIRE(message.edns);
  CHECK(message.edns->udp_size == 512);
  CHECK(message.edns->dnssec_ok);
  CHECK(message.rcode() == 16);
  CHECK(message.edns->options.size() == 1);
  CHECK(message.tsig_offset == 0);
}

TEST_CASE("message: every cut of a good message is refused or shorter, never read beyond") {
  const auto whole = from_hex(kAnswer);
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    Arena arena;
    ParsedMessage message;
    CAPTURE(size);
    if (!parse_message(cut, arena, message)) continue;
    // Only ends of records are ends of messages.
    const bool bare = size == kHeaderSize;
    CHECK(message.questions.size() == (bare ? 0 : 1));
    CHECK((bare || size == 21 || size == 37 || size == 57 || size == 96 || size == 114));
  }
}

TEST_CASE("message: what is malformed in rdata is refused") {
  struct {
    const char *about, *record;
  } const cases[] = {
      {"a CNAME that points to itself", "00 0005 0001 00000000 0002 c01c"},
      {"a CNAME with octets behind the name", "00 0005 0001 00000000 0002 0000"},
      {"a CNAME longer than the rdata", "00 0005 0001 00000000 0002 0561 6162636465 00"},
      {"an AAAA of 4 octets", "00 001c 0001 00000000 0004 01020304"},
      {"a NAPTR string beyond the end", "00 0023 0001 00000000 0006 0001 0002 0561"},
      {"NSEC windows out of order", "00 002f 0001 00000000 0007 00 010101 000101"},
      {"an SVCB key twice", "00 0040 0001 00000000 000f 0001 00 0003 0002 01bb 0003 0002 01bb"},
      {"an SVCB port of one octet", "00 0040 0001 00000000 0008 0001 00 0003 0001 01"},
      {"an SVCB value beyond the end", "00 0040 0001 00000000 0008 0001 00 0003 0002 01"},
      {"an APL of family 3", "00 002a 0001 00000000 0005 0003 08 01 0a"},
      {"an APL with a zero at the end", "00 002a 0001 00000000 0006 0001 10 02 0a00"},
      {"an NSEC3 salt beyond the end", "00 0032 0001 00000000 0006 01 00 0001 04 aa"},
      {"an owner without an end", "0161"},
  };
  for (const auto& test : cases) {
    CAPTURE(test.about);
    Arena arena;
    ParsedMessage message;
    const auto packet = from_hex(std::string("0001 8180 0001 0001 0000 0000 00 0001 0001") + test.record);
    CHECK_FALSE(parse_message(packet, arena, message));
    CHECK(message.questions.size() == 1);
  }
}

TEST_CASE("message: good rdata of many types is read as it is") {
  const char* const texts[] = {
      ". 5 IN NAPTR 100 10 \"U\" \"E2U+sip\" \"!^.*$!sip:x@example.org!\" x.",
      ". 5 IN HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1",
      ". 5 IN NSEC a. A NS SOA MX TYPE1234",
      ". 5 IN NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS",
      ". 5 IN APL 1:192.0.2.0/24 !2:2001:db8::/32",
      ". 5 IN CAA 0 issue \"ca.example.net\"",
      ". 5 IN LOC 52 22 23.000 N 04 53 32.000 E -2.00m 0.00m 10000m 10m",
      ". 5 IN TYPE65280 \\# 3 787a79",
      ". 5 IN RRSIG A 8 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip",
  };
  for (const char* text : texts) {
    CAPTURE(text);
    const OwnedRecord original = record(text);
    const Record view = original.view();
    MessageParts parts;
    parts.answer = {&view, 1};
    std::vector<uint8_t> out(600);
    out.resize(encode(parts, out, 600));
    Arena arena;
    ParsedMessage message;
    REQUIRE(parse_message(out, arena, message));
    REQUIRE(message.answer.size() == 1);
    CHECK(to_hex(message.answer[0].rdata) == to_hex(view.rdata));
  }
}

TEST_CASE("message: the place of a TSIG is given") {
  Arena arena;
  ParsedMessage message;
  const auto packet = from_hex(
      "0001 8180 0001 0000 0000 0001 00 0001 0001"
      "016b00 00fa 00ff 00000000 001d 0b686d61632d736861323536 00 00006553f100 012c 0000 2418 0000 0000");
  REQUIRE(parse_message(packet, arena, message));
  CHECK(message.tsig_offset == 17);
  REQUIRE(message.additional.size() == 1);
  CHECK(message.additional[0].type == RRType::tsig);
}

}  // namespace
}  // namespace portolan::dns
