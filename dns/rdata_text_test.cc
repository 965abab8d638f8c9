// Tests of records in presentation form: fields in any order, all types, errors.
#include "dns/rdata_text.h"

#include <doctest/doctest.h>

#include "dns/testing.h"

namespace portolan::dns {
namespace {

TEST_CASE("record text: owner, TTL and class in every order that zone files have") {
  const Name origin = name("example.org."), previous = name("Prev.example.org.");
  struct {
    const char *text, *result;
  } const cases[] = {
      {"www 300 IN A 192.0.2.1", "www.example.org.\t300\tIN\tA\t192.0.2.1"},
      {"www IN 300 A 192.0.2.1", "www.example.org.\t300\tIN\tA\t192.0.2.1"},
      {"www A 192.0.2.1", "www.example.org.\t60\tIN\tA\t192.0.2.1"},
      {"www.\tCH\tTXT\t\"x\"", "www.\t60\tCH\tTXT\t\"x\""},
      {"@ 1h30m A 192.0.2.1", "example.org.\t5400\tIN\tA\t192.0.2.1"},
      {"@ 1W2D3H4M5S A 192.0.2.1", "example.org.\t788645\tIN\tA\t192.0.2.1"},
      {"  A 192.0.2.1", "Prev.example.org.\t60\tIN\tA\t192.0.2.1"},
      {"\t5 in a 192.0.2.1", "Prev.example.org.\t5\tIN\tA\t192.0.2.1"},
      {"a\\.b A 192.0.2.1", "a\\.b.example.org.\t60\tIN\tA\t192.0.2.1"},
      {"a\\. A 192.0.2.1", "a\\..example.org.\t60\tIN\tA\t192.0.2.1"},
      {"a\\\\. A 192.0.2.1", "a\\\\.\t60\tIN\tA\t192.0.2.1"},
      {"*.W CNAME Target", "*.W.example.org.\t60\tIN\tCNAME\tTarget.example.org."},
      {"a\\ b A 192.0.2.1", "a\\ b.example.org.\t60\tIN\tA\t192.0.2.1"},
      {"300 A 192.0.2.1", "300.example.org.\t60\tIN\tA\t192.0.2.1"},
      {"x 0 A 192.0.2.1", "x.example.org.\t0\tIN\tA\t192.0.2.1"},
      {"x CLASS7 TYPE700 \\# 2 abcd", "x.example.org.\t60\tCLASS7\tTYPE700\t\\# 2 abcd"},
      {"x A 192.0.2.1 ; the web server", "x.example.org.\t60\tIN\tA\t192.0.2.1"},
  };
  for (const auto& test : cases) {
    CAPTURE(test.text);
    const auto parsed = parse_record(test.text, origin, 60, previous);
    REQUIRE(parsed.has_value());
    CHECK(record_text(parsed->view()) == test.result);
  }
}

TEST_CASE("record text: what is no record is refused with a reason") {
  for (const char* text : {"",
                           " ",
                           "x",
                           "x 300",
                           "x IN",
                           "x 300 IN",
                           "x BOGUS 1.2.3.4",
                           "x A",
                           "x A 1.2.3",
                           "x A 192.0.2.010",
                           "x A 1.2.3.4 5.6.7.8",
                           "x AAAA 1.2.3.4",
                           "x MX mail",
                           "x 4294967296 A 192.0.2.1",
                           "x 1h1 1h1 A 192.0.2.1",
                           "x..y A 192.0.2.1",
                           "x CNAME a..b",
                           "x TYPE700 abcd",
                           "x TYPE700 \\# 3 abcd",
                           "x SOA a b 1 2 3 4",
                           "x CNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    CAPTURE(text);
    const auto parsed = parse_record(text, name("example.org."), 60);
    REQUIRE_FALSE(parsed.has_value());
    CHECK_FALSE(parsed.error().message.empty());
  }
  const auto parsed = parse_record("x A 1.2.3", name("example.org."), 60);
  CHECK(parsed.error().message.find("A address \"1.2.3\"") == 0);
}

TEST_CASE("record text: a name made too long by the origin is refused") {
  const std::string label(63, 'x');
  const Name origin = name(label + "." + label + "." + label + ".");
  CHECK(parse_record(std::string(61, 'y') + " A 192.0.2.1", origin, 60).has_value());
  CHECK_FALSE(parse_record(std::string(62, 'y') + " A 192.0.2.1", origin, 60).has_value());
}

TEST_CASE("rdata text: wire form from RFCs, and the text it gives") {
  struct {
    const char *type, *text, *wire, *back;
  } const cases[] = {
      {"A", "192.0.2.1", "c0000201", "192.0.2.1"},
      {"A", "\\# 4 C0000201", "c0000201", "192.0.2.1"},
      {"AAAA", "2001:DB8::1", "20010db8000000000000000000000001", "2001:db8::1"},
      {"MX", "10 Mail", "000a 044d61696c 016f 00", "10 Mail.o."},
      {"TXT", "foo \"b ar\" \"\" \"a\\\"b\\\\c\\009\"", "03666f6f 0462206172 00 06612262 5c6309",
       "\"foo\" \"b ar\" \"\" \"a\\\"b\\\\c\\009\""},
      {"SRV", "1 2 3 .", "000100020003 00", "1 2 3 ."},
      {"SOA", "ns admin 1 1h 2m 1w 5", "026e73016f00 0561646d696e016f00 00000001 00000e10 00000078 00093a80 00000005",
       "ns.o. admin.o. 1 3600 120 604800 5"},
      {"CAA", "0 issue \"ca.example\"", "00 056973737565 63612e6578616d706c65", "0 issue \"ca.example\""},
      {"URI", "10 1 \"ftp://x\"", "000a 0001 6674703a2f2f78", "10 1 \"ftp://x\""},
      // RFC 9460 appendix D.2
      {"SVCB", "0 foo.example.com.", "0000 03666f6f076578616d706c6503636f6d00", "0 foo.example.com."},
      {"HTTPS", "16 foo.example.com. port=53", "0010 03666f6f076578616d706c6503636f6d00 0003 0002 0035",
       "16 foo.example.com. port=53"},
      {"SVCB", "1 foo.example.com. key667=hello", "0001 03666f6f076578616d706c6503636f6d00 029b 0005 68656c6c6f",
       "1 foo.example.com. key667=hello"},
      {"HINFO", "cpu \"o s\"", "03637075 036f2073", "\"cpu\" \"o s\""},
      {"TYPE65280", "\\# 3 787A79", "787a79", "\\# 3 787a79"},
      {"ZONEMD", "2018031500 1 1 fe0bfe0bfe0bfe0bfe0bfe0b", "7848b78c 01 01 fe0bfe0bfe0bfe0bfe0bfe0b",
       "2018031500 1 1 fe0bfe0bfe0bfe0bfe0bfe0b"},
      {"NSEC", "host A MX", "04686f7374016f00 0002 4001", "host.o. A MX"},
      {"DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
       "ec45 05 01 2bb183af5f22588179a53b0a98631fad1a292118", "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118"},
  };
  const Name origin = name("o.");
  for (const auto& test : cases) {
    CAPTURE(test.type);
    CAPTURE(test.text);
    const RRType type = *parse_type(test.type);
    const auto rdata = parse_rdata(type, test.text, origin);
    REQUIRE(rdata.has_value());
    const std::span octets(reinterpret_cast<const uint8_t*>(rdata->data()), rdata->size());
    CHECK(to_hex(octets) == to_hex(from_hex(test.wire)));
    CHECK(rdata_text(type, octets) == test.back);
  }
}

TEST_CASE("rdata text: rdata that is not of its type is shown as octets (RFC 3597 section 5)") {
  CHECK(rdata_text(RRType::a, from_hex("010203")) == "\\# 3 010203");
  CHECK(rdata_text(RRType::mx, from_hex("0001 0561")) == "\\# 4 00010561");
  CHECK(rdata_text(RRType::a, {}) == "\\# 0");
  CHECK(rdata_text(static_cast<RRType>(65280), {}) == "\\# 0");
}

// ldns writes the first as "a;b" without quotes, the rest of which a zone file takes for a comment.
TEST_CASE("rdata text: what would be read as something else is shown as octets too") {
  CHECK(rdata_text(RRType::svcb, from_hex("000100 029b 0003 613b62")) == "\\# 10 000100029b0003613b62");
  CHECK(rdata_text(RRType::ns, from_hex("0222 61 00")) == "\\# 4 02226100");
  CHECK(rdata_text(RRType::uri, from_hex("000a0001")) == "\\# 4 000a0001");
}

}  // namespace
}  // namespace portolan::dns
