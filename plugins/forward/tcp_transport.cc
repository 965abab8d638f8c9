// The TCP and TLS connections of a link.
#include "plugins/forward/tcp_transport.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "plugins/forward/link.h"
#include "plugins/forward/socket_error.h"
#include "plugins/forward/tls_client.h"

namespace portolan::forward {
namespace {

constexpr size_t kRead = 16 * 1024;
constexpr unsigned kReads = 16;  // in one go, before others have their turn

enum class State : uint8_t { connecting, handshaking, open, closed };

}  // namespace

struct TcpTransport::Connection : SentList {
  Descriptor fd;
  std::optional<Stream> stream;  // in front of `watch`, behind `fd`: closed in the right order
  std::optional<FdWatch> watch;
  State state = State::connecting;
  bool leaving = false;  // timed out once: no new questions
  bool wants_write = true;
  bool reading = false, writing = false;  // what the loop waits for
  unsigned answered = 0;
  SteadyTime made, used;
  std::vector<uint8_t> out, in;
};

TcpTransport::TcpTransport(Link& link) : link_(link) {}
TcpTransport::~TcpTransport() = default;

void TcpTransport::send(Exchange& exchange) {
  clean();
  Connection* connection = choose(std::chrono::steady_clock::now());
  if (!connection) return link_.fail(exchange, dial_error_);
  link_.in_flight().assign(exchange, *connection);
  const std::span<const uint8_t> packet = exchange.packet();
  connection->out.push_back(static_cast<uint8_t>(packet.size() >> 8));
  connection->out.push_back(static_cast<uint8_t>(packet.size()));
  connection->out.insert(connection->out.end(), packet.begin(), packet.end());
  ++busy_;
  if (connection->state == State::open && flush(*connection)) watch(*connection);
  --busy_;
}

// The idle connection that has waited longest, a new one, or the one with least to do.
TcpTransport::Connection* TcpTransport::choose(SteadyTime now) {
  Connection* idle = nullptr;
  Connection* least = nullptr;
  std::vector<Connection*> stale;
  for (const auto& each : connections_) {
    if (each->leaving) continue;
    if (each->empty() && each->state == State::open) {
      if (!link_.fresh(each->made, each->used, now)) {
        stale.push_back(each.get());
      } else if (!idle || each->used < idle->used) {
        idle = each.get();
      }
    } else if (!least || each->size() < least->size()) {
      least = each.get();
    }
  }
  for (Connection* each : stale) close(*each, {});
  const bool hit = idle || (least && connections_.size() >= kMostConnections);
  link_.metrics().connection(link_.upstream().tls() ? "tcp-tls" : "tcp", hit);
  if (idle) return idle;
  if (hit) return least;
  Connection* made = open(now);
  return made ? made : least;
}

TcpTransport::Connection* TcpTransport::open(SteadyTime now) {
  const Upstream& upstream = link_.upstream();
  const UpstreamSettings& settings = upstream.settings();
  const auto failed = [&](std::string_view step) {
    dial_error_ = dial_error("tcp", upstream.name(), std::string(step) + ": " + error_text(errno));
    return nullptr;
  };
  auto connection = std::make_unique<Connection>();
  sockaddr_storage raw;
  const socklen_t size = settings.target.address.to(raw);
  connection->fd = Descriptor(socket(raw.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = connection->fd.get();
  if (fd < 0) return failed("socket");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (settings.source) {
    sockaddr_storage from;
    const socklen_t length = SocketAddress{*settings.source, 0, 0}.to(from);
    if (bind(fd, reinterpret_cast<sockaddr*>(&from), length) != 0) return failed("bind");
  }
  if (connect(fd, reinterpret_cast<sockaddr*>(&raw), size) != 0 && errno != EINPROGRESS) return failed("connect");
  const std::string& name = settings.target.server_name;
  connection->stream.emplace(fd, upstream.tls(), name.empty() ? settings.target.address.ip.text() : name, name.empty());
  connection->watch.emplace(link_.loop(), fd);
  connection->serial = link_.in_flight().next_serial();
  connection->made = connection->used = now;
  connections_.push_back(std::move(connection));
  watch(*connections_.back());
  return connections_.back().get();
}

void TcpTransport::watch(Connection& connection) {
  if (connection.state == State::closed) return;
  if (connection.wants_write && !connection.writing) {
    connection.writing = true;
    connection.watch->wait_writable([this, &connection] {
      connection.writing = false;
      on_ready(connection);
    });
  }
  if (connection.state != State::connecting && !connection.reading) {
    connection.reading = true;
    connection.watch->wait_readable([this, &connection] {
      connection.reading = false;
      on_ready(connection);
    });
  }
}

void TcpTransport::on_ready(Connection& connection) {
  ++busy_;
  progress(connection);
  watch(connection);
  --busy_;
  clean();
}

void TcpTransport::progress(Connection& connection) {
  if (connection.state == State::connecting && !connected(connection)) return;
  if (connection.state == State::handshaking) {
    const Step step = connection.stream->handshake();
    connection.wants_write = step == Step::want_write;
    if (step == Step::closed) return close(connection, "EOF");
    if (step == Step::failed) return close(connection, connection.stream->error());
    if (step != Step::done) return;
    connection.state = State::open;
    // The time for an answer begins now.
    for (Exchange* each = connection.front(); each; each = SentList::after(*each)) link_.restart(*each);
  }
  if (flush(connection)) read(connection);
}

bool TcpTransport::connected(Connection& connection) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(connection.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    close(connection, dial_error("tcp", link_.upstream().name(), "connect: " + error_text(error)));
    return false;
  }
  connection.state = State::handshaking;
  return true;
}

bool TcpTransport::flush(Connection& connection) {
  connection.wants_write = false;
  size_t sent = 0;
  while (sent < connection.out.size()) {
    size_t count = 0;
    const Step step = connection.stream->write(std::span(connection.out).subspan(sent), count);
    if (step == Step::closed || step == Step::failed) {
      const std::string error = step == Step::closed ? "EOF"
                                                     : io_error("write", "tcp", connection.fd.get(),
                                                                link_.upstream().name(), connection.stream->error());
      close(connection, error, connection.answered > 0);
      return false;
    }
    connection.wants_write = step == Step::want_write;
    if (step != Step::done) break;
    sent += count;
  }
  connection.out.erase(connection.out.begin(), connection.out.begin() + static_cast<ptrdiff_t>(sent));
  return true;
}

bool TcpTransport::read(Connection& connection) {
  std::array<uint8_t, kRead> buffer;
  for (unsigned round = 0; round < kReads; ++round) {
    size_t count = 0;
    const Step step = connection.stream->read(buffer, count);
    if (step == Step::want_read) return true;
    if (step == Step::want_write) {
      connection.wants_write = true;
      return true;
    }
    if (step != Step::done) {
      const std::string error = step == Step::closed ? "EOF"
                                                     : io_error("read", "tcp", connection.fd.get(),
                                                                link_.upstream().name(), connection.stream->error());
      // A connection that was used before may have been closed by then: that is no failure of the upstream.
      close(connection, error, connection.answered > 0);
      return false;
    }
    connection.in.insert(connection.in.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(count));
    if (!take_messages(connection)) return false;
  }
  connection.wants_write = true;  // there may be more: come back soon (TLS may hold it where epoll does not see it)
  return true;
}

// Whole messages leave the input buffer (RFC 1035 section 4.2.2: two octets of length in front of each).
bool TcpTransport::take_messages(Connection& connection) {
  size_t at = 0;
  while (connection.in.size() - at >= 2) {
    const size_t size = static_cast<size_t>(connection.in[at] << 8 | connection.in[at + 1]);
    if (connection.in.size() - at - 2 < size) break;
    if (size < dns::kHeaderSize) {
      close(connection, "dns: short message from " + link_.upstream().name());
      return false;
    }
    const std::span<const uint8_t> packet = std::span<const uint8_t>(connection.in).subspan(at + 2, size);
    const auto id = static_cast<uint16_t>(packet[0] << 8 | packet[1]);
    if (Exchange* exchange = link_.in_flight().find(connection.serial, id)) {
      ++connection.answered;
      connection.used = std::chrono::steady_clock::now();
      link_.receive(*exchange, packet, connection.fd.get());
      if (connection.state == State::closed) return false;
    }
    at += size + 2;
  }
  connection.in.erase(connection.in.begin(), connection.in.begin() + static_cast<ptrdiff_t>(at));
  const auto idle = [](const auto& each) { return each->empty() && each->state == State::open; };
  const bool over = link_.most_idle() > 0 && static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                                               idle)) > link_.most_idle();
  if (connection.empty() && (connection.leaving || over)) {
    close(connection, {});
    return false;
  }
  return true;
}

void TcpTransport::close(Connection& connection, std::string error, bool again) {  // `error` may be its own
  if (connection.state == State::closed) return;
  connection.state = State::closed;
  connection.watch.reset();
  connection.stream.reset();
  connection.fd = Descriptor();
  const auto place = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& each) { return each.get() == &connection; });
  closed_.push_back(std::move(*place));
  connections_.erase(place);
  ++busy_;
  while (Exchange* first = connection.front()) {
    if (again) {
      link_.in_flight().unassign(*first);
      send(*first);
    } else {
      link_.fail(*first, error);
    }
  }
  --busy_;
}

void TcpTransport::give_up(Exchange& exchange) {
  ++busy_;
  auto& connection = static_cast<Connection&>(*exchange.socket);
  if (connection.state != State::open) {
    close(connection, dial_error("tcp", link_.upstream().name(), "i/o timeout"));
  } else {
    connection.leaving = true;
    link_.fail(exchange, io_error("read", "tcp", connection.fd.get(), link_.upstream().name(), "i/o timeout"));
    if (connection.empty()) close(connection, {});
  }
  --busy_;
  clean();
}

void TcpTransport::clean() {
  if (busy_ == 0) closed_.clear();
}

size_t TcpTransport::sweep(SteadyTime now) {
  std::vector<Connection*> stale;
  for (const auto& each : connections_) {
    if (each->empty() && !link_.fresh(each->made, each->used, now)) stale.push_back(each.get());
  }
  for (Connection* each : stale) close(*each, {});
  clean();
  return connections_.size();
}

void TcpTransport::end() {
  const std::string error = "upstream " + link_.upstream().name() + " is no longer used";
  while (!connections_.empty()) close(*connections_.back(), error);
}

}  // namespace portolan::forward
