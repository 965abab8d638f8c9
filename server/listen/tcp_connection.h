// TcpConnection: one client's stream of length-prefixed messages (RFC 1035 section 4.2.2).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "server/query.h"

namespace portolan::server {

class CoreWorker;
struct ListenerPlan;

/// Kept alive by its pending operations, its queries and its listener. One worker's.
class TcpConnection : public Responder, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(CoreWorker& worker, boost::asio::ip::tcp::socket socket, const SocketAddress& client,
                const SocketAddress& local, const ListenerPlan& plan);

  void start() { read(); }
  void set_plan(const ListenerPlan& plan) { plan_ = &plan; }
  void respond(Query& query, std::span<const uint8_t> message) override;

  /// Reads no more; closes when the last answer has left.
  void finish();
  void close();
  bool closed() const { return closed_; }
  bool idle() const { return in_flight_ == 0 && out_.empty() && writing_.empty(); }
  /// Closes the connection when `now` is past what it was given time for; to be called now and then.
  void check_time(SteadyTime now);
  SteadyTime last_active() const { return last_active_; }
  const SocketAddress& client() const { return client_; }

 private:
  void read();
  void serve_messages();
  void take_message(std::span<const uint8_t> message);
  void write();
  bool may_read() const;

  CoreWorker& worker_;
  boost::asio::ip::tcp::socket socket_;
  SocketAddress client_, local_;
  const ListenerPlan* plan_;
  std::vector<uint8_t> in_;   // what was read and is no whole message yet
  std::vector<uint8_t> out_;  // answers that wait for the write under way
  std::vector<uint8_t> writing_;
  unsigned in_flight_ = 0;
  bool reading_ = false;
  bool serving_ = false;  // in serve_messages(): answers are gathered, nothing is read
  bool finishing_ = false;
  bool closed_ = false;
  bool served_ = false;  // had a whole query: from now on the idle time counts
  SteadyTime last_active_;
  SteadyTime write_started_;
  std::shared_ptr<TcpConnection> self_;  // while queries are out, so that their answers find the connection
};

}  // namespace portolan::server
