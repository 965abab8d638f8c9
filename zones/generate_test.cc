// Ranges and modifiers of $GENERATE.
#include "zones/generate.h"

#include <doctest/doctest.h>

namespace portolan::zones {
namespace {

std::string made(std::string_view text, std::string_view range_text, int64_t value) {
  const auto range = GenerateRange::parse(range_text);
  if (range.has_error()) return "error: " + range.error().message;
  const auto out = generate(text, *range, value);
  return out.has_error() ? "error: " + out.error().message : *out;
}

TEST_CASE("zone: $GENERATE puts the number in with offset, width and base") {
  const struct {
    const char *text, *range;
    int64_t value;
    const char* expected;
  } cases[] = {
      {"h$ A 198.51.100.$", "1-3", 2, "h2 A 198.51.100.2"},
      {"h0${1} A 198.51.100.${10,1,d}", "4-6/2", 4, "h05 A 198.51.100.14"},
      {"x${0,3,d}", "1-9", 7, "x007"},
      {"x${0,4,x}", "0-255", 255, "x00ff"},
      {"x${0,2,X}", "0-255", 171, "xAB"},
      {"x${0,0,o}", "0-255", 8, "x10"},
      {"x${-1}", "1-2", 1, "x0"},
      {"a$$b \\$c", "1-1", 1, "a$b $c"},
      {"end$", "1-1", 1, "end1"},
      {"x${0,1,q}", "1-1", 1, "error: bad base in $GENERATE"},
      {"x${1,2,d,e}", "1-1", 1, "error: bad modifier in $GENERATE"},
      {"x${", "1-1", 1, "error: bad modifier in $GENERATE"},
      {"x${-2}", "1-1", 1, "error: bad offset in $GENERATE"},
      {"x${0,999}", "1-1", 1, "error: bad width in $GENERATE"},
      {"x", "1", 1, "error: bad start-stop in $GENERATE range"},
      {"x", "5-1", 1, "error: bad range in $GENERATE range"},
      {"x", "0-65536", 1, "error: bad range in $GENERATE range"},
      {"x", "1-2/0", 1, "error: bad step in $GENERATE range"},
      {"x", "a-2", 1, "error: bad start in $GENERATE range"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CAPTURE(c.range);
    CHECK(made(c.text, c.range, c.value) == c.expected);
  }
}

}  // namespace
}  // namespace portolan::zones
