// The time in the annotation of endpoint slices.
#include "plugins/kubernetes/metrics.h"

#include <doctest/doctest.h>

using portolan::kubernetes::parse_time;

TEST_CASE("kubernetes: RFC 3339 times are read") {
  CHECK(parse_time("1970-01-01T00:00:10Z") == 10);
  CHECK(parse_time("1970-01-01T00:00:10.25Z") == doctest::Approx(10.25));
  CHECK(parse_time("1970-01-01T01:00:10+01:00") == 10);
  CHECK(parse_time("1969-12-31T23:00:10-01:00") == 10);
  CHECK(parse_time("2023-11-14T22:13:20Z") == 1'700'000'000);
  CHECK(parse_time("yesterday") < 0);
  CHECK(parse_time("1970-01-01T00:00:10") < 0);
  CHECK(parse_time("") < 0);
}
