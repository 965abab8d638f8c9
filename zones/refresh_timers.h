// When a secondary looks at its primaries, and when it gives its zone up (RFC 1034 section 4.3.5): SOA timers as plain
// values, with the clock's reading and the random number given from outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "dns/rdata.h"

namespace portolan::zones {

/// For one zone. Until the first version is there, tries follow each other after 250 ms, then after twice as long each
/// time, up to 10 s.
class RefreshTimers {
 public:
  using Duration = std::chrono::nanoseconds;

  /// A primary has said at `now` that the zone with `soa` is the current one. The next look comes after REFRESH and up
  /// to 5 s more, by `random`; never more than half of REFRESH more.
  void confirmed(SteadyTime now, const dns::Soa& soa, uint64_t random);
  /// No primary could be asked. The next look comes after RETRY and up to 2 s more. Returns how long that is.
  Duration failed(SteadyTime now, uint64_t random);
  /// Look as soon as may be.
  void look_at(SteadyTime when) { next_ = when; }

  SteadyTime next() const { return next_; }
  /// When the zone expires: EXPIRE after it was confirmed, and not before a refresh and a retry have had their time,
  /// for an EXPIRE that is shorter cannot be meant. None while there is no zone.
  std::optional<SteadyTime> expiry() const { return expiry_; }

 private:
  SteadyTime next_{};
  std::optional<SteadyTime> expiry_;
  std::chrono::seconds retry_{0};
  unsigned failures_ = 0;  // in a row, without a zone
};

}  // namespace portolan::zones
