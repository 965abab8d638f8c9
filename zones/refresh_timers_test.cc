// When a secondary looks again, and when it gives up.
#include "zones/refresh_timers.h"

#include <doctest/doctest.h>

namespace portolan::zones {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kNow{100h};

dns::Soa soa(uint32_t refresh, uint32_t retry, uint32_t expire) {
  dns::Soa soa;
  soa.refresh = refresh;
  soa.retry = retry;
  soa.expire = expire;
  return soa;
}

TEST_CASE(
    "a confirmed zone is looked at after REFRESH and up to 5 s, and expires after EXPIRE (RFC 1035 section 3.3.13)") {
  const struct {
    dns::Soa soa;
    std::chrono::nanoseconds soonest, latest, expiry;
  } cases[] = {
      {soa(3600, 600, 86400), 3600s, 3605s, 86400s},
      {soa(4, 2, 3600), 4s, 6s, 3600s},      // half of REFRESH at most
      {soa(0, 0, 0), 1s, 1500ms, 3s},        // a second at least
      {soa(100, 20, 50), 100s, 105s, 127s},  // EXPIRE leaves time for a refresh and a retry, with their jitter
      {soa(UINT32_MAX, UINT32_MAX, 1), std::chrono::seconds(UINT32_MAX), std::chrono::seconds(UINT32_MAX) + 5s,
       std::chrono::seconds(UINT32_MAX) * 2 + 7s},
  };
  for (const auto& c : cases) {
    for (const uint64_t random : {uint64_t{0}, uint64_t{123'456'789'012}, UINT64_MAX}) {
      RefreshTimers timers;
      timers.confirmed(kNow, c.soa, random);
      CHECK(timers.next() - kNow >= c.soonest);
      CHECK(timers.next() - kNow < c.latest);
      CHECK(*timers.expiry() - kNow == c.expiry);
      if (random == 0) CHECK(timers.next() - kNow == c.soonest);
    }
  }
}

TEST_CASE("a zone whose primaries are away is looked at after RETRY and up to 2 s, and its expiry does not move") {
  RefreshTimers timers;
  timers.confirmed(kNow, soa(3600, 600, 86400), 0);
  const auto expiry = timers.expiry();
  CHECK(timers.failed(kNow + 3600s, 0) == 600s);
  CHECK(timers.next() == kNow + 4200s);
  CHECK(timers.failed(kNow + 4200s, 1'999'999'999) == 601'999'999'999ns);
  CHECK(timers.expiry() == expiry);
}

TEST_CASE("without a zone tries follow after 250 ms, then twice as long each time up to 10 s") {
  RefreshTimers timers;
  CHECK(!timers.expiry());
  for (const auto wait : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 8000ms, 10000ms, 10000ms}) {
    CHECK(timers.failed(kNow, 77) == wait);
    CHECK(timers.next() == kNow + wait);
  }
  for (int i = 0; i < 100; ++i) CHECK(timers.failed(kNow, 0) == 10s);
  timers.look_at(kNow);
  CHECK(timers.next() == kNow);
}

}  // namespace
}  // namespace portolan::zones
