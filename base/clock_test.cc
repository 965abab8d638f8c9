// Tests of the clocks.
#include "base/clock.h"

#include <doctest/doctest.h>

namespace portolan {
namespace {

TEST_CASE("clock: the machine's clock goes forward") {
  const SteadyTime before = system_clock().now();
  const SteadyTime after = system_clock().now();
  CHECK(after >= before);
  CHECK(system_clock().wall() > WallTime(std::chrono::seconds(1'700'000'000)));
}

TEST_CASE("clock: a fake clock moves only when it is moved, both its times together") {
  FakeClock clock;
  const SteadyTime steady = clock.now();
  const WallTime wall = clock.wall();
  CHECK(clock.now() == steady);
  clock.advance(std::chrono::milliseconds(1500));
  CHECK(clock.now() - steady == std::chrono::milliseconds(1500));
  CHECK(clock.wall() - wall == std::chrono::milliseconds(1500));
}

}  // namespace
}  // namespace portolan
