// How many: as many as fit whichever they are, so that an endpoint with a long name has no smaller chance. Which: the
// first of a shuffled row.
#include "server/fit.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "base/random.h"

namespace portolan::server {
namespace {

using dns::NameView;
using dns::Record;
using dns::RRType;

constexpr size_t kRecordFixed = 10;  // TYPE, CLASS, TTL, RDLENGTH
constexpr size_t kPointer = 2;
constexpr size_t kBeforeTarget = 6;  // SRV: priority, weight, port
constexpr uint32_t kNone = 0xffffffff;

/// The endpoints of an answer, by number, and the records that each has.
class Endpoints {
 public:
  Endpoints(const dns::MessageParts& whole, bool compressed, Arena& arena)
      : whole_(whole), compressed_(compressed), arena_(arena), kept_answer_(arena), kept_additional_(arena) {
    const size_t most = whole.answer.size();
    costs_ = arena.array<uint32_t>(most);
    answers_ = Chains(arena, most, most);
    additionals_ = Chains(arena, most, whole.additional.size());
    if (whole.question->type == RRType::srv) {
      take_targets();
    } else {
      take_addresses();
    }
  }

  uint32_t count() const { return count_; }
  /// How many fit into `room` octets, whichever are chosen.
  uint32_t fitting(size_t room) const;
  /// Octets that are there without any endpoint, none saved by compression.
  size_t base_size() const;
  /// The message with the endpoints `chosen`, in this order.
  dns::MessageParts with(std::span<const uint32_t> chosen) const;

 private:
  /// Lists of record numbers, one an endpoint.
  struct Chains {
    Chains() = default;
    Chains(Arena& arena, size_t endpoints, size_t records)
        : first(arena.array<uint32_t>(endpoints)), next(arena.array<uint32_t>(records)) {
      std::fill(first.begin(), first.end(), kNone);
    }
    void push_front(uint32_t endpoint, size_t record) {
      next[record] = first[endpoint];
      first[endpoint] = static_cast<uint32_t>(record);
    }
    template <class Visit>
    void each(uint32_t endpoint, Visit visit) const {
      for (uint32_t i = first[endpoint]; i != kNone; i = next[i]) visit(i);
    }
    std::span<uint32_t> first, next;
  };

  void take_addresses();
  void take_targets();
  uint32_t add() {
    costs_[count_] = 0;
    return count_++;
  }
  size_t owner_size(const Record& record) const {
    return compressed_ || record.owner.identical(whole_.question->name) ? kPointer : record.owner.size();
  }
  void charge(uint32_t endpoint, const Record& record) {
    costs_[endpoint] += static_cast<uint32_t>(owner_size(record) + kRecordFixed + record.rdata.size());
  }
  NameView target_of(const Record& srv) const {
    return {srv.rdata.data() + kBeforeTarget, static_cast<uint8_t>(srv.rdata.size() - kBeforeTarget)};
  }
  bool is_endpoint(const Record& record) const {
    return record.type == whole_.question->type && (record.type != RRType::srv || record.rdata.size() > kBeforeTarget);
  }

  const dns::MessageParts& whole_;
  const bool compressed_;
  Arena& arena_;
  std::span<uint32_t> costs_;
  uint32_t count_ = 0;
  Chains answers_, additionals_;
  ArenaVector<Record> kept_answer_, kept_additional_;  // what belongs to no endpoint
  size_t first_owner_ = 0;                             // octets of a name that later records point to
};

void Endpoints::take_addresses() {
  for (size_t i = 0; i < whole_.answer.size(); ++i) {
    const Record& record = whole_.answer[i];
    if (!is_endpoint(record)) {
      kept_answer_.push_back(record);
      continue;
    }
    if (!record.owner.identical(whole_.question->name)) first_owner_ = std::max(first_owner_, record.owner.size());
    const uint32_t endpoint = add();
    answers_.push_front(endpoint, i);
    charge(endpoint, record);
  }
  for (const Record& record : whole_.additional) kept_additional_.push_back(record);
}

void Endpoints::take_targets() {
  // Numbers of endpoints by the hash of their names, at most half full.
  const auto slots = arena_.array<uint32_t>(std::bit_ceil(2 * whole_.answer.size() + 1));
  const auto names = arena_.array<NameView>(whole_.answer.size());
  std::fill(slots.begin(), slots.end(), kNone);
  const auto slot_of = [&](NameView name) -> uint32_t& {
    for (size_t at = name.hash();; ++at) {
      uint32_t& slot = slots[at & (slots.size() - 1)];
      if (slot == kNone || names[slot].identical(name)) return slot;
    }
  };
  for (size_t i = 0; i < whole_.answer.size(); ++i) {
    const Record& record = whole_.answer[i];
    if (!is_endpoint(record)) {
      kept_answer_.push_back(record);
      continue;
    }
    if (!record.owner.identical(whole_.question->name)) first_owner_ = std::max(first_owner_, record.owner.size());
    uint32_t& slot = slot_of(target_of(record));
    if (slot == kNone) names[slot = add()] = target_of(record);
    answers_.push_front(slot, i);
    charge(slot, record);
  }
  for (size_t i = whole_.additional.size(); i > 0; --i) {
    const Record& record = whole_.additional[i - 1];
    const uint32_t endpoint = slot_of(record.owner);
    if (endpoint == kNone) continue;
    additionals_.push_front(endpoint, i - 1);
    charge(endpoint, record);
  }
  for (const Record& record : whole_.additional) {
    if (slot_of(record.owner) == kNone) kept_additional_.push_back(record);
  }
}

uint32_t Endpoints::fitting(size_t room) const {
  const auto costs = costs_.first(count_);
  const auto [least, most] = std::minmax_element(costs.begin(), costs.end());
  if (*least == *most) return static_cast<uint32_t>(std::min<size_t>(room / *most, count_));
  const auto sorted = arena_.array<uint32_t>(count_);
  std::copy(costs.begin(), costs.end(), sorted.begin());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  uint32_t fitting = 0;
  while (fitting < count_ && sorted[fitting] <= room) room -= sorted[fitting++];
  return fitting;
}

size_t Endpoints::base_size() const {
  dns::MessageParts rest = whole_;
  rest.answer = kept_answer_;
  rest.additional = kept_additional_;
  return dns::uncompressed_size(rest) + (compressed_ ? first_owner_ : 0);
}

dns::MessageParts Endpoints::with(std::span<const uint32_t> chosen) const {
  ArenaVector<Record> answer(arena_), additional(arena_);
  for (const Record& record : kept_answer_) answer.push_back(record);
  for (const Record& record : kept_additional_) additional.push_back(record);
  for (const uint32_t endpoint : chosen) {
    answers_.each(endpoint, [&](uint32_t i) { answer.push_back(whole_.answer[i]); });
    additionals_.each(endpoint, [&](uint32_t i) { additional.push_back(whole_.additional[i]); });
  }
  dns::MessageParts parts = whole_;
  parts.answer = answer;
  parts.additional = additional;
  return parts;
}

}  // namespace

std::optional<dns::MessageParts> choose_fitting(const dns::MessageParts& whole, size_t limit, bool compressed,
                                                Arena& arena) {
  if (!whole.question) return std::nullopt;
  const RRType type = whole.question->type;
  if (type != RRType::a && type != RRType::aaaa && type != RRType::srv) return std::nullopt;
  const Endpoints endpoints(whole, compressed, arena);
  const size_t base = endpoints.base_size();
  limit = std::max(limit, dns::kMinUdpSize);
  if (endpoints.count() < 2 || base >= limit) return std::nullopt;
  const uint32_t most = endpoints.fitting(limit - base);
  if (most == 0) return std::nullopt;

  const auto row = arena.array<uint32_t>(endpoints.count());
  for (uint32_t i = 0; i < row.size(); ++i) row[i] = i;
  for (uint32_t i = 0; i < most; ++i) {  // the first steps of a Fisher-Yates shuffle
    std::swap(row[i], row[i + fast_random_below(endpoints.count() - i)]);
  }
  return endpoints.with(row.first(most));
}

}  // namespace portolan::server
