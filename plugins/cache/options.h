// What a `cache` section says, as plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "dns/name.h"

namespace portolan::cache {

/// Equal options mean that a reload may go on with the same entries.
struct Options {
  /// One of the two kinds of answers: those that say something, and those that deny.
  struct Kind {
    int64_t capacity = 10'000;
    uint32_t max_ttl = 0, min_ttl = 5;     // seconds
    std::vector<dns::Name> disabled = {};  // zones whose answers of this kind are not kept
    bool operator==(const Kind&) const = default;
  };

  std::vector<dns::Name> zones;  // lower case
  Kind success{.max_ttl = 3600};
  Kind denial{.max_ttl = 1800};
  std::chrono::nanoseconds servfail = std::chrono::seconds(5);

  int64_t prefetch = 0;  // hits that make an entry popular; 0: no prefetching
  std::chrono::nanoseconds prefetch_window = std::chrono::minutes(1);
  int64_t prefetch_percentage = 10;

  std::chrono::nanoseconds stale{0};  // how long after its end an entry is still served; 0: not at all
  bool verify = false;                // ask before serving stale
  std::chrono::nanoseconds verify_timeout{0};
  uint32_t stale_ttl = 0;
  std::chrono::nanoseconds failure_recheck{0};
  bool prefer_positive = false;

  bool keep_ttl = false;

  bool operator==(const Options&) const = default;
};

}  // namespace portolan::cache
