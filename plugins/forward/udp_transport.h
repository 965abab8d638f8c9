// Questions over UDP: a bounded set of connected sockets, each on a port of the kernel's choosing and soon replaced, so
// that a forger must guess port and id (RFC 5452 section 9.2).
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/loop.h"
#include "plugins/forward/in_flight.h"
#include "server/listen/outgoing_batch.h"

namespace portolan::forward {

class Link;

/// Part of a Link: owned and used by one thread.
class UdpTransport {
 public:
  static constexpr size_t kSlots = 32;          // sockets that new questions are spread over
  static constexpr unsigned kUses = 32;         // questions that leave by one port
  static constexpr size_t kMostDraining = 256;  // replaced sockets that wait for answers
  static constexpr unsigned kMostStrays = 16;   // packets that answer nothing, before a socket is left
  static constexpr unsigned kMostMoves = 3;     // of one question to another socket

  explicit UdpTransport(Link& link);
  ~UdpTransport();

  /// It leaves with all others that are asked before the loop's next turn.
  void send(Exchange& exchange);
  /// Its time is over.
  void give_up(Exchange& exchange);
  /// Closes idle sockets; the number of those that are left.
  size_t sweep(SteadyTime now);
  void end();

 private:
  struct Socket;
  struct Buffers;
  Socket* pick(SteadyTime now);
  std::unique_ptr<Socket> open(SteadyTime now);
  bool put(Socket& socket, Exchange& exchange);
  void flush();
  void send_burst(Socket& socket);
  void retire(size_t slot);
  void leave(Socket& socket);
  void wait();
  void on_ready();
  void receive(Socket& socket);
  void on_packet(Socket& socket, std::span<const uint8_t> packet);
  void stray(Socket& socket);
  void fail_all(Socket& socket, int error_number);
  void clean();

  Link& link_;
  Descriptor epoll_;  // of all sockets: one watch on the loop, however many there are
  std::optional<FdWatch> watch_;
  std::vector<std::unique_ptr<Socket>> slots_, draining_;
  std::unique_ptr<Buffers> buffers_;
  std::string dial_error_;
  bool in_ready_ = false;
  // Questions that were asked together, and the socket they leave by.
  Socket* burst_ = nullptr;
  unsigned burst_size_ = 0;
  std::array<uint16_t, server::OutgoingBatch::kMost> burst_ids_;
  std::unique_ptr<server::OutgoingBatch> batch_;
  std::optional<bool> joins_;  // they leave as one packet; not known before the first socket
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace portolan::forward
