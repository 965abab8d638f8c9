// Times as Kubernetes writes them.
#include "base/rfc3339.h"

#include <doctest/doctest.h>

using portolan::rfc3339_seconds;

TEST_CASE("time: RFC 3339 times are read") {
  CHECK(rfc3339_seconds("1970-01-01T00:00:10Z") == 10);
  CHECK(rfc3339_seconds("1970-01-01T00:00:10.25Z") == doctest::Approx(10.25));
  CHECK(rfc3339_seconds("1970-01-01T01:00:10+01:00") == 10);
  CHECK(rfc3339_seconds("1969-12-31T23:00:10-01:00") == 10);
  CHECK(rfc3339_seconds("2023-11-14T22:13:20Z") == 1'700'000'000);
  CHECK(rfc3339_seconds("yesterday") < 0);
  CHECK(rfc3339_seconds("1970-01-01T00:00:10") < 0);
  CHECK(rfc3339_seconds("1970-01-01T00:00:10+0") < 0);
  CHECK(rfc3339_seconds("") < 0);
}
