// Asking, answering and giving up.
#include "plugins/forward/link.h"

#include <algorithm>

#include "plugins/forward/socket_error.h"

namespace portolan::forward {
namespace {

constexpr auto kSweep = std::chrono::seconds(10);  // between two looks for idle sockets, as CoreDNS
constexpr auto kShortestSweep = std::chrono::milliseconds(100);
constexpr std::string_view kGone = "upstream is no longer used";
constexpr unsigned kMostBadPackets = 8;  // that are read for one question

// The question that came back against the one that was sent: the name's case may differ (RFC 1035 section 2.3.3).
bool same_question(std::span<const uint8_t> sent, std::span<const uint8_t> received, size_t size) {
  if (received.size() < dns::kHeaderSize + size) return false;
  const uint8_t* a = sent.data() + dns::kHeaderSize;
  const uint8_t* b = received.data() + dns::kHeaderSize;
  for (size_t i = 0; i + 4 < size; ++i) {
    if (dns::kLower[a[i]] != dns::kLower[b[i]]) return false;
  }
  return std::memcmp(a + size - 4, b + size - 4, 4) == 0;
}

enum class Match : uint8_t { yes, no, bare_error };

// RFC 5452 section 9.1. A server that refuses a question may leave it out of its answer.
Match match(const Waiter& waiter, std::span<const uint8_t> packet) {
  const bool answer = packet[2] & 0x80;
  const unsigned questions = static_cast<unsigned>(packet[4] << 8 | packet[5]);
  if (answer && questions == 0 && (packet[3] & 15) != 0 && packet.size() == dns::kHeaderSize) return Match::bare_error;
  return answer && questions == 1 && same_question(waiter.packet, packet, waiter.question_size) ? Match::yes
                                                                                                : Match::no;
}

bool truncated(std::span<const uint8_t> packet) { return packet[2] & 0x02; }

// Reads a copy of the packet in the waiter's own arena.
bool read(Waiter& waiter, std::span<const uint8_t> packet) {
  waiter.message = {};
  return dns::parse_message(waiter.arena->copy(packet), *waiter.arena, waiter.message) &&
         waiter.message.questions.size() == 1;
}

// An answer cut in the middle of a record: what counts is that it is truncated.
bool read_truncated(Waiter& waiter, std::span<const uint8_t> packet) {
  std::span<uint8_t> head = waiter.arena->bytes(dns::kHeaderSize + waiter.question_size);
  std::copy_n(packet.begin(), head.size(), head.begin());
  std::fill(head.begin() + 6, head.begin() + 12, uint8_t{0});
  return read(waiter, head);
}

void note_for_watchers(Waiter* waiters, std::span<const uint8_t> packet, int fd) {
  for (Waiter* each = waiters; each; each = each->next) {
    if (!each->watched) continue;
    each->received = each->arena->copy(packet);
    each->local = local_address(fd);
  }
}

void finish_all(Waiter* waiter, Fate fate) {
  while (waiter) {
    Waiter* next = waiter->next;  // done() may be the waiter's end
    waiter->fate = fate;
    waiter->done(*waiter);
    waiter = next;
  }
}

}  // namespace

Link::Link(Upstream& upstream, Loop& loop, nanoseconds timeout, size_t sharers)
    : upstream_(upstream),
      loop_(loop),
      timeout_(timeout),
      most_idle_(0),
      metrics_(upstream.name()),
      udp_(*this),
      tcp_(*this),
      due_timer_(loop),
      sweep_timer_(loop) {
  const uint32_t idle = upstream.settings().max_idle_conns;
  if (idle > 0) most_idle_ = std::max<size_t>(1, idle / sharers);
}

Link::~Link() = default;

void Link::ask(Waiter& waiter) {
  if (ended_) {
    waiter.error = kGone;
    waiter.fate = Fate::failed;
    return waiter.done(waiter);
  }
  if (Exchange* same = in_flight_.same(waiter)) return in_flight_.join(*same, waiter);
  Exchange& exchange = in_flight_.open(waiter);
  restart(exchange);
  if (!sweep_armed_) sweep();
  if (waiter.proto == Proto::tcp || upstream_.tls()) {
    tcp_.send(exchange);
  } else {
    udp_.send(exchange);
  }
}

void Link::restart(Exchange& exchange) {
  in_flight_.start(exchange, std::chrono::steady_clock::now() + timeout_);
  if (!due_armed_) arm();
}

void Link::arm() {
  const Exchange* first = in_flight_.due().front();
  due_armed_ = first != nullptr;
  if (first) due_timer_.start(first->deadline - std::chrono::steady_clock::now(), [this] { expire_due(); });
}

void Link::expire_due() {
  const SteadyTime now = std::chrono::steady_clock::now();
  while (Exchange* first = in_flight_.due().front()) {
    if (first->deadline > now) break;
    if (first->first->proto == Proto::tcp || upstream_.tls()) {
      tcp_.give_up(*first);
    } else {
      udp_.give_up(*first);
    }
  }
  arm();
}

// Closes idle sockets from time to time, for as long as there are any.
void Link::sweep() {
  const SteadyTime now = std::chrono::steady_clock::now();
  const size_t left = udp_.sweep(now) + tcp_.sweep(now);
  sweep_armed_ = left > 0 || in_flight_.size() > 0;
  if (!sweep_armed_) return;
  const auto delay = std::clamp<nanoseconds>(upstream_.settings().expire, kShortestSweep, kSweep);
  sweep_timer_.start(delay, [this] { sweep(); });
}

bool Link::fresh(SteadyTime made, SteadyTime used, SteadyTime now) const {
  const UpstreamSettings& settings = upstream_.settings();
  if (now - used > settings.expire) return false;
  return settings.max_age.count() == 0 || now - made <= settings.max_age;
}

bool Link::receive(Exchange& exchange, std::span<const uint8_t> packet, int fd) {
  Waiter& first = *exchange.first;
  const bool udp = first.proto == Proto::udp && !upstream_.tls();
  const Match found = match(first, packet);
  Fate fate = Fate::answered;
  bool whole = true;
  if (found == Match::bare_error || (found == Match::no && !udp)) {
    fate = Fate::mismatched;
    first.message.header.rcode = packet[3] & 15;
  } else {
    const bool looked_at = found == Match::yes && exchange.bad_packets < kMostBadPackets;
    if (looked_at) whole = read(first, packet);
    if (!looked_at || (!whole && !(truncated(packet) && read_truncated(first, packet)))) {
      // What cannot be read over UDP may be forged: the true answer is waited for (RFC 5452 section 9.1).
      if (looked_at) ++exchange.bad_packets;
      if (udp) return false;
      fail(exchange, "dns: bad answer from " + upstream_.name());
      return true;
    }
  }
  Waiter* waiters = in_flight_.close(exchange);
  for (Waiter* other = waiters->next; other; other = other->next) {
    if (fate == Fate::answered) (void)(whole ? read(*other, packet) : read_truncated(*other, packet));
    if (fate == Fate::mismatched) other->message.header.rcode = packet[3] & 15;
  }
  note_for_watchers(waiters, packet, fd);
  finish_all(waiters, fate);
  return true;
}

void Link::fail(Exchange& exchange, std::string_view error) {
  Waiter* waiters = in_flight_.close(exchange);
  for (Waiter* each = waiters; each; each = each->next) each->error = each->arena->copy(error);
  finish_all(waiters, Fate::failed);
}

void Link::end() {
  ended_ = true;
  udp_.end();
  tcp_.end();
}

}  // namespace portolan::forward
