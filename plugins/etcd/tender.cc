// Small requests, one after the other, a few seconds apart.
#include "plugins/etcd/tender.h"

#include <algorithm>

#include "plugins/etcd/state.h"
#include "plugins/etcd/watcher.h"

namespace portolan::etcd {
namespace {

constexpr std::chrono::seconds kPulse{5};
constexpr std::chrono::seconds kPatience{5}, kLongestPatience{60};
// At most 50 leases a second: what is not asked for in time counts as having the least TTL.
constexpr std::chrono::milliseconds kBetweenLeases{20};

}  // namespace

Tender::Tender(State& state, Watcher& watcher) : state_(state), watcher_(watcher), patience_(kPatience) {
  thread_ = std::thread([this] { run(); });
}

Tender::~Tender() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (gateway_) gateway_->stop();
  }
  changed_.notify_all();
  thread_.join();
}

void Tender::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

bool Tender::sleep_until(SteadyTime when) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, when, [this] { return stopped_ || woken_; });
  woken_ = false;
  return !stopped_;
}

void Tender::run() {
  next_pulse_ = state_.clock().now() + kPulse;
  SteadyTime next = next_pulse_;
  while (sleep_until(next)) {
    const SteadyTime now = state_.clock().now();
    next = now + kPulse;
    if (!connect(watcher_.current_endpoint())) continue;
    ask_for_leases();
    if (now >= next_pulse_) feel_pulse();
    next = next_pulse_;
    if (const auto lease = state_.leases().next()) next = std::min(next, std::max(*lease, now + kBetweenLeases));
  }
}

/// Makes sure of a connection to the endpoint that is being read; false while none is.
bool Tender::connect(int endpoint) {
  if (endpoint < 0) return false;
  if (endpoint == endpoint_ && gateway_) return true;
  const SourceOptions& options = state_.options();
  const auto gateway = std::make_shared<Gateway>(options.endpoints[static_cast<size_t>(endpoint)]);
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    gateway_ = gateway;
  }
  endpoint_ = endpoint;
  if (options.user.empty()) return true;
  const Answer answer = gateway->authenticate(options.user, options.password);
  if (answer.ok() || answer.fault == Fault::not_enabled) return true;
  endpoint_ = -1;
  return false;
}

void Tender::ask_for_leases() {
  for (auto lease = state_.leases().due(); lease; lease = state_.leases().due()) {
    const Answer answer = state_.leases().ask(*lease, *gateway_);
    if (answer.fault == Fault::unauthenticated) endpoint_ = -1;  // another token
    if (!answer.ok() || state_.clock().now() >= next_pulse_) return;
    if (!sleep_until(state_.clock().now() + kBetweenLeases)) return;
  }
}

/// A read that a majority of the cluster confirms: a member that has lost the others keeps its watches open.
void Tender::feel_pulse() {
  if (endpoint_ < 0) return;
  const Answer answer = gateway_->confirm(state_.options().ranges.front(), patience_);
  next_pulse_ = state_.clock().now() + kPulse;
  const std::string& endpoint = state_.options().endpoints[static_cast<size_t>(endpoint_)].url;
  if (answer.ok() || answer.fault == Fault::denied) {
    patience_ = kPatience;
    if (watcher_.current_endpoint() == endpoint_) state_.connected(true, endpoint, {});
  } else if (answer.fault == Fault::unauthenticated) {
    endpoint_ = -1;
  } else {
    if (answer.silent) patience_ = std::min(patience_ * 2, kLongestPatience);
    const std::lock_guard lock(mutex_);
    if (!stopped_) watcher_.interrupt(endpoint_);
  }
}

}  // namespace portolan::etcd
