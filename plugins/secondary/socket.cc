// Non-blocking sockets and their waits.
#include "plugins/secondary/socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "base/error_text.h"

namespace portolan::secondary {
namespace {

constexpr size_t kRead = 64 << 10;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

Error PrimarySocket::dial_error(const std::string& what) const {
  return fail(std::string("dial ") + (is_tcp() ? "tcp " : "udp ") + primary_.text() + ": " + what);
}

Error PrimarySocket::read_error(const std::string& what) const {
  return fail(std::string("read ") + (is_tcp() ? "tcp " : "udp ") + primary_.text() + ": " + what);
}

Task<bool> PrimarySocket::wait(bool to_write, Patience patience) {
  Arrival<bool> arrival;
  Timer timer(loop_);
  timer.start(patience, [&arrival] { arrival.set(false); });
  if (to_write) {
    watch_->wait_writable([&arrival] { arrival.set(true); });
  } else {
    watch_->wait_readable([&arrival] { arrival.set(true); });
  }
  const bool ready = co_await arrival;
  watch_->cancel();
  co_return ready;
}

Task<Result<void>> PrimarySocket::connect(Patience patience) {
  sockaddr_storage storage{};
  const socklen_t length = primary_.to(storage);
  const int type = is_tcp() ? SOCK_STREAM : SOCK_DGRAM;
  fd_ = Descriptor(::socket(storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) co_return dial_error("socket: " + error_text(errno));
  const int connected = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&storage), length);
  if (connected != 0 && errno != EINPROGRESS) co_return dial_error("connect: " + error_text(errno));
  watch_.emplace(loop_, fd_.get());
  if (connected == 0) co_return Result<void>();
  Task<bool> waiting = wait(true, patience);
  const bool ready = co_await waiting;
  if (!ready) co_return dial_error("i/o timeout");
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) co_return dial_error("connect: " + error_text(error));
  co_return Result<void>();
}

Task<Result<void>> PrimarySocket::send(std::span<const uint8_t> message, Patience patience) {
  std::vector<uint8_t> octets(message.begin(), message.end());
  if (is_tcp()) {
    const auto size = static_cast<uint16_t>(message.size());
    octets.insert(octets.begin(), {static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)});
  }
  for (size_t sent = 0; sent < octets.size();) {
    const ssize_t size = ::send(fd_.get(), octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
    if (size >= 0) {
      sent += static_cast<size_t>(size);
      continue;
    }
    if (!would_block()) co_return fail("write to " + primary_.text() + ": " + error_text(errno));
    Task<bool> waiting = wait(true, patience);
    const bool ready = co_await waiting;
    if (!ready) co_return fail("write to " + primary_.text() + ": i/o timeout");
  }
  co_return Result<void>();
}

// Waits until `octets` lie in in_ that have not been handed out. All of them must come in time: a primary that sends an
// octet now and then keeps nobody.
Task<Result<void>> PrimarySocket::fill(size_t octets, Patience patience) {
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  const SteadyTime end = system_clock().now() + patience;
  while (in_.size() < octets) {
    const size_t had = in_.size();
    in_.resize(had + kRead);
    const ssize_t size = recv(fd_.get(), in_.data() + had, kRead, 0);
    const int error = errno;
    in_.resize(had + static_cast<size_t>(std::max<ssize_t>(size, 0)));
    if (size > 0) continue;
    if (size == 0 && is_tcp()) co_return read_error("the primary has closed the connection");
    errno = error;
    if (size < 0 && !would_block()) co_return read_error(error_text(error));
    const Patience left = std::max(end - system_clock().now(), Patience(0));
    Task<bool> waiting = wait(false, left);
    const bool ready = co_await waiting;
    if (!ready) co_return read_error("i/o timeout");
  }
  co_return Result<void>();
}

Task<Result<std::span<const uint8_t>>> PrimarySocket::receive(Patience patience) {
  size_t size = 0;
  if (is_tcp()) {
    if (in_.size() - used_ < 2) {
      Task<Result<void>> filling = fill(2, patience);
      const Result<void> filled = co_await filling;
      if (filled.has_error()) co_return filled.error();
    }
    size = size_t{in_[used_]} << 8 | in_[used_ + 1];
    if (in_.size() - used_ < size + 2) {
      Task<Result<void>> filling = fill(size + 2, patience);
      const Result<void> filled = co_await filling;
      if (filled.has_error()) co_return filled.error();
    }
    used_ += size + 2;
  } else {
    used_ = in_.size();  // a packet a time
    Task<Result<void>> filling = fill(1, patience);
    const Result<void> filled = co_await filling;
    if (filled.has_error()) co_return filled.error();
    size = used_ = in_.size();
  }
  co_return std::span<const uint8_t>(in_).subspan(used_ - size, size);
}

}  // namespace portolan::secondary
