// Lets a line through once an interval and says how often it was held back in between.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace portolan::log {

/// Not thread-safe: the owner locks.
class Limiter {
 public:
  /// What to write for `text` now: itself, itself with "(N more in the last M seconds)", or nothing.
  std::string admit(std::string_view text, std::chrono::seconds interval, SteadyTime now);

 private:
  static constexpr size_t kMost = 1024;  // texts remembered; beyond that all are forgotten
  struct Line {
    SteadyTime written;
    unsigned held_back = 0;
  };
  std::unordered_map<std::string, Line> lines_;
};

}  // namespace portolan::log
