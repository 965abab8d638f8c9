// The core's counters.
#include "server/core_metrics.h"

#include <atomic>

namespace portolan::server {
namespace {

std::atomic<UnroutedHook> unrouted{nullptr};

metrics::Counter counter(const char* name, const char* help) { return metrics::CounterFamily(name, help).with(); }

}  // namespace

const CoreMetrics& core_metrics() {
  static const CoreMetrics instance{
      .panics = counter("coredns_panics_total", "A metrics that counts the number of panics."),
      .malformed = counter("portolan_malformed_packets_total", "Packets that were no well-formed question."),
      .udp_drops =
          counter("portolan_udp_receive_drops_total", "Packets the kernel dropped because a receive queue was full."),
      .send_errors = counter("portolan_udp_send_errors_total", "UDP answers the kernel did not take."),
      .tcp_accepted = counter("portolan_tcp_connections_total", "TCP connections accepted."),
      .tcp_refused = counter("portolan_tcp_connections_refused_total",
                             "TCP connections closed at once: over a limit, or out of file descriptors."),
      .tcp_open = metrics::GaugeFamily("portolan_tcp_connections", "TCP connections open.").with(),
      .overloaded = counter("portolan_queries_refused_total", "Queries refused because too many were in flight."),
      .proxy_refused = counter("portolan_proxy_headers_refused_total",
                               "Datagrams and TCP connections dropped because of their PROXY protocol header."),
  };
  return instance;
}

void set_unrouted_hook(UnroutedHook hook) { unrouted.store(hook, std::memory_order_release); }
UnroutedHook unrouted_hook() { return unrouted.load(std::memory_order_acquire); }

}  // namespace portolan::server
