// UdpListener: one UDP socket of one worker. Packets come in by recvmmsg straight into pooled queries and leave by one
// sendmmsg; the only file with batched system calls on the way of a query.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>

#include "base/loop.h"
#include "server/listen/socket.h"
#include "server/query.h"

namespace portolan::server {

class CoreWorker;
struct ListenerPlan;

/// Owned and used by one worker.
class UdpListener : public Responder {
 public:
  UdpListener(CoreWorker& worker, Descriptor fd, const ListenerPlan& plan);
  ~UdpListener() override;

  /// The plan of the configuration that serves from now on.
  void set_plan(const ListenerPlan& plan) { plan_ = &plan; }
  /// Takes no new packets, serves what the kernel has queued (it would be lost with the socket), then reads no more.
  /// Answers that are awaited still leave; when idle() the listener can go.
  void close_input();
  bool idle() const { return in_flight_ == 0; }
  void respond(Query& query, std::span<const uint8_t> message) override;

 private:
  static constexpr unsigned kBatch = 32;
  struct Incoming;
  struct Outgoing;

  void wait();
  void on_readable();
  unsigned receive();
  void take_packet(unsigned slot);
  void read_control(Query& query, const msghdr& header);
  void set_source(unsigned slot, const SocketAddress& local);
  void flush();
  void schedule_flush();
  void check_drops();

  CoreWorker& worker_;
  Descriptor fd_;
  std::optional<FdWatch> watch_;
  Timer drops_timer_;
  const ListenerPlan* plan_;
  SocketAddress bound_;
  bool any_address_;
  bool in_batch_ = false;
  bool flush_scheduled_ = false;
  bool drops_check_due_ = false;
  uint32_t drops_seen_ = 0;
  size_t in_flight_ = 0;
  std::unique_ptr<Incoming> in_;
  std::unique_ptr<Outgoing> out_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace portolan::server
