// Open addressing over rows of three words; the third is written last and read first.
#include "plugins/kubernetes/pod_table.h"

#include <bit>
#include <cstring>
#include <new>

#include "plugins/kubernetes/key_hash.h"

namespace portolan::kubernetes {

struct PodTable::Row {
  std::atomic<uint64_t> high, low;  // the address; IPv4 as ::ffff:a.b.c.d
  std::atomic<uint64_t> state;      // 0: free; else namespace + 1 in the upper half, the number of pods in the lower
};

struct alignas(8) PodTable::Rows {
  uint32_t mask;
  Row& at(uint32_t index) const { return reinterpret_cast<Row*>(const_cast<Rows*>(this) + 1)[index]; }
};

struct PodTable::Key {
  uint64_t words[2] = {0, 0};
  uint32_t space;

  Key(const IpAddress& address, uint32_t space_number) : space(space_number) {
    uint8_t octets[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const auto from = address.octets();
    std::memcpy(octets + 16 - from.size(), from.data(), from.size());
    std::memcpy(words, octets, 16);
  }
  uint32_t hash() const {
    return static_cast<uint32_t>(key_hash(std::span(reinterpret_cast<const uint8_t*>(words), sizeof words)));
  }
};

PodTable::PodTable() : rows_(make(16)) {}
PodTable::~PodTable() { ::operator delete(rows_.load(std::memory_order_relaxed)); }

PodTable::Rows* PodTable::make(uint32_t capacity) {
  auto* rows = new (::operator new(sizeof(Rows) + capacity * sizeof(Row))) Rows{capacity - 1};
  for (uint32_t i = 0; i < capacity; ++i) new (&rows->at(i)) Row{{0}, {0}, {0}};
  return rows;
}

// The row of `key`, or the free one where it belongs.
PodTable::Place PodTable::place(const Rows& rows, const Key& key) {
  for (uint32_t i = key.hash() & rows.mask;; i = (i + 1) & rows.mask) {
    Row& row = rows.at(i);
    const uint64_t state = row.state.load(std::memory_order_acquire);
    if (state == 0) return {&row, 0};
    if (state >> 32 == key.space + 1u && row.high.load(std::memory_order_relaxed) == key.words[0] &&
        row.low.load(std::memory_order_relaxed) == key.words[1]) {
      return {&row, state};
    }
  }
}

uint32_t PodTable::count(const IpAddress& address, uint32_t space) const {
  return static_cast<uint32_t>(place(*rows_.load(std::memory_order_acquire), Key(address, space)).state);
}

void PodTable::change(const IpAddress& address, uint32_t space, int by, Retired& retired) {
  const Key key(address, space);
  auto [row, state] = place(*rows_.load(std::memory_order_relaxed), key);
  if (state == 0) {
    grow(retired);
    row = place(*rows_.load(std::memory_order_relaxed), key).row;
    ++used_;
    row->high.store(key.words[0], std::memory_order_relaxed);
    row->low.store(key.words[1], std::memory_order_relaxed);
  }
  const auto pods = static_cast<uint32_t>(static_cast<uint32_t>(state) + by);
  row->state.store(uint64_t{space + 1u} << 32 | pods, std::memory_order_release);
}

// Makes room for one row more: at most four fifths are taken. Rows of no pod are left behind.
void PodTable::grow(Retired& retired) {
  Rows* old = rows_.load(std::memory_order_relaxed);
  const uint32_t capacity = old->mask + 1;
  if ((used_ + 1) * 5ull <= capacity * 4ull) return;
  uint32_t live = 0;
  for (uint32_t i = 0; i < capacity; ++i) live += static_cast<uint32_t>(old->at(i).state) != 0;
  Rows* fresh = make(std::bit_ceil(live + live / 2 + 16));
  for (uint32_t i = 0; i < capacity; ++i) {
    const Row& from = old->at(i);
    const uint64_t state = from.state.load(std::memory_order_relaxed);
    if (static_cast<uint32_t>(state) == 0) continue;
    const uint64_t words[2] = {from.high.load(std::memory_order_relaxed), from.low.load(std::memory_order_relaxed)};
    auto at = static_cast<uint32_t>(key_hash(std::span(reinterpret_cast<const uint8_t*>(words), sizeof words)));
    for (at &= fresh->mask; fresh->at(at).state.load(std::memory_order_relaxed) != 0;) at = (at + 1) & fresh->mask;
    Row& to = fresh->at(at);
    to.high.store(words[0], std::memory_order_relaxed);
    to.low.store(words[1], std::memory_order_relaxed);
    to.state.store(state, std::memory_order_relaxed);
  }
  rows_.store(fresh, std::memory_order_release);
  used_ = live;
  retired.add(old, sizeof(Rows) + capacity * sizeof(Row));
}

}  // namespace portolan::kubernetes
