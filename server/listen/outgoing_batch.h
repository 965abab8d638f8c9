// OutgoingBatch: the answers that leave with one sendmmsg(2). Those to one client travel as one packet that the kernel
// cuts up at the last moment (UDP_SEGMENT, udp(7)), which takes one way through its network stack instead of several:
// a stub resolver asks for A and AAAA from one socket at once.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>

#include "base/address.h"
#include "server/query.h"

namespace portolan::server {

/// One answer on its way out; or a question to an upstream, without a query and to nowhere: its socket is connected.
struct UdpAnswer {
  Query* query = nullptr;
  std::span<const uint8_t> message;  // in the query's arena
  SocketAddress to;                  // port 0: where the socket is connected to
};

/// One UDP socket's; used by its worker only.
class OutgoingBatch {
 public:
  static constexpr unsigned kMost = 32;
  unsigned size() const { return size_; }
  bool full() const { return size_ == kMost; }
  /// `source`: where the answer leaves from (RFC 3542 section 6.2), null: the socket's address. Not to a full one.
  void add(const UdpAnswer& answer, const SocketAddress* source);
  /// What sendmmsg(2) is to be given for the answers from `first` on, valid until the next call. `join`: the kernel can
  /// cut packets up; the answers take another order then. Each other answer is a message of its own.
  std::span<mmsghdr> messages(unsigned first, bool join);
  /// The place of the first answer in one of the messages() of the last call.
  unsigned place(const mmsghdr& message) const { return places_[static_cast<size_t>(&message - headers_.data())]; }
  /// The answer at a place in the order of the last messages().
  const UdpAnswer& at(unsigned place) const { return answers_[order_[place]]; }
  void clear() { size_ = 0; }

 private:
  static constexpr size_t kControl = CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t));

  bool same_way(unsigned a, unsigned b) const;
  unsigned gather(unsigned first);
  unsigned joined(unsigned first, unsigned end) const;
  void put_message(unsigned first, unsigned count);

  unsigned size_ = 0;
  std::array<UdpAnswer, kMost> answers_;
  std::array<SocketAddress, kMost> sources_;
  std::array<uint64_t, kMost> keys_;  // differ where the ways do, nearly always
  bool with_source_ = false;
  std::array<uint8_t, kMost> order_{};  // places to answers
  unsigned count_ = 0;                  // of messages
  std::array<mmsghdr, kMost> headers_{};
  std::array<uint8_t, kMost> places_{};
  std::array<iovec, kMost> vectors_{};  // by place
  std::array<sockaddr_storage, kMost> peers_;
  alignas(cmsghdr) std::array<std::array<uint8_t, kControl>, kMost> control_;
};

/// Whether the kernel can cut up what leaves through this UDP socket. False too when the environment has
/// PORTOLAN_UDP_SEGMENT=off: for network drivers that do it wrong.
bool can_segment(int fd);

}  // namespace portolan::server
