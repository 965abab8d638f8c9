// Socket options and their fall-backs.
#include "server/listen/socket.h"

#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "base/error_text.h"
#include "base/log.h"

namespace portolan::server {
namespace {

// A burst waits in the kernel while a worker is busy: 212,992 octets, the usual default, hold about 256 questions.
constexpr int kReceiveBuffer = 4 << 20;
constexpr int kSendBuffer = 4 << 20;
constexpr int kBacklog = 1024;

Error failure(std::string_view protocol, const SocketAddress& address, const char* call) {
  const std::string cause = error_text(errno);
  return fail("listen " + std::string(protocol) + " " + address.text() + ": " + call + ": " + cause);
}

bool enable(int fd, int level, int option, int value = 1) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// The kernel caps the size at net.core.rmem_max unless the process may go over it.
void enlarge_buffers(int fd) {
  if (!enable(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer)) enable(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  if (!enable(fd, SOL_SOCKET, SO_SNDBUFFORCE, kSendBuffer)) enable(fd, SOL_SOCKET, SO_SNDBUF, kSendBuffer);
  int size = 0;
  socklen_t length = sizeof size;
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length);
  if (size / 2 < kReceiveBuffer) {  // the kernel reports twice what it grants
    log::limited(log::Level::info,
                 "UDP receive buffer is " + std::to_string(size / 2) + " octets, capped by net.core.rmem_max; " +
                     std::to_string(kReceiveBuffer) + " were asked for",
                 3600);
  }
}

Result<Descriptor> bound(const SocketAddress& address, int type, std::string_view protocol) {
  const int family = address.ip.is_v6() ? AF_INET6 : AF_INET;
  Descriptor fd(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return failure(protocol, address, "socket");
  if (!enable(fd.get(), SOL_SOCKET, SO_REUSEPORT)) return failure(protocol, address, "setsockopt SO_REUSEPORT");
  if (type == SOCK_STREAM) enable(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (family == AF_INET6) enable(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  sockaddr_storage storage{};
  const socklen_t length = address.to(storage);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return failure(protocol, address, "bind");
  return fd;
}

bool has_text(const char* path) {
  std::ifstream file(path);
  return file.peek() != std::ifstream::traits_type::eof();
}

bool switched_off(const char* path) {
  std::ifstream file(path);
  int value = 0;
  return file >> value && value != 0;
}

}  // namespace

Result<Descriptor> open_udp(const SocketAddress& address) {
  auto fd = bound(address, SOCK_DGRAM, "udp");
  if (fd.has_error()) return fd;
  enlarge_buffers(fd->get());
  if (!address.ip.is_unspecified()) return fd;  // the address that is asked is the one bound
  if (address.ip.is_v6()) {
    enable(fd->get(), IPPROTO_IPV6, IPV6_RECVPKTINFO);
  } else {
    enable(fd->get(), IPPROTO_IP, IP_PKTINFO);
  }
  return fd;
}

Result<Descriptor> open_tcp(const SocketAddress& address) {
  auto fd = bound(address, SOCK_STREAM, "tcp");
  if (fd.has_error()) return fd;
  if (listen(fd->get(), kBacklog) != 0) return failure("tcp", address, "listen");
  return fd;
}

// A connected socket receives from its peer only, here a port of this machine where nobody is. Packets that were left
// to it would wait until it closes, and be lost with it, as long as an answer is awaited.
void take_no_more_packets(int udp_fd) {
  constexpr uint16_t kNobody = 1;
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(udp_fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return;
  SocketAddress peer = SocketAddress::from(reinterpret_cast<sockaddr*>(&storage));
  // The machine itself can be reached from each of its addresses.
  if (peer.ip.is_unspecified()) peer.ip = *IpAddress::parse(peer.ip.is_v6() ? "::1" : "127.0.0.1");
  peer.port = kNobody;
  length = peer.to(storage);
  // Without a loopback device this fails; then the port goes on as it would without.
  [[maybe_unused]] const int done = connect(udp_fd, reinterpret_cast<sockaddr*>(&storage), length);
}

uint32_t dropped_packets(int udp_fd) {
  uint32_t values[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof values;
  if (getsockopt(udp_fd, SOL_SOCKET, SO_MEMINFO, values, &length) != 0) return 0;
  return values[SK_MEMINFO_DROPS];
}

int unacknowledged(int tcp_fd) {
  int octets = 0;
  return ioctl(tcp_fd, SIOCOUTQ, &octets) == 0 ? octets : 0;
}

uint16_t bound_port(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return 0;
  return SocketAddress::from(reinterpret_cast<sockaddr*>(&storage)).port;
}

bool has_ipv6() {
  if (switched_off("/proc/sys/net/ipv6/conf/all/disable_ipv6") && !has_text("/proc/net/if_inet6")) return false;
  Descriptor fd(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return false;
  SocketAddress any;
  any.ip = *IpAddress::parse("::");
  sockaddr_storage storage{};
  const socklen_t length = any.to(storage);
  return bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0;
}

}  // namespace portolan::server
