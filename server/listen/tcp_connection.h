// TcpConnection: one client's stream of length-prefixed messages (RFC 1035 section 4.2.2).
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/descriptor.h"
#include "server/query.h"

namespace portolan::server {

class CoreWorker;
struct ListenerPlan;

/// Kept alive by its pending operations, its queries and its listener. One worker's.
class TcpConnection : public Responder {
 public:
  /// Takes over a connected socket and starts to read.
  static std::shared_ptr<TcpConnection> start(CoreWorker& worker, Descriptor socket, const SocketAddress& client,
                                              const SocketAddress& local, const ListenerPlan& plan);

  virtual void set_plan(const ListenerPlan& plan) = 0;
  /// Reads no more; closes when the last answer has left.
  virtual void finish() = 0;
  virtual void close() = 0;
  virtual bool closed() const = 0;
  /// No query under way and nothing to write.
  virtual bool idle() const = 0;
  /// Closes the connection when `now` is past what it was given time for; to be called now and then.
  virtual void check_time(SteadyTime now) = 0;
  virtual SteadyTime last_active() const = 0;
  /// Who holds the connection: the client, or the proxy in front of it.
  virtual const IpAddress& peer() const = 0;
};

}  // namespace portolan::server
