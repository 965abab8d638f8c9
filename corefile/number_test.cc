// Go's numbers and durations; expected values follow the documentation of strconv and time.ParseDuration.
#include "corefile/number.h"

#include <doctest/doctest.h>

#include "corefile/option.h"

using namespace portolan::corefile;

TEST_CASE("number: integers are Go's") {
  CHECK(*parse_integer("5") == 5);
  CHECK(*parse_integer("+5") == 5);
  CHECK(*parse_integer("007") == 7);
  CHECK(*parse_integer("-3") == -3);
  CHECK(*parse_integer("9223372036854775807") == 9223372036854775807);
  for (const char* bad : {"", "x", "5x", "+-5", "+", " 5", "1_0", "0x10", "1.5"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(parse_integer(bad).has_value());
    CHECK(parse_integer(bad).error().message == "strconv.Atoi: parsing \"" + std::string(bad) + "\": invalid syntax");
  }
  CHECK(parse_integer("9223372036854775808").error().message ==
        "strconv.Atoi: parsing \"9223372036854775808\": value out of range");
}

TEST_CASE("number: fractions") {
  CHECK(*parse_fraction("0.5") == 0.5);
  CHECK(*parse_fraction("+.25") == 0.25);
  CHECK(*parse_fraction("1e-2") == 0.01);
  for (const char* bad : {"", "x", "0.5x", "inf", "nan", "1e999"}) CHECK_FALSE(parse_fraction(bad).has_value());
}

TEST_CASE("number: durations are Go's") {
  struct Case {
    std::string_view text;
    int64_t nanoseconds;
  };
  const Case cases[] = {
      {"0", 0},
      {"-0", 0},
      {"0s", 0},
      {"5s", 5'000'000'000},
      {"1h30m", 5'400'000'000'000},
      {"1.5s", 1'500'000'000},
      {".5s", 500'000'000},
      {"1.s", 1'000'000'000},
      {"300ms", 300'000'000},
      {"1us1ns", 1'001},
      {"2\u00B5s", 2'000},
      {"2\u03BCs", 2'000},
      {"-1.5h", -5'400'000'000'000},
      {"+5s", 5'000'000'000},
      {"0.000000001s", 1},
      {"9223372036854775807ns", 9223372036854775807},
      {"-9223372036854775808ns", std::numeric_limits<int64_t>::min()},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto got = parse_duration(c.text);
    REQUIRE(got.has_value());
    CHECK(got->count() == c.nanoseconds);
  }
}

TEST_CASE("number: broken durations are told in Go's words") {
  struct Case {
    std::string text, message;
  };
  const Case cases[] = {
      {"", "time: invalid duration \"\""},
      {"abc", "time: invalid duration \"abc\""},
      {"-", "time: invalid duration \"-\""},
      {".s", "time: invalid duration \".s\""},
      {"5", "time: missing unit in duration \"5\""},
      {"1x", "time: unknown unit \"x\" in duration \"1x\""},
      {"1s 2s", "time: unknown unit \"s \" in duration \"1s 2s\""},
      {"9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\""},
      {"99999999999999999999h", "time: invalid duration \"99999999999999999999h\""},
      {"3000000h", "time: invalid duration \"3000000h\""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto got = parse_duration(c.text);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().message == c.message);
  }
}
