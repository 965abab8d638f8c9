// Tests of the random numbers: threads and calls differ, bounds hold.
#include "base/random.h"

#include <doctest/doctest.h>

#include <set>
#include <thread>

namespace portolan {
namespace {

TEST_CASE("random: secure numbers do not repeat, within a thread or between threads") {
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(secure_random64());
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) seen.insert(secure_random64());
  });
  other.join();
  CHECK(seen.size() == 2000);
}

TEST_CASE("random: all message ids come up") {
  std::set<uint16_t> seen;
  for (int i = 0; i < 20000; ++i) seen.insert(secure_random16());
  // Of 65536 ids 20000 draws give 17,240 different ones on average; the deviation is about 50.
  CHECK(seen.size() > 16500);
  CHECK(*seen.begin() < 100);
  CHECK(*seen.rbegin() > 65436);
}

TEST_CASE("random: fast numbers stay below their bound and reach all of it") {
  std::set<uint32_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(fast_random_below(7));
  CHECK(seen == std::set<uint32_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(fast_random_below(1) == 0);
}

TEST_CASE("random: two threads have different fast sequences") {
  uint64_t here = fast_random64(), there = 0;
  std::thread([&] { there = fast_random64(); }).join();
  CHECK(here != there);
}

}  // namespace
}  // namespace portolan
