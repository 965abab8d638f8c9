// The tables of questions under way.
#include "plugins/forward/in_flight.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/random.h"

namespace portolan::forward {
namespace {

constexpr size_t kKept = 4096;  // exchanges in the free list

uint64_t mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93;
  return value ^ (value >> 32);
}

// Seeded per process, so that names cannot be chosen to collide.
uint64_t hash_of(const Waiter& waiter) {
  static const uint64_t seed = secure_random64();
  uint64_t hash = seed ^ static_cast<uint64_t>(waiter.proto);
  std::span<const uint8_t> rest = std::span<const uint8_t>(waiter.packet).subspan(2);
  while (rest.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, rest.data(), 8);
    hash = mix(hash ^ word) + seed;
    rest = rest.subspan(8);
  }
  uint64_t word = rest.size();
  std::memcpy(&word, rest.data(), rest.size());
  return mix(hash ^ word ^ (uint64_t{waiter.packet.size()} << 56));
}

uint64_t id_key(uint32_t owner, uint16_t id) { return mix((uint64_t{owner} << 16) | id); }

bool same_octets(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && std::memcmp(a.data() + 2, b.data() + 2, a.size() - 2) == 0;
}

}  // namespace

InFlight::~InFlight() {
  while (Exchange* exchange = due_.front()) {
    due_.remove(*exchange);
    delete exchange;
  }
}

Exchange* InFlight::same(const Waiter& waiter) const {
  return by_question_.find(hash_of(waiter), [&](const Exchange& other) {
    return other.joinable && other.first->proto == waiter.proto && same_octets(other.packet(), waiter.packet);
  });
}

void InFlight::join(Exchange& exchange, Waiter& waiter) {
  waiter.next = nullptr;
  exchange.last->next = &waiter;
  exchange.last = &waiter;
}

Exchange& InFlight::open(Waiter& waiter) {
  if (free_.empty()) free_.push_back(std::make_unique<Exchange>());
  Exchange& exchange = *free_.back().release();
  free_.pop_back();
  exchange = {};
  waiter.next = nullptr;
  exchange.first = exchange.last = &waiter;
  exchange.question_hash = hash_of(waiter);
  exchange.joinable = true;
  by_question_.insert(exchange);
  ++size_;
  return exchange;
}

void InFlight::assign(Exchange& exchange, SentList& socket) {
  const uint32_t owner = socket.serial;
  uint16_t id = secure_random16();
  while (find(owner, id)) id = secure_random16();
  exchange.owner = owner;
  exchange.id = id;
  exchange.id_hash = id_key(owner, id);
  exchange.packet()[0] = static_cast<uint8_t>(id >> 8);
  exchange.packet()[1] = static_cast<uint8_t>(id);
  by_id_.insert(exchange);
  exchange.socket = &socket;
  socket.push_back(exchange);
}

void InFlight::unassign(Exchange& exchange) {
  if (exchange.owner == 0) return;
  by_id_.remove(exchange);
  exchange.socket->remove(exchange);
  exchange.socket = nullptr;
  exchange.owner = 0;
}

Exchange* InFlight::find(uint32_t owner, uint16_t id) const {
  return by_id_.find(id_key(owner, id), [&](const Exchange& other) { return other.owner == owner && other.id == id; });
}

void InFlight::start(Exchange& exchange, SteadyTime deadline) {
  due_.remove(exchange);
  exchange.deadline = deadline;
  due_.push_back(exchange);
}

Waiter* InFlight::close(Exchange& exchange) {
  Waiter* waiters = exchange.first;
  const auto sent_id = waiters->packet.first(2);
  for (Waiter* each = waiters->next; each; each = each->next) std::ranges::copy(sent_id, each->packet.begin());
  unassign(exchange);
  due_.remove(exchange);
  if (exchange.joinable) by_question_.remove(exchange);
  --size_;
  if (free_.size() < kKept) {
    free_.emplace_back(&exchange);
  } else {
    delete &exchange;
  }
  return waiters;
}

}  // namespace portolan::forward
