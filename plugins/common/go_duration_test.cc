// Tests of Go's way of writing durations.
#include "plugins/common/go_duration.h"

#include <doctest/doctest.h>

namespace portolan {
namespace {

TEST_CASE("go duration: written as Go's Duration.String does") {
  // From the documentation and tests of Go's package time.
  static constexpr struct {
    int64_t ns;
    const char* text;
  } kCases[] = {
      {0, "0s"},
      {1, "1ns"},
      {1100, "1.1µs"},
      {2200000, "2.2ms"},
      {3300000000, "3.3s"},
      {300000000, "300ms"},
      {1500000000, "1.5s"},
      {245000000000, "4m5s"},
      {245001000000, "4m5.001s"},
      {300000000000, "5m0s"},
      {18367001000000, "5h6m7.001s"},
      {480000000001, "8m0.000000001s"},
      {3600000000000, "1h0m0s"},
      {INT64_MAX, "2562047h47m16.854775807s"},
      {INT64_MIN, "-2562047h47m16.854775808s"},
      {-1500000000, "-1.5s"},
  };
  for (const auto& each : kCases) CHECK(go_duration(std::chrono::nanoseconds(each.ns)) == each.text);
}

}  // namespace
}  // namespace portolan
