// The families, and the children that workers keep.
#include "plugins/forward/metrics.h"

#include "dns/types.h"

namespace portolan::forward {
namespace {

constexpr std::string_view kProxy = "forward";  // the label proxy_name

struct Families {
  metrics::HistogramFamily durations{"coredns_proxy_request_duration_seconds",
                                     "Histogram of the time each request took.",
                                     {"proxy_name", "to", "rcode"},
                                     metrics::exponential_bounds(0.00025, 2, 16)};
  metrics::CounterFamily check_failures{"coredns_proxy_healthcheck_failures_total",
                                        "Counter of the number of failed healthchecks.",
                                        {"proxy_name", "to"}};
  metrics::CounterFamily hits{"coredns_proxy_conn_cache_hits_total",
                              "Counter of connection cache hits per upstream and protocol.",
                              {"proxy_name", "to", "proto"}};
  metrics::CounterFamily misses{"coredns_proxy_conn_cache_misses_total",
                                "Counter of connection cache misses per upstream and protocol.",
                                {"proxy_name", "to", "proto"}};
  metrics::CounterFamily mismatches{"portolan_forward_mismatched_answers_total",
                                    "Packets from an upstream that answered no question under way.",
                                    {"to"}};
};

const Families& families() {
  static const Families instance;
  return instance;
}

metrics::Counter counter(const char* name, const char* help) { return metrics::CounterFamily(name, help).with(); }

}  // namespace

const ForwardMetrics& forward_metrics() {
  static const ForwardMetrics instance{
      counter("coredns_forward_healthcheck_broken_total",
              "Counter of the number of complete failures of the healthchecks."),
      counter("coredns_forward_max_concurrent_rejects_total",
              "Counter of the number of queries rejected because the concurrent queries were at maximum."),
      counter("portolan_forward_overload_rejects_total",
              "Queries refused because too many were waiting for upstreams."),
  };
  return instance;
}

void UpstreamMetrics::answered(uint16_t rcode, double seconds) {
  if (rcode >= durations_.size()) {
    const std::string text = dns::text(static_cast<dns::Rcode>(rcode));
    return families().durations.with({kProxy, to_, text}).observe(seconds);
  }
  auto& duration = durations_[rcode];
  if (!duration) duration = families().durations.with({kProxy, to_, dns::text(static_cast<dns::Rcode>(rcode))});
  duration->observe(seconds);
}

void UpstreamMetrics::connection(std::string_view proto, bool hit) {
  Connections& connections = connections_[proto == "udp" ? 0 : proto == "tcp" ? 1 : 2];
  // Both are there from the first socket on: whether a question finds one open depends on which worker has it.
  if (!connections.misses) {
    connections.hits = families().hits.with({kProxy, to_, proto});
    connections.misses = families().misses.with({kProxy, to_, proto});
  }
  (hit ? connections.hits : connections.misses)->add();
}

void UpstreamMetrics::check_failed() {
  if (!check_failures_) check_failures_ = families().check_failures.with({kProxy, to_});
  check_failures_->add();
}

void UpstreamMetrics::mismatched() {
  if (!mismatches_) mismatches_ = families().mismatches.with({to_});
  mismatches_->add();
}

}  // namespace portolan::forward
