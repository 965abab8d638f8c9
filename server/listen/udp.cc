// Batched UDP.
#include "server/listen/udp.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "server/configuration.h"
#include "server/core_metrics.h"
#include "server/core_worker.h"
#include "server/listen/socket.h"
#include "server/serve.h"

namespace portolan::server {
namespace {

constexpr size_t kLargestQuery = 4096;     // octets of a UDP query that are taken; the rest is cut, hence malformed
constexpr unsigned kBatchesPerWakeup = 4;  // before other work of the worker has its turn
constexpr size_t kControl = CMSG_SPACE(sizeof(in6_pktinfo));
constexpr auto kDropsCheck = std::chrono::milliseconds(100);

}  // namespace

/// Where a batch is received. Packets are copied into their queries: a few dozen octets, cheaper than a second iovec.
struct UdpListener::Incoming {
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> vectors{};
  std::array<sockaddr_storage, kBatch> peers{};
  std::array<std::array<uint8_t, kLargestQuery>, kBatch> packets;
  alignas(cmsghdr) std::array<std::array<uint8_t, kControl>, kBatch> control;

  Incoming() {
    for (unsigned slot = 0; slot < kBatch; ++slot) {
      vectors[slot] = {packets[slot].data(), packets[slot].size()};
      msghdr& header = headers[slot].msg_hdr;
      header.msg_name = &peers[slot];
      header.msg_iov = &vectors[slot];
      header.msg_iovlen = 1;
      header.msg_control = control[slot].data();
      reset(slot);
    }
  }
  /// Takes back what the kernel wrote into the header.
  void reset(unsigned slot) {
    headers[slot].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    headers[slot].msg_hdr.msg_controllen = kControl;
  }
};

UdpListener::UdpListener(CoreWorker& worker, Descriptor fd, const ListenerPlan& plan)
    : worker_(worker),
      fd_(std::move(fd)),
      watch_(std::in_place, worker.loop(), fd_.get()),
      drops_timer_(worker.loop()),
      plan_(&plan),
      in_(std::make_unique<Incoming>()),
      out_(std::make_unique<OutgoingBatch>()),
      joins_(can_segment(fd_.get())) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&storage), &length);
  bound_ = SocketAddress::from(reinterpret_cast<sockaddr*>(&storage));
  any_address_ = bound_.ip.is_unspecified();
  set_plan(plan);
  wait();
}

UdpListener::~UdpListener() {
  *alive_ = false;
  keeps_unsent_ = false;
  flush();
  while (waiting()) {
    unsent_->count_answer();
    worker_.queries().give_back(*unsent_->pop().query);
  }
}

void UdpListener::set_plan(const ListenerPlan& plan) {
  plan_ = &plan;
  if (!plan.proxy) {
    proxy_.reset();
  } else if (proxy_) {
    proxy_->set_rules(plan.proxy);
  } else {
    proxy_ = std::make_unique<UdpProxy>(plan.proxy);
  }
  keeps_unsent_ = plan.shed;
  if (plan.shed && !unsent_) unsent_ = std::make_unique<UnsentAnswers>(plan.label);
}

void UdpListener::wait() {
  watch_->wait_readable([this] { on_readable(); });
}

void UdpListener::on_readable() {
  for (unsigned batch = 0; batch < kBatchesPerWakeup; ++batch) {
    if (receive() < kBatch) break;
  }
  wait();
}

void UdpListener::close_input() {
  take_no_more_packets(fd_.get());
  while (receive() > 0) {
  }
  if (drops_check_due_) check_drops();
  drops_timer_.cancel();
  watch_.reset();
  writable_awaited_ = false;
  if (waiting()) wait_writable();
}

unsigned UdpListener::receive() {
  const int received = recvmmsg(fd_.get(), in_->headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (received <= 0) return 0;
  const auto count = static_cast<unsigned>(received);
  worker_.read_clock();
  in_batch_ = true;
  for (unsigned slot = 0; slot < count; ++slot) take_packet(slot);
  in_batch_ = false;
  for (unsigned slot = 0; slot < count; ++slot) in_->reset(slot);
  flush();
  // A queue that was full is read in full batches.
  if (count == kBatch && !drops_check_due_) {
    drops_check_due_ = true;
    drops_timer_.start(kDropsCheck, [this] { check_drops(); });
  }
  return count;
}

void UdpListener::take_packet(unsigned slot) {
  Query& query = worker_.queries().take();
  query.client = SocketAddress::from(reinterpret_cast<const sockaddr*>(&in_->peers[slot]));
  query.local = bound_;
  read_control(query, in_->headers[slot].msg_hdr);
  query.packet = query.arena().copy(std::span<const uint8_t>(in_->packets[slot]).first(in_->headers[slot].msg_len));
  query.transport = Transport::udp;
  query.received = worker_.now();
  query.listener_ = plan_;
  query.responder_ = this;
  worker_.queries().enter(query, worker_.current());
  ++in_flight_;
  if (proxy_ && !from_proxy(query)) [[unlikely]]
    return respond(query, {});
  serve(worker_, query);
}

// Behind a proxy; false: there is nothing to serve.
bool UdpListener::from_proxy(Query& query) {
  if (!proxy_->admit(query)) return false;
  if (query.proxy_) query.responder_ = &proxied_;
  return true;
}

// The address that was asked.
void UdpListener::read_control(Query& query, const msghdr& header) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each; each = CMSG_NXTHDR(const_cast<msghdr*>(&header), each)) {
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      const auto* info = reinterpret_cast<const in_pktinfo*>(CMSG_DATA(each));
      query.local.ip = IpAddress::v4(std::span<const uint8_t, 4>(reinterpret_cast<const uint8_t*>(&info->ipi_addr), 4));
    } else if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
      const auto* info = reinterpret_cast<const in6_pktinfo*>(CMSG_DATA(each));
      query.local.ip = IpAddress::v6(std::span<const uint8_t, 16>(info->ipi6_addr.s6_addr, 16));
      query.local.scope = info->ipi6_ifindex;
    }
  }
}

// Counted by the socket: having the count with every packet (SO_RXQ_OVFL) would cost every packet.
void UdpListener::check_drops() {
  drops_check_due_ = false;
  const uint32_t drops = dropped_packets(fd_.get());
  if (drops == drops_seen_) return;
  core_metrics().udp_drops.add(drops - drops_seen_);
  drops_seen_ = drops;
  log::limited(log::Level::warning, "receive queue of " + plan_->label + "/udp was full: the kernel dropped packets");
}

void UdpListener::send(Query& query, std::span<const uint8_t> message, const SocketAddress& to) {
  --in_flight_;
  if (message.empty()) return worker_.queries().give_back(query);
  if (out_->full()) flush();
  out_->add({&query, message, to}, source_of(query));
  if (!in_batch_) schedule_flush();
}

// Answers that come later (from an upstream) arrive in bursts too: they leave together when the loop has run what is
// ready.
void UdpListener::schedule_flush() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  worker_.loop().post([this, alive = alive_] {
    if (!*alive) return;
    flush_scheduled_ = false;
    flush();
  });
}

void UdpListener::flush() {
  unsigned done = out_->size();
  for (std::span<mmsghdr> left = out_->messages(0, joins_ && !resending_); !left.empty();) {
    const int sent = sendmmsg(fd_.get(), left.data(), static_cast<unsigned>(left.size()), MSG_DONTWAIT);
    if (sent > 0) {
      left = left.subspan(static_cast<size_t>(sent));
    } else if (const unsigned place = out_->place(left[0]); keeps_unsent_ && errno == EAGAIN) {
      keep_unsent(place);
      done = place;
      break;
    } else if (left[0].msg_hdr.msg_iovlen > 1) {
      joins_ = errno != EIO;  // it goes out by a device that cannot; too long for the path is this client's alone
      left = out_->messages(place, false);
    } else {
      // This one cannot be sent (no route, queue full): the client asks again. The others can.
      core_metrics().send_errors.add();
      left = left.subspan(1);
    }
  }
  for (unsigned place = 0; place < done; ++place) worker_.queries().give_back(*out_->at(place).query);
  out_->clear();
}

// Answers from `first` on wait until the kernel takes some again.
void UdpListener::keep_unsent(unsigned first) {
  const unsigned count = out_->size() - first;
  for (unsigned i = 0; i < count; ++i) {
    // These stand in the order they leave: newest first.
    const UdpAnswer& answer = out_->at(first + (resending_ ? count - 1 - i : i));
    const auto oldest = unsent_->push(answer);
    if (oldest.query) worker_.queries().give_back(*oldest.query);
  }
  wait_writable();
}

void UdpListener::wait_writable() {
  if (writable_awaited_) return;
  if (!watch_) watch_.emplace(worker_.loop(), fd_.get());  // the input is closed, and answers still leave
  writable_awaited_ = true;
  watch_->wait_writable([this] {
    writable_awaited_ = false;
    send_unsent();
  });
}

// A batch at a time until the kernel takes no more, and writable is awaited again.
void UdpListener::send_unsent() {
  flush();
  resending_ = true;
  while (waiting() && !writable_awaited_) {
    while (waiting() && !out_->full()) {
      const UdpAnswer newest = unsent_->pop();
      out_->add(newest, source_of(*newest.query));
    }
    flush();
  }
  resending_ = false;
}

bool UdpListener::sheds() {
  if (!keeps_unsent_ || !unsent_->full()) return false;
  unsent_->count_query();
  return true;
}

}  // namespace portolan::server
