// The loop of read and watch.
#include "plugins/etcd/watcher.h"

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "plugins/etcd/state.h"

namespace portolan::etcd {
namespace {

constexpr int kPage = 1000;  // keys at a time
// Keys are answered when their leases are known, but not much later than they could have been.
constexpr std::chrono::seconds kLeasePatience{2};
constexpr std::chrono::milliseconds kFirstPause{50}, kLongestPause{900};

ServicePtr service_of(State& state, KeyValue&& value) {
  auto service = read_service(std::move(value.key), value.value);
  if (value.lease != 0) service->lease = state.leases().get(value.lease);
  if (!service->problem.empty()) {
    log::limited(log::Level::warning,
                 "plugin/etcd: a value cannot be read, questions that it belongs to fail: " + service->problem);
  }
  return service;
}

}  // namespace

Watcher::Watcher(State& state)
    : state_(state),
      gate_(1000, 1000, 0, state.clock()),
      backoff_(kFirstPause, kLongestPause),
      ranges_(state.options().ranges),
      page_(kPage) {}

void Watcher::start() {
  thread_ = std::thread([this] { run(); });
}

void Watcher::stop() {
  gate_.stop();
  {
    const std::lock_guard lock(mutex_);
    if (gateway_) gateway_->stop();
  }
  if (thread_.joinable()) thread_.join();
}

void Watcher::interrupt(int endpoint) {
  const std::lock_guard lock(mutex_);
  if (gateway_ && current_.load() == endpoint) gateway_->stop();
}

void Watcher::run() {
  const size_t count = state_.options().endpoints.size();
  size_t endpoint = 0, failed = 0;
  while (!gate_.stopped()) {
    progress_ = false;
    const End end = session(endpoint);
    current_.store(-1);
    if (progress_) {
      backoff_.reset();
      failed = 0;
    }
    if (end == End::again && progress_) continue;
    endpoint = (endpoint + 1) % count;
    if (++failed < count) continue;
    failed = 0;
    state_.tried_all();
    if (!gate_.sleep(backoff_.pause(fast_random64()))) return;
  }
}

Watcher::End Watcher::session(size_t endpoint) {
  const SourceOptions& options = state_.options();
  endpoint_ = options.endpoints[endpoint].url;
  const auto gateway = std::make_shared<Gateway>(options.endpoints[endpoint]);
  {
    const std::lock_guard lock(mutex_);
    gateway_ = gateway;
  }
  if (gate_.stopped()) return End::failed;
  if (!options.user.empty()) {
    const Answer answer = gateway->authenticate(options.user, options.password);
    if (!answer.ok() && answer.fault != Fault::not_enabled) return broken(answer);
  }
  if (from_.empty()) {
    if (const End end = list(*gateway); from_.empty()) return end;
  }
  current_.store(static_cast<int>(endpoint));
  return watch(*gateway);
}

Watcher::End Watcher::list(Gateway& gateway) {
  std::vector<ServicePtr> services;
  int64_t revision = 0;
  for (Range& range : ranges_) {
    Range left = range;
    bool more = true;
    while (more) {
      Page page;
      const Answer answer = gateway.read(left, revision, page_, page);
      if (answer.fault == Fault::denied && left == range && range.end == range.key + "0") {
        // A role for what lies below the zone is enough, as it nearly is for CoreDNS: only the zone's own key is lost.
        log::warning("plugin/etcd: the key " + range.key + " may not be read, those below it are: " + answer.problem);
        range.key += "/";
        left = range;
        continue;
      }
      if ((answer.fault == Fault::too_large || answer.silent) && page_ > 1) {  // values are large, or etcd is slow
        page_ = std::max(1, page_ / 8);
        if (!answer.silent) continue;
      }
      if (answer.fault == Fault::compacted) return End::again;
      if (!answer.ok()) return broken(answer);
      if (gate_.stopped()) return End::failed;
      if (revision == 0) {
        revision = page.header.revision;
        cluster_ = page.header.cluster;
      }
      more = page.more && !page.values.empty();
      if (more) left.key = page.values.back().key + std::string(1, '\0');
      for (KeyValue& value : page.values) services.push_back(service_of(state_, std::move(value)));
    }
  }
  settle_leases(gateway);
  state_.store_to_change().replace_all(std::move(services));
  from_.assign(ranges_.size(), revision + 1);
  seen_ = revision;
  progress_ = true;
  state_.read(endpoint_);
  return End::again;
}

/// Asks for leases that are new, so that answers have their true TTLs from the start.
void Watcher::settle_leases(Gateway& gateway) {
  const SteadyTime end = state_.clock().now() + kLeasePatience;
  while (state_.clock().now() < end && !gate_.stopped()) {
    const auto lease = state_.leases().due();
    if (!lease) return;
    if (state_.leases().ask(*lease, gateway).is_passing()) return;
  }
}

Watcher::End Watcher::watch(Gateway& gateway) {
  End end = End::failed;
  std::string problem;
  created_ = 0;
  const Answer answer =
      gateway.watch(ranges_, from_, [&](WatchMessage&& message) { return take(std::move(message), end, problem); });
  if (gate_.stopped()) return End::failed;
  if (answer.fault == Fault::too_large) {  // what happened meanwhile is more than all there is, perhaps
    from_.clear();
    end = End::again;
  }
  if (end == End::again) return end;
  return broken(problem.empty() ? answer : Answer{Fault::other, problem});
}

/// False: the watch is of no more use.
bool Watcher::take(WatchMessage&& message, End& end, std::string& problem) {
  if (gate_.stopped()) return false;
  if (message.watch < 1 || message.watch > static_cast<int64_t>(ranges_.size())) {
    problem = "a message belongs to no watch";
    return false;
  }
  if (message.canceled) {
    if (message.compacted > 0) {
      from_.clear();
      progress_ = true;
      end = End::again;
    } else {
      problem = message.reason.empty() ? "the watch was canceled" : message.reason;
    }
    return false;
  }
  if (message.created) {
    // Another store has taken its place, or an older state of it: what is known here may not be there.
    if (message.header.cluster != cluster_ || message.header.revision < seen_) {
      from_.clear();
      progress_ = true;
      end = End::again;
      return false;
    }
    if (++created_ == ranges_.size()) {
      progress_ = true;
      state_.connected(true, endpoint_, {});
    }
    return true;
  }
  take_events(std::move(message));
  state_.connected(true, endpoint_, {});
  return true;
}

void Watcher::take_events(WatchMessage&& message) {
  int64_t& from = from_[static_cast<size_t>(message.watch) - 1];
  std::vector<Store::Change> changes;
  int64_t last = from - 1;
  for (WatchMessage::Event& event : message.events) {
    if (event.value.revision < from) continue;  // a proxy may say things twice
    last = std::max(last, event.value.revision);
    std::string key = event.value.key;
    changes.push_back({std::move(key), event.put ? service_of(state_, std::move(event.value)) : nullptr});
  }
  // Without events it is a note of progress: there was nothing up to its revision.
  from = std::max(message.events.empty() ? message.header.revision : last, last) + 1;
  seen_ = std::max(seen_, from - 1);
  if (changes.empty()) return;
  state_.store_to_change().apply(std::move(changes));
  state_.changed();
}

Watcher::End Watcher::broken(const Answer& answer) {
  if (!gate_.stopped()) state_.connected(false, endpoint_, answer.problem);
  return End::failed;
}

}  // namespace portolan::etcd
