// The UDP sockets of a link.
#include "plugins/forward/udp_transport.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/error_text.h"
#include "base/random.h"
#include "plugins/forward/link.h"
#include "plugins/forward/socket_error.h"

namespace portolan::forward {
namespace {

constexpr unsigned kBatch = 32;   // packets taken from a socket at once: as many as leave at once
constexpr unsigned kEvents = 64;  // sockets looked at in one go
constexpr unsigned kRounds = 4;   // of batches from one socket, before others have their turn
constexpr size_t kPacket = 65'535;

}  // namespace

struct UdpTransport::Socket : SentList {
  Descriptor fd;
  SteadyTime made, used;
  unsigned uses = 0;
  unsigned late = 0;    // answers that may still come after their time-out
  unsigned strays = 0;  // packets beyond those that answered nothing
  bool left = false;    // replaced: no new questions
};

// Pages that no packet reaches are never touched, so that this costs a few kilobytes.
struct UdpTransport::Buffers {
  std::unique_ptr<uint8_t[]> octets = std::make_unique_for_overwrite<uint8_t[]>(kBatch * kPacket);
  std::array<iovec, kBatch> vectors;
  std::array<mmsghdr, kBatch> headers{};
  Buffers() {
    for (unsigned i = 0; i < kBatch; ++i) {
      vectors[i] = {octets.get() + i * kPacket, kPacket};
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
  }
};

UdpTransport::UdpTransport(Link& link)
    : link_(link), slots_(link.most_idle() ? std::min(kSlots, link.most_idle()) : kSlots) {}

UdpTransport::~UdpTransport() { *alive_ = false; }

void UdpTransport::send(Exchange& exchange) {
  if (!in_ready_) clean();
  const SteadyTime now = std::chrono::steady_clock::now();
  if (burst_ && burst_->uses >= kUses) flush();
  if (!burst_) {
    burst_ = pick(now);
    if (!burst_) return link_.fail(exchange, dial_error_);
    link_.loop().post([this, alive = alive_] {
      if (*alive) flush();
    });
  } else {
    ++burst_->uses;
    link_.metrics().connection("udp", true);
  }
  link_.in_flight().assign(exchange, *burst_);
  burst_ids_[burst_size_++] = exchange.id;
  if (burst_size_ == burst_ids_.size()) flush();
}

// What was moved or given up since it was asked is not found any more.
void UdpTransport::flush() {
  Socket* const socket = std::exchange(burst_, nullptr);
  const unsigned size = std::exchange(burst_size_, 0);
  if (!socket) return;
  if (!batch_) batch_ = std::make_unique<server::OutgoingBatch>();
  batch_->clear();
  for (const uint16_t id : std::span(burst_ids_).first(size)) {
    if (const Exchange* each = link_.in_flight().find(socket->serial, id))
      batch_->add({nullptr, each->packet(), {}}, nullptr);
  }
  send_burst(*socket);
}

void UdpTransport::send_burst(Socket& socket) {
  std::vector<uint16_t> failed;
  int error = 0;
  bool retried = false;
  for (std::span<mmsghdr> left = batch_->messages(0, *joins_); !left.empty();) {
    const int sent = sendmmsg(socket.fd.get(), left.data(), static_cast<unsigned>(left.size()), MSG_NOSIGNAL);
    if (sent > 0) {
      left = left.subspan(static_cast<size_t>(sent));
      retried = false;
    } else if (!retried) {
      retried = true;  // the first try may report what an earlier packet met (an ICMP error), without sending
    } else if (left[0].msg_hdr.msg_iovlen > 1) {
      joins_ = errno != EIO;  // the device cannot; too long for the path is this message's alone
      left = batch_->messages(batch_->place(left[0]), false);
    } else {
      error = errno;
      const auto packet = batch_->at(batch_->place(left[0])).message;
      failed.push_back(static_cast<uint16_t>(packet[0] << 8 | packet[1]));
      left = left.subspan(1);
    }
  }
  if (failed.empty()) return;
  const uint32_t serial = socket.serial;  // the socket may go with the last of its questions
  const std::string text =
      io_error("write", "udp", socket.fd.get(), link_.upstream().name(), "write: " + error_text(error));
  for (const uint16_t id : failed) {
    if (Exchange* each = link_.in_flight().find(serial, id)) link_.fail(*each, text);
  }
}

bool UdpTransport::put(Socket& socket, Exchange& exchange) {
  const std::span<const uint8_t> packet = exchange.packet();
  // The first try may report what an earlier packet met (an ICMP error), without sending.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (::send(socket.fd.get(), packet.data(), packet.size(), MSG_NOSIGNAL) >= 0) return true;
  }
  return false;
}

// One of the sockets by chance, replaced when it has been used enough.
UdpTransport::Socket* UdpTransport::pick(SteadyTime now) {
  const size_t slot = secure_random16() % slots_.size();
  std::unique_ptr<Socket>& place = slots_[slot];
  const bool old = place && (place->uses >= kUses || !link_.fresh(place->made, place->used, now));
  const bool hit = place && (!old || (!place->empty() && draining_.size() >= kMostDraining));
  link_.metrics().connection("udp", hit);
  if (!hit) {
    if (place) retire(slot);
    place = open(now);
    // Out of descriptors: any socket that is there will do.
    for (size_t i = 0; !place && i < slots_.size(); ++i) {
      if (slots_[i]) return slots_[i].get();
    }
    if (!place) return nullptr;
  }
  ++place->uses;
  place->used = now;
  return place.get();
}

std::unique_ptr<UdpTransport::Socket> UdpTransport::open(SteadyTime now) {
  const UpstreamSettings& settings = link_.upstream().settings();
  const auto failed = [&](std::string_view step) {
    dial_error_ = dial_error("udp", link_.upstream().name(), std::string(step) + ": " + error_text(errno));
    return nullptr;
  };
  if (!epoll_) {
    epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll_) return failed("epoll");
    watch_.emplace(link_.loop(), epoll_.get());
    wait();
  }
  auto socket = std::make_unique<Socket>();
  sockaddr_storage raw;
  const socklen_t size = settings.target.address.to(raw);
  socket->fd = Descriptor(::socket(raw.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket->fd) return failed("socket");
  if (!joins_) joins_ = server::can_segment(socket->fd.get());
  if (settings.source) {
    sockaddr_storage from;
    const socklen_t length = SocketAddress{*settings.source, 0, 0}.to(from);
    if (bind(socket->fd.get(), reinterpret_cast<sockaddr*>(&from), length) != 0) return failed("bind");
  }
  if (connect(socket->fd.get(), reinterpret_cast<sockaddr*>(&raw), size) != 0) return failed("connect");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = socket.get();
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket->fd.get(), &event) != 0) return failed("epoll");
  socket->serial = link_.in_flight().next_serial();
  socket->made = socket->used = now;
  return socket;
}

void UdpTransport::retire(size_t slot) {
  slots_[slot]->left = true;
  draining_.push_back(std::move(slots_[slot]));
}

// Closes the replaced sockets that nothing is awaited from; a socket under our feet stays until we are out of it.
void UdpTransport::clean() {
  std::erase_if(draining_, [this](const auto& socket) { return socket->empty() && socket.get() != burst_; });
}

void UdpTransport::wait() {
  watch_->wait_readable([this] { on_ready(); });
}

void UdpTransport::on_ready() {
  std::array<epoll_event, kEvents> events;
  const int ready = epoll_wait(epoll_.get(), events.data(), kEvents, 0);
  in_ready_ = true;
  for (int i = 0; i < ready; ++i) receive(*static_cast<Socket*>(events[static_cast<size_t>(i)].data.ptr));
  in_ready_ = false;
  clean();
  wait();
}

void UdpTransport::receive(Socket& socket) {
  if (!buffers_) buffers_ = std::make_unique<Buffers>();
  for (unsigned round = 0; round < kRounds; ++round) {
    const int received = recvmmsg(socket.fd.get(), buffers_->headers.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (received < 0) {
      if (errno != EAGAIN && errno != EINTR) fail_all(socket, errno);
      return;
    }
    for (unsigned i = 0; i < static_cast<unsigned>(received); ++i) {
      on_packet(socket, {buffers_->octets.get() + i * kPacket, buffers_->headers[i].msg_len});
    }
    if (static_cast<unsigned>(received) < kBatch) return;
  }
}

void UdpTransport::on_packet(Socket& socket, std::span<const uint8_t> packet) {
  if (packet.size() < dns::kHeaderSize) return stray(socket);
  Exchange* exchange = link_.in_flight().find(socket.serial, static_cast<uint16_t>(packet[0] << 8 | packet[1]));
  if (!exchange || !link_.receive(*exchange, packet, socket.fd.get())) stray(socket);
}

// Packets that answer nothing are late, or somebody is guessing. In the second case the questions go to other ports.
void UdpTransport::stray(Socket& socket) {
  if (socket.late > 0) {
    --socket.late;
    return;
  }
  link_.metrics().mismatched();
  if (++socket.strays < kMostStrays) return;
  socket.strays = 0;
  leave(socket);
}

void UdpTransport::leave(Socket& socket) {
  if (!socket.left) {
    const auto place = std::find_if(slots_.begin(), slots_.end(), [&](auto& each) { return each.get() == &socket; });
    retire(static_cast<size_t>(place - slots_.begin()));
  }
  std::vector<Exchange*> moving;
  for (Exchange* each = socket.front(); each; each = SentList::after(*each)) {
    if (each->moves < kMostMoves) moving.push_back(each);
  }
  for (Exchange* each : moving) {
    ++each->moves;
    link_.in_flight().unassign(*each);
    Socket* next = pick(std::chrono::steady_clock::now());
    if (!next) next = &socket;
    link_.in_flight().assign(*each, *next);
    put(*next, *each);  // if that fails its time-out ends it
  }
}

void UdpTransport::fail_all(Socket& socket, int error_number) {
  const std::string error =
      io_error("read", "udp", socket.fd.get(), link_.upstream().name(), "read: " + error_text(error_number));
  std::vector<Exchange*> failing;  // those there now: a waiter may ask again and be given this socket
  for (Exchange* each = socket.front(); each; each = SentList::after(*each)) failing.push_back(each);
  for (Exchange* each : failing) link_.fail(*each, error);
}

void UdpTransport::give_up(Exchange& exchange) {
  auto* socket = static_cast<Socket*>(exchange.socket);
  ++socket->late;
  const std::string error = io_error("read", "udp", socket->fd.get(), link_.upstream().name(), "i/o timeout");
  link_.fail(exchange, error);
}

size_t UdpTransport::sweep(SteadyTime now) {
  size_t left = 0;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (!slots_[slot]) continue;
    if (slots_[slot]->empty() && !link_.fresh(slots_[slot]->made, slots_[slot]->used, now)) {
      retire(slot);
    } else {
      ++left;
    }
  }
  if (!in_ready_) clean();
  return left + draining_.size();
}

void UdpTransport::end() {
  burst_ = nullptr;
  burst_size_ = 0;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot]) retire(slot);
  }
  const std::string error = "upstream " + link_.upstream().name() + " is no longer used";
  for (size_t i = 0; i < draining_.size(); ++i) {
    while (Exchange* first = draining_[i]->front()) link_.fail(*first, error);
  }
}

}  // namespace portolan::forward
