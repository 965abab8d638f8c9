// Base32hex: the test vectors of RFC 4648 section 10 without their padding, and what is not it.
#include "dns/base32hex.h"

#include <doctest/doctest.h>

#include <string>

namespace portolan::dns {
namespace {

TEST_CASE("base32hex: RFC 4648's vectors, in either case") {
  const struct {
    const char *text, *octets;
  } cases[] = {{"", ""},
               {"CO", "f"},
               {"CPNG", "fo"},
               {"CPNMU", "foo"},
               {"CPNMUOG", "foob"},
               {"CPNMUOJ1", "fooba"},
               {"CPNMUOJ1E8", "foobar"},
               {"cpnmuoj1e8", "foobar"}};
  for (const auto& each : cases) {
    CAPTURE(each.text);
    std::string octets(std::string_view(each.text).size() * 5 / 8, '\0');
    CHECK(decode_base32hex(each.text, reinterpret_cast<uint8_t*>(octets.data())));
    CHECK(octets == each.octets);
  }
}

TEST_CASE("base32hex: other characters, half an octet and bits behind the last one are refused") {
  for (const std::string text : {"W0", "C=", "C ", "@0", "C", "CPN", "CPNMUO", "CP", "C1"}) {
    CAPTURE(text);
    std::string octets(text.size() * 5 / 8 + 1, '\0');
    CHECK_FALSE(decode_base32hex(text, reinterpret_cast<uint8_t*>(octets.data())));
  }
}

}  // namespace
}  // namespace portolan::dns
