// Questions over TCP and TLS: connections are kept and used again, several questions may be under way on one
// (RFC 7766 sections 6.2.1 and 7).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "plugins/forward/in_flight.h"

namespace portolan::forward {

class Link;

/// Part of a Link: owned and used by one thread.
class TcpTransport {
 public:
  static constexpr size_t kMostConnections = 16;  // beyond that questions share one

  explicit TcpTransport(Link& link);
  ~TcpTransport();

  void send(Exchange& exchange);
  /// Its time is over.
  void give_up(Exchange& exchange);
  /// Closes idle connections; the number of those that are left.
  size_t sweep(SteadyTime now);
  void end();

 private:
  struct Connection;
  Connection* choose(SteadyTime now);
  Connection* open(SteadyTime now);
  void watch(Connection& connection);
  void on_ready(Connection& connection);
  void progress(Connection& connection);
  bool connected(Connection& connection);
  bool flush(Connection& connection);
  bool read(Connection& connection);
  bool take_messages(Connection& connection);
  /// Takes it out of use; what is under way on it fails, or goes elsewhere when `again`.
  void close(Connection& connection, std::string error, bool again = false);
  void clean();

  Link& link_;
  std::vector<std::unique_ptr<Connection>> connections_, closed_;
  std::string dial_error_;
  unsigned busy_ = 0;  // depth of calls that hold a connection
};

}  // namespace portolan::forward
