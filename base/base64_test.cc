// The examples of RFC 4648 section 10, and what is no base64.
#include "base/base64.h"

#include <doctest/doctest.h>

namespace portolan {
namespace {

TEST_CASE("base64: the examples of RFC 4648, both ways") {
  struct Case {
    const char *octets, *text;
  };
  for (const Case& each : {Case{"", ""}, Case{"f", "Zg=="}, Case{"fo", "Zm8="}, Case{"foo", "Zm9v"},
                           Case{"foob", "Zm9vYg=="}, Case{"fooba", "Zm9vYmE="}, Case{"foobar", "Zm9vYmFy"}}) {
    CAPTURE(each.octets);
    CHECK(base64_encoded(each.octets) == each.text);
    const auto decoded = base64_decoded(each.text);
    REQUIRE(decoded.has_value());
    CHECK(*decoded == each.octets);
  }
}

TEST_CASE("base64: other characters and cut groups are refused") {
  for (const char* text : {"Zm9v!", "Zm9", "####", "=", "====", "Z===", "YWI=YWI=", "YW=j", "Zm9v-", "Zg==-", "Zg==Zg",
                           "Zm9v====", "Zg=", "Zm9-"}) {
    CAPTURE(text);
    CHECK(base64_decoded(text).has_error());
  }
}

}  // namespace
}  // namespace portolan
