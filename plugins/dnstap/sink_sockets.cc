// The sockets of a sink: connecting, listening, accepting.
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error_text.h"
#include "base/log.h"
#include "plugins/dnstap/sink.h"
#include "server/http/listen.h"

namespace portolan::dnstap {
namespace {

constexpr int kBacklog = 16;
constexpr size_t kMostPeers = 64;  // of an endpoint that is listened on

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail("the path is too long for a socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Descriptor unix_socket() { return Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

// A socket file that nobody listens on, left by a process that was killed.
bool is_stale(const sockaddr_un& address) {
  const Descriptor probe = unix_socket();
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

Result<Descriptor> listen_unix(const std::string& path) {
  auto address = unix_address(path);
  if (!address) return address.error();
  Descriptor fd = unix_socket();
  const auto bind_it = [&] {
    return bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0;
  };
  bool bound = bind_it();
  if (!bound && errno == EADDRINUSE && is_stale(*address) && unlink(path.c_str()) == 0) bound = bind_it();
  if (!bound || ::listen(fd.get(), kBacklog) != 0) {
    return fail("listen unix " + path + ": bind: " + error_text(errno));
  }
  return fd;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> Sink::tls_context() const {
  if (settings_.endpoint.kind != Endpoint::Kind::tls) return std::shared_ptr<TlsContext>();
  return TlsContext::make(settings_);
}

Result<void> Sink::connect() {
  const Endpoint& endpoint = settings_.endpoint;
  const auto error = [&](const std::string& why) { return fail("dial " + endpoint.dialled() + ": " + why); };
  auto context = tls_context();
  if (!context) return context.error();
  tls_ = *context;
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    auto address = unix_address(endpoint.path);
    if (!address) return error(address.error().message);
    Descriptor fd = unix_socket();
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
      return error("connect: " + error_text(errno));
    }
    add_peer(std::move(fd), nullptr, false);
    return {};
  }
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int found =
          getaddrinfo(endpoint.host.empty() ? nullptr : endpoint.host.c_str(), endpoint.port.c_str(), &wanted, &list);
      found != 0) {
    return error(std::string("lookup ") + endpoint.host + ": " + gai_strerror(found));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  Result<void> last = error("no address");
  for (const addrinfo* each = list; each; each = each->ai_next) {
    last = dial(*each);
    if (last) return last;
  }
  return last;
}

Result<void> Sink::dial(const addrinfo& address) {
  Descriptor fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // The kernel may give less, which is no error.
  const int size = static_cast<int>(std::min<size_t>(settings_.write_buffer, INT32_MAX));
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  const bool done = ::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0;
  if (!done && errno != EINPROGRESS) {
    return fail("dial " + settings_.endpoint.dialled() + ": connect: " + error_text(errno));
  }
  add_peer(std::move(fd), tls_, !done);
  return {};
}

Result<void> Sink::listen() {
  const Endpoint& endpoint = settings_.endpoint;
  auto context = tls_context();
  if (!context) return context.error();
  tls_ = *context;
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    auto fd = listen_unix(endpoint.path);
    if (!fd) return fd.error();
    listener_ = std::move(*fd);
    return {};
  }
  auto fd = server::http::listen_tcp(endpoint.dialled().substr(4));
  if (!fd) return fd.error();
  listener_ = Descriptor(*fd);
  fcntl(*fd, F_SETFL, O_NONBLOCK);
  port_.store(server::http::bound_address(*fd).port, std::memory_order_release);
  return {};
}

void Sink::accept() {
  while (listener_) {
    Descriptor fd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    if (peers_.size() >= kMostPeers) {
      log::limited(log::Level::warning,
                   "plugin/dnstap: " + settings_.endpoint.text() + " has too many collectors: another one is refused");
      continue;
    }
    add_peer(std::move(fd), tls_, false);
  }
}

// Its time begins now: what came before (certificates, a host name) may have taken long.
void Sink::add_peer(Descriptor fd, std::shared_ptr<TlsContext> context, bool connecting) {
  auto stream = std::make_unique<Stream>(std::move(fd), std::move(context), settings_.listens, settings_.endpoint.host);
  peers_.push_back(std::make_unique<Peer>(std::move(stream), connecting, std::chrono::steady_clock::now()));
}

}  // namespace portolan::dnstap
