// The counters that the core itself keeps; the `prometheus` plugin exposes them.
#pragma once

#include "base/metrics.h"
#include "server/query.h"

namespace portolan::server {

struct CoreMetrics {
  metrics::Counter panics;         // coredns_panics_total
  metrics::Counter malformed;      // portolan_malformed_packets_total
  metrics::Counter udp_drops;      // portolan_udp_receive_drops_total: full receive queues, as the kernel counts them
  metrics::Counter send_errors;    // portolan_udp_send_errors_total
  metrics::Counter tcp_accepted;   // portolan_tcp_connections_total
  metrics::Counter tcp_refused;    // portolan_tcp_connections_refused_total: over a limit, or out of descriptors
  metrics::Gauge tcp_open;         // portolan_tcp_connections
  metrics::Counter overloaded;     // portolan_queries_refused_total: too many in flight
  metrics::Counter proxy_refused;  // portolan_proxy_headers_refused_total
};

/// Called for each query that no block takes. The `prometheus` plugin sets it, to count such a query with zone
/// "dropped" as CoreDNS does; the core knows no plugin.
using UnroutedHook = void (*)(const Query& query, dns::Rcode rcode, size_t reply_size);
void set_unrouted_hook(UnroutedHook hook);
UnroutedHook unrouted_hook();

const CoreMetrics& core_metrics();

}  // namespace portolan::server
