// SOA timers with jitter, so that the secondaries of a primary do not all come at once.
#include "zones/refresh_timers.h"

#include <algorithm>

namespace portolan::zones {
namespace {

using namespace std::chrono_literals;
using Duration = RefreshTimers::Duration;

// CoreDNS's least; a zero would mean without a pause.
std::chrono::seconds at_least_one(uint32_t seconds) { return std::chrono::seconds(std::max(seconds, 1U)); }

Duration most_jitter(std::chrono::seconds interval, Duration most) { return std::min(most, Duration(interval) / 2); }

Duration part_of(Duration most, uint64_t random) {
  return Duration(static_cast<int64_t>(random % static_cast<uint64_t>(most.count())));
}

constexpr Duration kRefreshJitter = 5s, kRetryJitter = 2s;

}  // namespace

void RefreshTimers::confirmed(SteadyTime now, const dns::Soa& soa, uint64_t random) {
  const auto refresh = at_least_one(soa.refresh);
  retry_ = at_least_one(soa.retry);
  failures_ = 0;
  const Duration refresh_jitter = most_jitter(refresh, kRefreshJitter);
  next_ = now + refresh + part_of(refresh_jitter, random);
  const Duration least = refresh + refresh_jitter + retry_ + most_jitter(retry_, kRetryJitter);
  expiry_ = now + std::max<Duration>(at_least_one(soa.expire), least);
}

Duration RefreshTimers::failed(SteadyTime now, uint64_t random) {
  constexpr Duration kFirst = 250ms, kLongest = 10s;
  Duration wait{};
  if (expiry_) {
    wait = retry_ + part_of(most_jitter(retry_, kRetryJitter), random);
  } else {
    wait = std::min<Duration>(kFirst * (1 << std::min(failures_, 10U)), kLongest);
    ++failures_;
  }
  next_ = now + wait;
  return wait;
}

}  // namespace portolan::zones
