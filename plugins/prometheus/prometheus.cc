// Counting around the chain, and the /metrics endpoint.
#include "plugins/prometheus/prometheus.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "plugins/common/replacer.h"
#include "server/configuration.h"
#include "server/worker.h"

namespace portolan::prometheus {
namespace {

const metrics::GaugeFamily kEnabled("coredns_plugin_enabled",
                                    "A metric that indicates whether a plugin is enabled on per server and zone basis.",
                                    {"server", "zone", "view", "name"});

constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

}  // namespace

Prometheus::Prometheus(Options options, const server::Block& block, const server::Configuration& configuration,
                       const Clock& clock, std::shared_ptr<Together> together, unsigned workers)
    : options_(std::move(options)),
      block_(block),
      configuration_(configuration),
      clock_(clock),
      together_(std::move(together)),
      by_label_(workers) {}

Task<server::Outcome> Prometheus::serve(server::Query& query, server::Next next) {
  Series& series = series_of(query, next);
  const size_t size = request_size(query);
  Task<server::Outcome> rest = next(query);
  if (!rest.ready()) return count_later(query, std::move(rest), series, size);
  const server::Outcome outcome = rest.take();
  count(query, outcome, series, size);
  return outcome;
}

Task<server::Outcome> Prometheus::count_later(server::Query& query, Task<server::Outcome> rest, Series& series,
                                              size_t request_size) const {
  const server::Outcome outcome = co_await rest;
  count(query, outcome, series, request_size);
  co_return outcome;
}

void Prometheus::count(const server::Query& query, const server::Outcome& outcome, Series& series,
                       size_t request_size) const {
  const Answered reply = answered(query, outcome);
  Counted counted;
  counted.query = &query;
  counted.request_size = request_size;
  counted.by_plugin = outcome.verdict == server::Verdict::answered || outcome.verdict == server::Verdict::sent;
  counted.response_size = counted.by_plugin ? reply.size : 0;
  counted.rcode = reply.replied ? reply.rcode : dns::Rcode::noerror;
  counted.duration = std::max(clock_.now() - query.received, std::chrono::nanoseconds(0));
  series.count(counted);
}

// CoreDNS's `plugin` label is the plugin that handed the reply to this one: whatever follows in the chain.
Series& Prometheus::series_of(const server::Query& query, const server::Next& next) {
  if (!zone_labels_.empty()) {
    if (Series* series = series_of_label(query, next)) return *series;
  }
  const auto found = series_.find({&query.listener(), query.zone.data()});
  if (found != series_.end()) return *found->second;
  return Series::of(query.listener().label, query.zone.text(), block_.view(), next.name());
}

// The series of the longest zone that a plugin has found by itself; null when none lies below the block's.
Series* Prometheus::series_of_label(const server::Query& query, const server::Next& next) {
  dns::NameView longest = query.zone;
  for (const ZoneLabels* each : zone_labels_) {
    const dns::NameView zone = each->zone_label(query.question.lower);
    if (zone.size() > longest.size()) longest = zone;
  }
  if (longest.size() == query.zone.size()) return nullptr;
  ByZone& zones = by_label_[query.worker().index()][&query.listener()];
  if (const auto found = zones.find(longest); found != zones.end()) return found->second;
  Series* series = &Series::of(query.listener().label, longest.text(), block_.view(), next.name());
  zones.emplace(dns::Name(longest), series);
  return series;
}

std::string_view Prometheus::next_plugin() const {
  const auto& members = block_.members();
  for (size_t i = 0; i + 1 < members.size(); ++i) {
    if (members[i].handler.get() == this) return members[i + 1].name;
  }
  return {};
}

Result<void> Prometheus::prepare() {
  for (const ZoneLabels* each : block_.others<ZoneLabels>()) zone_labels_.push_back(each);
  for (const auto& listener : configuration_.listeners()) {
    for (const server::Router::Route& route : listener->router.routes()) {
      if (route.block != &block_) continue;
      Series& series = Series::of(listener->label, route.zone.text(), block_.view(), next_plugin());
      series_.emplace(Place{listener.get(), route.zone.view().data()}, &series);
    }
  }
  register_process_metrics(options_.runtime_metrics);
  auto endpoint = server::http::Endpoint::open(options_.address);
  if (endpoint.has_error()) return fail("plugin/prometheus: " + endpoint.error().message);
  endpoint_ = std::move(*endpoint);
  route_ = endpoint_->route(
      "/metrics", [](const auto&) { return server::http::Response{200, metrics::exposition(), kContentType}; });
  return {};
}

void Prometheus::serving() {
  if (!together_->enabled_cleared) {
    kEnabled.clear();
    together_->enabled_cleared = true;
  }
  for (const auto& listener : configuration_.listeners()) {
    for (const server::Router::Route& route : listener->router.routes()) {
      if (route.block != &block_) continue;
      const std::string zone = route.zone.text();
      for (const server::Member& member : block_.members()) {
        kEnabled.with({listener->label, zone, block_.view(), member.name}).set(1);
      }
    }
  }
}

void Prometheus::stop(server::Deadline) noexcept {
  route_.reset();
  endpoint_.reset();
}

void count_unrouted(const server::Query& query, dns::Rcode rcode, size_t reply_size) {
  // Refused queries can come in floods: a worker keeps what it has looked up, by label, since listeners come and go.
  static thread_local std::unordered_map<std::string, Series*> known;
  Series*& series = known[query.listener().label];
  if (series == nullptr) series = &Series::of(query.listener().label, "dropped", "", "");
  Counted counted;
  counted.query = &query;
  counted.request_size = request_size(query);
  counted.response_size = reply_size;
  counted.rcode = rcode;
  series->count(counted);
}

}  // namespace portolan::prometheus
