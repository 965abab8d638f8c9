// Watchdog: tells the service manager that the process does its work, as long as every worker's loop turns.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/loop.h"

namespace portolan::server {

/// Owned and used by the thread of `loop`.
class Watchdog {
 public:
  /// Calls `alive` each `period`, if all of `watched` have answered since the call before.
  Watchdog(Loop& loop, std::vector<Loop*> watched, std::chrono::nanoseconds period, std::function<void()> alive);

 private:
  void round();

  const std::vector<Loop*> watched_;
  const std::chrono::nanoseconds period_;
  const std::function<void()> alive_;
  const std::shared_ptr<std::atomic<size_t>> answered_;  // a loop may answer when nobody asks any more
  Timer timer_;
};

}  // namespace portolan::server
