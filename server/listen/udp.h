// UdpListener: one UDP socket of one worker. Packets come in by recvmmsg straight into pooled queries and leave by one
// sendmmsg; the only file with batched system calls on the way of a query.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>

#include "base/descriptor.h"
#include "base/loop.h"
#include "server/listen/outgoing_batch.h"
#include "server/listen/udp_proxy.h"
#include "server/listen/unsent.h"
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
  void set_plan(const ListenerPlan& plan);
  /// Takes no new packets, serves what the kernel has queued (it would be lost with the socket), then reads no more.
  /// Answers that are awaited still leave; when idle() the listener can go.
  void close_input();
  bool idle() const { return in_flight_ == 0 && !waiting(); }
  void respond(Query& query, std::span<const uint8_t> message) override { send(query, message, query.client); }
  bool sheds() override;

 private:
  static constexpr unsigned kBatch = OutgoingBatch::kMost;
  struct Incoming;
  /// Where answers go that leave through a proxy; a responder of its own, so that others need not ask.
  struct Proxied : Responder {
    explicit Proxied(UdpListener& owner) : listener(owner) {}
    void respond(Query& query, std::span<const uint8_t> message) override {
      listener.send(query, message, *query.proxy_);
    }
    bool sheds() override { return listener.sheds(); }
    UdpListener& listener;
  };

  void wait();
  void on_readable();
  unsigned receive();
  void take_packet(unsigned slot);
  void read_control(Query& query, const msghdr& header);
  bool from_proxy(Query& query);
  void send(Query& query, std::span<const uint8_t> message, const SocketAddress& to);
  /// Where the answer leaves from when that is not the socket's own address: what was asked.
  const SocketAddress* source_of(const Query& query) const { return any_address_ ? &query.local : nullptr; }
  void flush();
  void schedule_flush();
  void check_drops();
  bool waiting() const { return unsent_ && !unsent_->empty(); }
  void keep_unsent(unsigned first);
  void wait_writable();
  void send_unsent();

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
  std::unique_ptr<OutgoingBatch> out_;
  bool joins_;                             // answers to one client leave as one packet
  std::unique_ptr<UdpProxy> proxy_;        // proxyproto
  std::unique_ptr<UnsentAnswers> unsent_;  // shed
  bool keeps_unsent_ = false;              // whether the plan has `shed`
  bool writable_awaited_ = false;
  bool resending_ = false;  // what is in out_ comes from unsent_
  Proxied proxied_{*this};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace portolan::server
