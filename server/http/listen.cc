// "host:port" to a listening socket.
#include "server/http/listen.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "base/error_text.h"

namespace portolan::server::http {
namespace {

constexpr int kBacklog = 64;

Error address_error(std::string_view address, const char* what) {
  return fail("address " + std::string(address) + ": " + what);
}

std::string system_error(const char* call) { return std::string(call) + ": " + error_text(errno); }

using Resolved = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// The first IPv4 address of a name if it has one, as Go's net.Listen chooses; every address is the IPv6 one, which
// takes IPv4 too.
const addrinfo* choose(const addrinfo* all, bool every_address) {
  const int wanted = every_address ? AF_INET6 : AF_INET;
  for (const addrinfo* each = all; each; each = each->ai_next) {
    if (each->ai_family == wanted) return each;
  }
  return all;
}

int open_socket(const addrinfo& to, std::string& error) {
  const int descriptor = socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    error = system_error("socket");
    return -1;
  }
  const int on = 1, off = 0;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // As CoreDNS: a new process can take over from an old one, and a port may also be that of a DNS listener.
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (to.ai_family == AF_INET6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const char* failed = bind(descriptor, to.ai_addr, to.ai_addrlen) != 0 ? "bind"
                       : ::listen(descriptor, kBacklog) != 0            ? "listen"
                                                                        : nullptr;
  if (failed == nullptr) return descriptor;
  error = system_error(failed);
  close(descriptor);
  return -1;
}

}  // namespace

Result<HostPort> split_host_port(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == address.npos) return address_error(address, "missing port in address");
  HostPort split;
  split.port = address.substr(colon + 1);
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[')) {
    const auto end = address.find(']');
    if (end == address.npos) return address_error(address, "missing ']' in address");
    if (end + 1 == address.size()) return address_error(address, "missing port in address");
    if (end + 1 != colon) {
      return address_error(address, address[end + 1] == ':' ? "too many colons in address" : "missing port in address");
    }
    host = host.substr(1, end - 1);
  } else if (host.find(':') != host.npos) {
    return address_error(address, "too many colons in address");
  }
  if (host.find('[') != host.npos) return address_error(address, "unexpected '[' in address");
  if (host.find(']') != host.npos) return address_error(address, "unexpected ']' in address");
  split.host = host;
  return split;
}

Result<int> listen_tcp(std::string_view address) {
  auto split = split_host_port(address);
  if (split.has_error()) return fail("listen tcp: " + split.error().message);
  const std::string who = "listen tcp " + std::string(address) + ": ";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const char* host = split->host.empty() ? nullptr : split->host.c_str();
  const std::string port = split->port.empty() ? "0" : split->port;
  if (const int failed = getaddrinfo(host, port.c_str(), &hints, &found); failed != 0) {
    return fail(who + "lookup " + (host ? split->host : port) + ": " + gai_strerror(failed));
  }
  const Resolved resolved(found, &freeaddrinfo);
  std::string error;
  const addrinfo* first = choose(found, host == nullptr);
  int descriptor = open_socket(*first, error);
  // A machine without IPv6 has no socket for "every address" but the IPv4 one.
  if (descriptor < 0 && host == nullptr && errno == EAFNOSUPPORT)
    descriptor = open_socket(*choose(found, false), error);
  if (descriptor < 0) return fail(who + error);
  return descriptor;
}

SocketAddress bound_address(int descriptor) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &length);
  return SocketAddress::from(reinterpret_cast<sockaddr*>(&storage));
}

}  // namespace portolan::server::http
