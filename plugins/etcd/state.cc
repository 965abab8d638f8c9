// The registry of states, what is said of a connection, and which state answers during a reload.
#include "plugins/etcd/state.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/guarded.h"
#include "base/log.h"
#include "base/rcu.h"
#include "plugins/common/undertaker.h"
#include "plugins/etcd/key_path.h"
#include "plugins/etcd/metrics.h"
#include "plugins/etcd/tender.h"
#include "plugins/etcd/watcher.h"

namespace portolan::etcd {
namespace {

Guarded<std::map<std::string, std::weak_ptr<State>>>& registry() {
  static auto* const states = new Guarded<std::map<std::string, std::weak_ptr<State>>>;
  return *states;
}

/// How many states have a label.
Guarded<std::map<std::string, int>>& labels() {
  static auto* const all = new Guarded<std::map<std::string, int>>;
  return *all;
}

/// A file that was replaced is another file.
std::string stamp(const std::string& path) {
  if (path.empty()) return {};
  std::error_code error;
  const auto time = std::filesystem::last_write_time(path, error).time_since_epoch().count();
  return path + '@' + (error ? "none" : std::to_string(time));
}

}  // namespace

std::string SourceOptions::label() const {
  std::string all;
  for (const auto& endpoint : endpoints) all += (all.empty() ? "" : ",") + endpoint.url;
  return all;
}

std::string SourceOptions::key() const {
  std::string key;
  const auto add = [&key](const std::string& text) { key += std::to_string(text.size()) + ":" + text; };
  for (const auto& endpoint : endpoints) {
    add(endpoint.url);
    for (const auto* file : {&endpoint.ca_file, &endpoint.certificate_file, &endpoint.key_file}) add(stamp(*file));
  }
  add(user);
  add(password);
  for (const Range& range : ranges) {
    add(range.key);
    add(range.end);
  }
  return key + std::to_string(bounds.least) + "-" + std::to_string(bounds.most);
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
  auto states = registry().lock();
  std::erase_if(*states, [](const auto& entry) { return entry.second.expired(); });
  auto& known = (*states)[options.key()];
  if (StatePtr state = known.lock()) return state;
  StatePtr state(new State(options, clock), Undertaker<State>::bury);
  known = state;
  return state;
}

State::State(const SourceOptions& options, const Clock& clock)
    : options_(options), clock_(clock), label_(options.label()), leases_(options.bounds, clock) {
  scrape_hook_ = metrics::before_scrape([this] {
    const int64_t heard = heard_.load(std::memory_order_relaxed);
    if (heard == 0) return;
    const std::chrono::nanoseconds since = clock_.now().time_since_epoch() - std::chrono::nanoseconds(heard);
    state_age().with({label_}).set(std::chrono::duration<double>(since).count());
  });
  ++(*labels().lock())[label_];
  connected_gauge().with({label_}).set(0);
  watcher_ = std::make_unique<Watcher>(*this);
  tender_ = std::make_unique<Tender>(*this, *watcher_);
  watcher_->start();
}

State::~State() {
  watcher_->stop();  // the tender looks at it, and it wakes the tender
  tender_.reset();
  metrics::forget(scrape_hook_);
  // After a reload another state of the same endpoints may be there: what it shows stays.
  auto shown = labels().lock();
  if (--(*shown)[label_] > 0) return;
  shown->erase(label_);
  for (const auto* gauge : {&connected_gauge(), &state_age(), &keys_gauge()}) gauge->remove({label_});
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
  show_keys();
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
  show_keys();
  tender_->wake();
}

void State::show_keys() const { keys_gauge().with({label_}).set(static_cast<double>(store_.size())); }

void State::connected(bool working, const std::string& endpoint, const std::string& reason) {
  if (working) heard_.store(clock_.now().time_since_epoch().count(), std::memory_order_relaxed);
  int before = -1;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(working_, working ? 1 : 0);
  }
  if (before != (working ? 1 : 0)) connected_gauge().with({label_}).set(working ? 1 : 0);
  if (working) {
    if (before == 0) log::info("plugin/etcd: reading " + endpoint + " again");
    return;
  }
  const std::string what = is_read() ? "plugin/etcd: no news from " + endpoint + ", answering from the last state: "
                                     : "plugin/etcd: waiting for " + endpoint + ": ";
  log::limited(log::Level::warning, what + reason);
}

void State::tried_all() {
  {
    const std::lock_guard lock(mutex_);
    tried_all_ = true;
  }
  settled_.notify_all();
}

Standing::Standing(StatePtr own, StatePtr previous)
    : own_(std::move(own)), previous_(std::move(previous)), store_(previous_ ? &previous_->store() : &own_->store()) {}

std::shared_ptr<Standing> Standing::begin(StatePtr own, StatePtr previous) {
  // Only one that has the same keys can stand in.
  if (own == previous || own->is_read() || !previous || !previous->is_read() ||
      previous->options().ranges != own->options().ranges) {
    previous = nullptr;
  }
  const bool waits = previous != nullptr;
  std::shared_ptr<Standing> standing(new Standing(std::move(own), std::move(previous)));
  if (waits) {
    standing->own_->when_read([weak = std::weak_ptr(standing)] {
      if (const auto still = weak.lock()) still->settle();
    });
  }
  return standing;
}

StatePtr Standing::answering() {
  const std::lock_guard lock(mutex_);
  return previous_ ? previous_ : own_;
}

void Standing::settle() {
  StatePtr previous;
  {
    const std::lock_guard lock(mutex_);
    store_.store(&own_->store(), std::memory_order_release);
    previous.swap(previous_);
  }
  rcu::synchronize();  // workers may still be reading the old store
}

}  // namespace portolan::etcd
