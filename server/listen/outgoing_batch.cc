// How answers are laid out for sendmmsg(2).
#include "server/listen/outgoing_batch.h"

#include <netinet/udp.h>

#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace portolan::server {
namespace {

// A packet is cut up, never fragmented: each part fits the smallest path of IPv6 (RFC 8200 section 5) with its headers.
constexpr size_t kLargestJoined = 1232;

uint64_t key_of(const SocketAddress& to) {
  uint64_t halves[2] = {};
  std::memcpy(halves, to.ip.octets().data(), to.ip.octets().size());
  return (halves[0] ^ halves[1] * 0x9E3779B97F4A7C15) + to.port;
}

template <class Value>
void put_control(msghdr& header, int level, int type, const Value& value) {
  auto* const at = reinterpret_cast<cmsghdr*>(static_cast<uint8_t*>(header.msg_control) + header.msg_controllen);
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(at), &value, sizeof value);
  header.msg_controllen += CMSG_SPACE(sizeof value);
}

void put_source(msghdr& header, const SocketAddress& source) {
  const auto octets = source.ip.octets();
  if (source.ip.is_v4()) {
    in_pktinfo v4{};
    std::memcpy(&v4.ipi_spec_dst, octets.data(), octets.size());
    return put_control(header, IPPROTO_IP, IP_PKTINFO, v4);
  }
  in6_pktinfo v6{};
  std::memcpy(&v6.ipi6_addr, octets.data(), octets.size());
  v6.ipi6_ifindex = source.scope;
  put_control(header, IPPROTO_IPV6, IPV6_PKTINFO, v6);
}

}  // namespace

void OutgoingBatch::add(const UdpAnswer& answer, const SocketAddress* source) {
  const unsigned slot = size_++;
  answers_[slot] = answer;
  keys_[slot] = key_of(answer.to);
  with_source_ = source != nullptr;
  if (source) sources_[slot] = *source;
}

bool OutgoingBatch::same_way(unsigned a, unsigned b) const {
  return keys_[a] == keys_[b] && answers_[a].to == answers_[b].to && (!with_source_ || sources_[a] == sources_[b]);
}

// Brings what goes the same way as the answer at `first` behind it, the longest in front. The place behind the last.
unsigned OutgoingBatch::gather(unsigned first) {
  const unsigned leader = order_[first];
  unsigned end = first + 1;
  for (unsigned each = end; each < size_; ++each) {
    if (!same_way(leader, order_[each])) continue;
    std::swap(order_[each], order_[end]);
    for (unsigned place = end++; place > first && at(place).message.size() > at(place - 1).message.size(); --place) {
      std::swap(order_[place], order_[place - 1]);
    }
  }
  return end;
}

// How many answers from `first` on, of those up to `end` that go the same way, make one packet: all parts but the last
// are equally long (udp(7)).
unsigned OutgoingBatch::joined(unsigned first, unsigned end) const {
  const size_t size = at(first).message.size();
  if (size > kLargestJoined) return 1;
  unsigned next = first + 1;
  while (next < end && at(next).message.size() == size) ++next;
  return (next < end ? next + 1 : next) - first;
}

void OutgoingBatch::put_message(unsigned first, unsigned count) {
  const unsigned index = count_++;
  for (unsigned place = first; place < first + count; ++place) {
    const std::span<const uint8_t> message = at(place).message;
    vectors_[place] = {const_cast<uint8_t*>(message.data()), message.size()};
  }
  places_[index] = static_cast<uint8_t>(first);
  msghdr& header = headers_[index].msg_hdr;
  header = {};
  if (at(first).to.port != 0) {
    header.msg_name = &peers_[index];
    header.msg_namelen = at(first).to.to(peers_[index]);
  }
  header.msg_iov = &vectors_[first];
  header.msg_iovlen = count;
  if (!with_source_ && count == 1) return;
  header.msg_control = control_[index].data();
  if (with_source_) put_source(header, sources_[order_[first]]);
  if (count > 1) put_control(header, SOL_UDP, UDP_SEGMENT, static_cast<uint16_t>(vectors_[first].iov_len));
}

std::span<mmsghdr> OutgoingBatch::messages(unsigned first, bool join) {
  if (first == 0) {
    for (unsigned place = 0; place < size_; ++place) order_[place] = static_cast<uint8_t>(place);
  }
  count_ = 0;
  for (unsigned place = first; place < size_;) {
    const unsigned end = join ? gather(place) : place + 1;
    while (place < end) {
      const unsigned count = joined(place, end);
      put_message(place, count);
      place += count;
    }
  }
  return {headers_.data(), count_};
}

bool can_segment(int fd) {
  static const bool wanted = [] {
    const char* const said = std::getenv("PORTOLAN_UDP_SEGMENT");
    return said == nullptr || std::string_view(said) != "off";
  }();
  if (!wanted) return false;
  int size = 0;
  socklen_t length = sizeof size;
  return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &length) == 0;
}

}  // namespace portolan::server
