// The examples of RFC 3629 section 7 and the limits of section 3.
#include "plugins/common/utf8.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace portolan {
namespace {

TEST_CASE("utf8: characters of one to four octets") {
  const std::pair<uint32_t, std::string_view> cases[] = {
      {0x41, "A"},
      {0x7F, "\x7F"},
      {0x80, "\xC2\x80"},
      {0x391, "\xCE\x91"},
      {0x7FF, "\xDF\xBF"},
      {0x800, "\xE0\xA0\x80"},
      {0x2262, "\xE2\x89\xA2"},
      {0xD55C, "\xED\x95\x9C"},
      {0xFFFF, "\xEF\xBF\xBF"},
      {0x10000, "\xF0\x90\x80\x80"},
      {0x233B4, "\xF0\xA3\x8E\xB4"},
      {0x10FFFF, "\xF4\x8F\xBF\xBF"},
  };
  for (const auto& [code, octets] : cases) {
    CAPTURE(code);
    CHECK(Utf8(code).text() == octets);
  }
  CHECK(Utf8(0).text() == std::string_view("\0", 1));
}

}  // namespace
}  // namespace portolan
