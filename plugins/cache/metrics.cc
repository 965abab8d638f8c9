// The families, with CoreDNS's names, and the gauge of entries.
#include "plugins/cache/metrics.h"

#include <algorithm>
#include <span>

#include "plugins/cache/cache.h"
#include "server/configuration.h"

namespace portolan::cache {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

const GaugeFamily& entries() {
  static const GaugeFamily family("coredns_cache_entries", "The number of elements in the cache.",
                                  {"server", "type", "zones", "view"});
  return family;
}

// Made once for the process; the handles live as long.
struct Families {
  const CounterFamily requests{
      "coredns_cache_requests_total", "The count of cache requests.", {"server", "zones", "view"}};
  const CounterFamily hits{"coredns_cache_hits_total", "The count of cache hits.", {"server", "type", "zones", "view"}};
  const CounterFamily misses{"coredns_cache_misses_total",
                             "The count of cache misses. Deprecated, derive misses from cache hits/requests counters.",
                             {"server", "zones", "view"}};
  const CounterFamily prefetches{"coredns_cache_prefetch_total",
                                 "The number of times the cache has prefetched a cached item.",
                                 {"server", "zones", "view"}};
  const CounterFamily drops{"coredns_cache_drops_total",
                            "The number responses that are not cached, because the reply is malformed.",
                            {"server", "zones", "view"}};
  const CounterFamily served_stale{"coredns_cache_served_stale_total",
                                   "The number of requests served from stale cache entries.",
                                   {"server", "zones", "view"}};
  const CounterFamily evictions{
      "coredns_cache_evictions_total", "The count of cache evictions.", {"server", "type", "zones", "view"}};
};

const Families& families() {
  static const Families all;
  return all;
}

std::unique_ptr<Counters> counters_for(const server::ListenerPlan& listener, const std::string& zones,
                                       const std::string& view) {
  auto made = std::make_unique<Counters>();
  made->listener = &listener;
  made->server = listener.label;
  const std::vector<std::string> plain = {listener.label, zones, view};
  const std::vector<std::string> success = {listener.label, "success", zones, view};
  const std::vector<std::string> denial = {listener.label, "denial", zones, view};
  made->requests.set(families().requests, plain);
  made->misses.set(families().misses, plain);
  made->prefetches.set(families().prefetches, plain);
  made->drops.set(families().drops, plain);
  made->served_stale.set(families().served_stale, plain);
  made->success_hits.set(families().hits, success);
  made->denial_hits.set(families().hits, denial);
  made->success_evictions.set(families().evictions, success);
  made->denial_evictions.set(families().evictions, denial);
  return made;
}

}  // namespace

uint32_t LazyCounter::make() {
  std::vector<std::string_view> labels(labels_.begin(), labels_.end());
  const uint32_t cell = family_->with(std::span<const std::string_view>(labels)).cell();
  cell_.store(cell, std::memory_order_relaxed);
  return cell;
}

void CacheMetrics::inherit(const CacheMetrics& before) {
  for (const auto& each : before.counters_) {
    if (each->stored.load(std::memory_order_relaxed)) inherited_.push_back(each->server);
  }
}

void CacheMetrics::start(const server::Configuration& configuration, std::string_view view,
                         std::shared_ptr<Store> store) {
  view_ = view;
  entries();
  for (const auto& listener : configuration.listeners()) {
    counters_.push_back(counters_for(*listener, zones_, view_));
    counters_.back()->stored = std::find(inherited_.begin(), inherited_.end(), listener->label) != inherited_.end();
  }
  hook_ = metrics::before_scrape([this, store = std::move(store)] {
    for (const auto& each : counters_) {
      if (!each->stored.load(std::memory_order_relaxed)) continue;
      entries().with({each->server, "success", zones_, view_}).set(static_cast<double>(store->success.size()));
      entries().with({each->server, "denial", zones_, view_}).set(static_cast<double>(store->denial.size()));
    }
  });
  started_ = true;
}

void CacheMetrics::stop() {
  if (!started_) return;
  started_ = false;
  metrics::forget(hook_);
  for (const auto& each : counters_) {
    entries().remove({each->server, "success", zones_, view_});
    entries().remove({each->server, "denial", zones_, view_});
  }
}

}  // namespace portolan::cache
