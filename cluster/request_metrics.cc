// All requests are GETs: lists, and watches.
#include "cluster/request_metrics.h"

#include <string_view>
#include <vector>

namespace portolan::cluster {
namespace {

constexpr std::string_view kVerb = "GET";

struct Families {
  metrics::HistogramFamily waits{"coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
                                 "Client side rate limiter latency in seconds. Broken down by verb and host.",
                                 {"verb", "host"},
                                 {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}};
  metrics::HistogramFamily latencies{"coredns_kubernetes_rest_client_request_duration_seconds",
                                     "Request latency in seconds. Broken down by verb and host.",
                                     {"verb", "host"},
                                     {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}};
  metrics::CounterFamily requests{"coredns_kubernetes_rest_client_requests_total",
                                  "Number of HTTP requests, partitioned by status code, method, and host.",
                                  {"code", "method", "host"}};
};

const Families& families() {
  static const Families instance;
  return instance;
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::string authority(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(begin, url.find('/', begin) - begin);
}

RequestMetrics::RequestMetrics(const std::string& url)
    : host_(authority(url)),
      waits_(families().waits.with({kVerb, host_})),
      latencies_(families().latencies.with({kVerb, host_})) {}

void RequestMetrics::waited(std::chrono::nanoseconds duration) const { waits_.observe(seconds(duration)); }

void RequestMetrics::answered(int status, std::chrono::nanoseconds duration) const {
  latencies_.observe(seconds(duration));
  families().requests.with({std::to_string(status), kVerb, host_}).add();
}

void RequestMetrics::failed() const { families().requests.with({"<error>", kVerb, host_}).add(); }

}  // namespace portolan::cluster
