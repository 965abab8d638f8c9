// Tests of the names of numbers (IANA DNS parameters, RFC 3597 section 5).
#include "dns/types.h"

#include <doctest/doctest.h>

namespace portolan::dns {
namespace {

TEST_CASE("types: names of record types both ways") {
  struct {
    uint16_t number;
    const char* name;
  } const cases[] = {{1, "A"},     {28, "AAAA"},       {65, "HTTPS"},        {257, "CAA"},         {252, "AXFR"},
                     {255, "ANY"}, {51, "NSEC3PARAM"}, {65280, "TYPE65280"}, {32770, "TYPE32770"}, {23, "NSAP-PTR"}};
  for (const auto& test : cases) {
    CAPTURE(test.name);
    CHECK(text(static_cast<RRType>(test.number)) == test.name);
    CHECK(static_cast<uint16_t>(*parse_type(test.name)) == test.number);
  }
  CHECK(*parse_type("aaaa") == RRType::aaaa);
  CHECK(*parse_type("type1") == RRType::a);
  for (const char* bad : {"", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "AAAAA", "TYPE "}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_type(bad).has_value());
  }
}

TEST_CASE("types: every number has a name that reads back") {
  for (unsigned number = 0; number < 65536; ++number) {
    CHECK(static_cast<unsigned>(*parse_type(text(static_cast<RRType>(number)))) == number);
  }
}

TEST_CASE("types: classes, rcodes and opcodes") {
  CHECK(text(RRClass::in) == "IN");
  CHECK(text(RRClass::ch) == "CH");
  CHECK(text(static_cast<RRClass>(32)) == "CLASS32");
  CHECK(*parse_class("class32") == static_cast<RRClass>(32));
  CHECK(*parse_class("any") == RRClass::any);
  CHECK_FALSE(parse_class("INN").has_value());

  CHECK(text(Rcode::noerror) == "NOERROR");
  CHECK(text(Rcode::nxdomain) == "NXDOMAIN");
  CHECK(text(Rcode::badcookie) == "BADCOOKIE");
  CHECK(text(static_cast<Rcode>(3841)) == "RCODE3841");
  CHECK(*parse_rcode("servfail") == Rcode::servfail);
  CHECK(*parse_rcode("NOTIMPL") == Rcode::notimp);
  CHECK(*parse_rcode("BADVERS") == Rcode::badvers);
  CHECK(*parse_rcode("BADSIG") == Rcode::badvers);
  CHECK(*parse_rcode("RCODE4095") == static_cast<Rcode>(4095));
  CHECK_FALSE(parse_rcode("RCODE4096").has_value());
  CHECK_FALSE(parse_rcode("OK").has_value());

  CHECK(text(Opcode::query) == "QUERY");
  CHECK(text(Opcode::notify) == "NOTIFY");
  CHECK(text(static_cast<Opcode>(9)) == "OPCODE9");
}

}  // namespace
}  // namespace portolan::dns
