// The counters of one cache, by listener. A child of a family is made when it is first counted, so that the exposition
// shows what has happened only, as CoreDNS's does.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"

namespace portolan::server {
class Configuration;
struct ListenerPlan;
}  // namespace portolan::server

namespace portolan::cache {

struct Store;

/// A counter whose child comes into being with its first count. For all threads.
class LazyCounter {
 public:
  void set(const metrics::CounterFamily& family, std::vector<std::string> labels) {
    family_ = &family;
    labels_ = std::move(labels);
  }
  void add() {
    const uint32_t cell = cell_.load(std::memory_order_relaxed);
    metrics::Counter(cell ? cell : make()).add();
  }

 private:
  uint32_t make();

  const metrics::CounterFamily* family_ = nullptr;
  std::vector<std::string> labels_;
  std::atomic<uint32_t> cell_{0};  // 0: no child yet
};

/// What is counted for one listener (the `server` label).
struct Counters {
  const server::ListenerPlan* listener = nullptr;
  std::string server;
  LazyCounter requests, misses, prefetches, drops, served_stale;
  LazyCounter success_hits, denial_hits, success_evictions, denial_evictions;
  std::atomic<bool> stored{false};  // something was put into the cache

  /// Written once: all workers read this line with every query.
  void note_stored() {
    if (!stored.load(std::memory_order_relaxed)) stored.store(true, std::memory_order_relaxed);
  }
};

class CacheMetrics {
 public:
  explicit CacheMetrics(std::string zones) : zones_(std::move(zones)) {}
  ~CacheMetrics() { stop(); }

  /// Before start(): listeners whose entries `before` counted are counted here too, as the entries are the same.
  void inherit(const CacheMetrics& before);
  /// Once all listeners are known. `store` is looked at before each scrape.
  void start(const server::Configuration& configuration, std::string_view view, std::shared_ptr<Store> store);
  /// Takes the gauges away again.
  void stop();
  Counters& of(const server::ListenerPlan& listener) {
    for (auto& each : counters_) {
      if (each->listener == &listener) return *each;
    }
    return *counters_.front();
  }

 private:
  std::string zones_, view_;
  std::vector<std::unique_ptr<Counters>> counters_;
  std::vector<std::string> inherited_;  // labels of listeners
  uint64_t hook_ = 0;
  bool started_ = false;
};

}  // namespace portolan::cache
