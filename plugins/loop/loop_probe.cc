// A HINFO question over a connected UDP socket.
#include "plugins/loop/loop_probe.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/random.h"
#include "dns/message.h"

namespace portolan::loop {
namespace {

constexpr std::chrono::seconds kPatience{2};  // for one answer
constexpr std::chrono::seconds kPause{1};     // between two tries
constexpr std::chrono::seconds kLongest{30};  // all tries together

std::vector<uint8_t> question_packet(const dns::Name& name) {
  dns::Question question{name.view(), name.view(), dns::RRType::hinfo, dns::RRClass::in};
  dns::MessageParts parts;
  parts.header.id = secure_random16();
  parts.header.rd = true;
  parts.question = &question;
  std::vector<uint8_t> packet(dns::kMinUdpSize);
  packet.resize(dns::encode(parts, packet, packet.size()));
  return packet;
}

}  // namespace

Probe::Probe(Loop& loop, const dns::Name& name, const SocketAddress& server, std::function<void()> failed,
             std::function<void()> done)
    : loop_(loop),
      server_(server),
      failed_(std::move(failed)),
      done_(std::move(done)),
      packet_(question_packet(name)),
      timer_(loop) {}

Probe::~Probe() { close(); }

void Probe::start() {
  deadline_ = std::chrono::steady_clock::now() + kLongest;
  ask();
}

void Probe::ask() {
  if (std::chrono::steady_clock::now() >= deadline_) return done_();
  ++tries_;
  if (!send()) return give_up_try();
  timer_.start(kPatience, [this] { give_up_try(); });
  watch_.emplace(loop_, fd_);
  wait();
}

bool Probe::send() {
  sockaddr_storage storage{};
  const socklen_t length = server_.to(storage);
  fd_ = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd_ >= 0 && connect(fd_, reinterpret_cast<sockaddr*>(&storage), length) == 0 &&
         ::send(fd_, packet_.data(), packet_.size(), 0) == static_cast<ssize_t>(packet_.size());
}

void Probe::wait() {
  watch_->wait_readable([this] { read(); });
}

void Probe::read() {
  std::array<uint8_t, dns::kMinUdpSize> answer;
  const ssize_t size = recv(fd_, answer.data(), answer.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? wait() : give_up_try();
  const bool ours = size >= 12 && answer[0] == packet_[0] && answer[1] == packet_[1] && (answer[2] & 0x80) != 0;
  if (!ours) return wait();
  timer_.cancel();
  close();
  done_();
}

void Probe::give_up_try() {
  close();
  failed_();
  timer_.start(kPause, [this] { ask(); });
}

void Probe::close() {
  watch_.reset();
  if (const int fd = std::exchange(fd_, -1); fd >= 0) ::close(fd);
}

}  // namespace portolan::loop
