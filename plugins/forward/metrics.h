// The counters of `forward`, with CoreDNS's names, and those of Portolan.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/metrics.h"

namespace portolan::forward {

struct ForwardMetrics {
  metrics::Counter healthcheck_broken, max_concurrent_rejects, overload_rejects;
};
const ForwardMetrics& forward_metrics();

/// The counters of one upstream as one worker uses them: children are made when they first count, as with CoreDNS.
class UpstreamMetrics {
 public:
  explicit UpstreamMetrics(std::string to) : to_(std::move(to)) {}

  void answered(uint16_t rcode, double seconds);
  /// `hit`: an open socket was used again.
  void connection(std::string_view proto, bool hit);
  void check_failed();
  /// Packets that were no answer to what had been asked.
  void mismatched();

 private:
  struct Connections {
    std::optional<metrics::Counter> hits, misses;
  };
  std::string to_;
  std::array<std::optional<metrics::Histogram>, 24> durations_;  // by rcode
  std::array<Connections, 3> connections_;                       // udp, tcp, tcp-tls
  std::optional<metrics::Counter> check_failures_, mismatches_;
};

}  // namespace portolan::forward
