// The rounds of the watchdog.
#include "server/watchdog.h"

namespace portolan::server {

Watchdog::Watchdog(Loop& loop, std::vector<Loop*> watched, std::chrono::nanoseconds period, std::function<void()> alive)
    : watched_(std::move(watched)),
      period_(period),
      alive_(std::move(alive)),
      answered_(std::make_shared<std::atomic<size_t>>(watched_.size())),
      timer_(loop) {
  round();
}

// A loop that is slow is waited for; only one that never answers again keeps alive_ from being called.
void Watchdog::round() {
  if (answered_->load() == watched_.size()) {
    alive_();
    *answered_ = 0;
    for (Loop* each : watched_) each->post([answered = answered_] { answered->fetch_add(1); });
  }
  timer_.start(period_, [this] { round(); });
}

}  // namespace portolan::server
