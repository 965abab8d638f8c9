// A token bucket with a debt: a request that comes too early is given a place in the future.
#include "cluster/flow_control.h"

#include <algorithm>

namespace portolan::cluster {

TokenBucket::TokenBucket(double per_second, int burst)
    : per_second_(per_second > 0 ? per_second : 5), burst_(burst > 0 ? burst : 10), tokens_(burst_) {}

std::chrono::nanoseconds TokenBucket::reserve(SteadyTime now) {
  const std::chrono::duration<double> since = now - last_;
  tokens_ = std::min(burst_, tokens_ + std::max(0.0, since.count()) * per_second_);
  last_ = std::max(last_, now);
  tokens_ -= 1;
  if (tokens_ >= 0) return std::chrono::nanoseconds(0);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(-tokens_ / per_second_));
}

void TokenBucket::give_back() { tokens_ = std::min(burst_, tokens_ + 1); }

std::chrono::nanoseconds Backoff::pause(uint64_t random) {
  const auto longest = next_;
  next_ = std::min(most_, next_ * 2);
  return longest - std::chrono::nanoseconds(random % static_cast<uint64_t>(longest.count() / 4 + 1));
}

bool Gate::enter() {
  std::unique_lock lock(mutex_);
  const auto wait = bucket_.reserve(clock_.now());
  if (changed_.wait_for(lock, wait, [&] { return stopped_; })) return false;
  changed_.wait(lock, [&] { return stopped_ || max_inflight_ <= 0 || inflight_ < max_inflight_; });
  if (stopped_) return false;
  ++inflight_;
  return true;
}

void Gate::leave(bool reached) {
  const std::lock_guard lock(mutex_);
  if (!reached) bucket_.give_back();
  --inflight_;
  changed_.notify_all();
}

bool Gate::sleep(std::chrono::nanoseconds duration) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, duration, [&] { return stopped_; });
}

void Gate::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool Gate::stopped() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace portolan::cluster
