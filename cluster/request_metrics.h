// What is counted of the requests to an API server, with the names, labels and buckets of Kubernetes' own client.
#pragma once

#include <chrono>
#include <string>

#include "base/metrics.h"

namespace portolan::cluster {

/// Host and port of a URL as it stands there, for people.
std::string authority(const std::string& url);

/// For one API server; used by any thread.
class RequestMetrics {
 public:
  /// `url`: as configured; its host and port are the label `host`.
  explicit RequestMetrics(const std::string& url);

  /// A request had to wait this long for its turn (apiserver_qps, apiserver_max_inflight).
  void waited(std::chrono::nanoseconds duration) const;
  /// The head of a reply has come, this long after the request began.
  void answered(int status, std::chrono::nanoseconds duration) const;
  /// There was none.
  void failed() const;

 private:
  std::string host_;
  metrics::Histogram waits_, latencies_;
};

}  // namespace portolan::cluster
