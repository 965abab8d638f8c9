// The line of those who wait.
#include "plugins/secondary/slots.h"

namespace portolan::secondary {

bool Slots::Place::await_ready() noexcept {
  if (slots_->free_ == 0) return false;
  --slots_->free_;
  holds_ = true;
  return true;
}

void Slots::Place::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  slots_->line_.push_back(this);
}

Slots::Place::~Place() {
  if (!holds_) {
    slots_->line_.remove(this);
    return;
  }
  ++slots_->free_;
  // Not from here: whoever lets go is in the middle of something.
  slots_->loop_.post([slots = slots_] { slots->serve_next(); });
}

void Slots::serve_next() {
  while (free_ > 0 && !line_.empty()) {
    Place* const next = line_.front();
    line_.pop_front();
    --free_;
    next->holds_ = true;
    next->waiter_.resume();
  }
}

}  // namespace portolan::secondary
