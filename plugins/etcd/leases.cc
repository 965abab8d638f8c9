// When which lease is asked for.
#include "plugins/etcd/leases.h"

#include <algorithm>

namespace portolan::etcd {
namespace {

constexpr int64_t kShortestPause = 5, kLongestPause = 3600;  // seconds

}  // namespace

std::shared_ptr<const Lease> Leases::get(int64_t id) {
  const std::lock_guard lock(mutex_);
  auto& lease = leases_[id];
  if (!lease) {
    lease = std::make_shared<Lease>();
    lease->id = id;
    queue_.push({clock_.now(), id});
  }
  return lease;
}

std::shared_ptr<const Lease> Leases::due() {
  const std::lock_guard lock(mutex_);
  while (!queue_.empty() && queue_.top().at <= clock_.now()) {
    const int64_t id = queue_.top().id;
    queue_.pop();
    const auto found = leases_.find(id);
    if (found->second.use_count() > 1) return found->second;
    leases_.erase(found);
  }
  return nullptr;
}

std::optional<SteadyTime> Leases::next() const {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return std::nullopt;
  return queue_.top().at;
}

Answer Leases::ask(const Lease& lease, Gateway& gateway) {
  std::optional<int64_t> seconds;
  int64_t granted = 0;
  Answer answer = gateway.time_to_live(lease.id, seconds, granted);
  if (answer.ok())
    learned(lease.id, seconds, granted);
  else
    failed(lease.id, !answer.is_passing());
  return answer;
}

void Leases::learned(int64_t id, std::optional<int64_t> seconds, int64_t granted) {
  const std::lock_guard lock(mutex_);
  Lease& lease = *leases_.at(id);
  int64_t pause = kShortestPause;
  if (seconds) {
    lease.ends.store((clock_.now() + std::chrono::seconds(*seconds)).time_since_epoch().count(),
                     std::memory_order_relaxed);
    lease.state.store(Lease::State::known, std::memory_order_release);
    // One that never has more than the least TTL always gives that one.
    pause = granted <= bounds_.least ? kLongestPause : std::clamp(granted / 2, kShortestPause, kLongestPause);
  } else {
    lease.state.store(Lease::State::unknown, std::memory_order_release);
  }
  queue_.push({clock_.now() + std::chrono::seconds(pause), id});
}

void Leases::failed(int64_t id, bool refused) {
  const std::lock_guard lock(mutex_);
  Lease& lease = *leases_.at(id);
  if (refused) lease.state.store(Lease::State::unknown, std::memory_order_release);
  queue_.push({clock_.now() + std::chrono::seconds(kShortestPause), id});
}

}  // namespace portolan::etcd
