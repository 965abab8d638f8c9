// The registry of states, what is said of a connection, and the end of a state.
#include "plugins/etcd/state.h"

#include <algorithm>

#include "base/log.h"
#include "plugins/common/undertaker.h"
#include "plugins/etcd/key_path.h"
#include "plugins/etcd/metrics.h"
#include "plugins/etcd/tender.h"
#include "plugins/etcd/watcher.h"

namespace portolan::etcd {
namespace {

StateRegistry<State>& registry() {
  static auto* const states = new StateRegistry<State>;
  return *states;
}

}  // namespace

std::string SourceOptions::label() const {
  std::string all;
  for (const auto& endpoint : endpoints) all += (all.empty() ? "" : ",") + endpoint.url;
  return all;
}

std::string SourceOptions::key() const {
  StateKey key;
  for (const auto& endpoint : endpoints) {
    key.add(endpoint.url);
    for (const auto* file : {&endpoint.ca_file, &endpoint.certificate_file, &endpoint.key_file}) key.add_file(*file);
  }
  key.add(user);
  key.add(password);
  for (const Range& range : ranges) {
    key.add(range.key);
    key.add(range.end);
  }
  return key.take() + std::to_string(bounds.least) + "-" + std::to_string(bounds.most);
}

std::vector<Range> ranges_of(const std::vector<dns::Name>& zones, const std::string& prefix) {
  std::vector<Range> ranges;
  Arena arena;
  for (const dns::Name& zone : zones) {
    // A question may ask for all that lies above a label "any" of the zone's.
    const std::string key(key_path(prefix, zone, arena).fixed);
    // '0' comes behind '/': the end of what begins with "KEY/". The root without a prefix is everything.
    ranges.push_back(key == "/" || key.empty() ? Range{"/", "0"} : Range{key, key + "0"});
  }
  const auto within = [](const Range& inner, const Range& outer) {
    return inner.key == outer.key || outer.key == "/" || inner.key.starts_with(outer.key + "/");
  };
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.key < b.key; });
  std::vector<Range> kept;
  for (const Range& range : ranges) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Range& other) { return within(range, other); });
    if (!known) kept.push_back(range);
  }
  return kept;
}

std::shared_ptr<State> State::get(const SourceOptions& options, const Clock& clock) {
  return registry().get(options.key(), [&] { return StatePtr(new State(options, clock), Undertaker<State>::bury); });
}

State::State(const SourceOptions& options, const Clock& clock)
    : options_(options), clock_(clock), label_(options.label()), leases_(options.bounds, clock) {
  expose_state(*this);
  watcher_ = std::make_unique<Watcher>(*this);
  tender_ = std::make_unique<Tender>(*this, *watcher_);
  watcher_->start();
}

State::~State() {
  watcher_->stop();  // the tender looks at it, and it wakes the tender
  tender_.reset();
  forget_state(*this);
}

void State::wait_for_first(std::chrono::nanoseconds most) {
  std::unique_lock lock(mutex_);
  settled_.wait_for(lock, most, [this] { return read_once_.load() || tried_all_; });
}

void State::when_read(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    if (!read_once_.load()) {
      waiting_.push_back(std::move(call));
      return;
    }
  }
  call();
}

void State::read(const std::string& endpoint) {
  log::info("plugin/etcd: " + std::to_string(store_.size()) + " keys read from " + endpoint);
  count_keys();
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    read_once_.store(true, std::memory_order_release);
    calls.swap(waiting_);
  }
  settled_.notify_all();
  for (const auto& call : calls) call();
  connected(true, endpoint, {});
}

void State::changed() {
  count_keys();
  tender_->wake();
}

void State::count_keys() { keys_.store(store_.size(), std::memory_order_relaxed); }

void State::connected(bool working, const std::string& endpoint, const std::string& reason) {
  if (working) heard_.store(clock_.now().time_since_epoch().count(), std::memory_order_relaxed);
  const int before = working_.exchange(working ? 1 : 0, std::memory_order_relaxed);
  if (working) {
    if (before == 0) log::info("plugin/etcd: reading " + endpoint + " again");
    return;
  }
  const std::string what = is_read() ? "plugin/etcd: no news from " + endpoint + ", answering from the last state: "
                                     : "plugin/etcd: waiting for " + endpoint + ": ";
  log::limited(log::Level::warning, what + reason);
}

std::optional<std::chrono::nanoseconds> State::age() const {
  const int64_t heard = heard_.load(std::memory_order_relaxed);
  if (heard == 0) return std::nullopt;
  return clock_.now().time_since_epoch() - std::chrono::nanoseconds(heard);
}

void State::tried_all() {
  {
    const std::lock_guard lock(mutex_);
    tried_all_ = true;
  }
  settled_.notify_all();
}

bool State::waits_behind(const State& previous) const {
  return this != &previous && !is_read() && previous.is_read() && previous.options_.ranges == options_.ranges;
}

}  // namespace portolan::etcd
