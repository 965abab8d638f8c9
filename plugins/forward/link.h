// Link: one worker's way to one upstream: the questions under way and the sockets they leave by.
#pragma once

#include <chrono>
#include <functional>

#include "base/loop.h"
#include "plugins/forward/in_flight.h"
#include "plugins/forward/metrics.h"
#include "plugins/forward/tcp_transport.h"
#include "plugins/forward/udp_transport.h"
#include "plugins/forward/upstream.h"

namespace portolan::forward {

/// Owned and used by one thread.
class Link {
 public:
  /// `timeout` is the time one answer may take; `sharers` share max_idle_conns.
  Link(Upstream& upstream, Loop& loop, nanoseconds timeout, size_t sharers);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Sends the question, or waits with others who have asked the same. `waiter.done` is called once, perhaps at once.
  void ask(Waiter& waiter);
  /// Fails whatever is under way: the upstream is no longer in the configuration.
  void end();
  UpstreamMetrics& metrics() { return metrics_; }

  // For the transports.
  Upstream& upstream() { return upstream_; }
  Loop& loop() { return loop_; }
  InFlight& in_flight() { return in_flight_; }
  size_t most_idle() const { return most_idle_; }
  /// Starts the time-out of an exchange anew: it leaves now.
  void restart(Exchange& exchange);
  /// A packet with the exchange's id has come by socket `fd`. True when that ended the exchange; false: wait on.
  bool receive(Exchange& exchange, std::span<const uint8_t> packet, int fd);
  void fail(Exchange& exchange, std::string_view error);
  /// Whether a socket from then, last used then, may be used now.
  bool fresh(SteadyTime made, SteadyTime used, SteadyTime now) const;

 private:
  void arm();
  void expire_due();
  void sweep();

  Upstream& upstream_;
  Loop& loop_;
  nanoseconds timeout_;
  size_t most_idle_;
  UpstreamMetrics metrics_;
  InFlight in_flight_;
  UdpTransport udp_;
  TcpTransport tcp_;
  Timer due_timer_, sweep_timer_;
  bool due_armed_ = false, sweep_armed_ = false, ended_ = false;
};

}  // namespace portolan::forward
