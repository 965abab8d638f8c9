// Chains of entries under read-copy-update: what is taken out of a chain is freed when no reader can stand on it.
#include "plugins/cache/table.h"

#include <algorithm>
#include <bit>

#include "base/random.h"
#include "base/rcu.h"

namespace portolan::cache {
namespace {

constexpr size_t kMostBuckets = 1 << 16;  // per shard; beyond that the chains grow

void retire(Entry* entry) {
  rcu::defer([](void* memory) { FreeEntry()(static_cast<Entry*>(memory)); }, entry);
}

// Where the pointer to the entry for `key` stands: in the bucket or in the entry before. Null: there is none.
std::atomic<Entry*>* link_to(std::atomic<Entry*>& bucket, uint64_t hash, const auto& is_it) {
  std::atomic<Entry*>* link = &bucket;
  while (Entry* entry = link->load(std::memory_order_relaxed)) {
    if (entry->hash == hash && is_it(*entry)) return link;
    link = &entry->next;
  }
  return nullptr;
}

Key key_of(const Entry& entry) {
  return {entry.hash, entry.name(), entry.type, entry.cls, entry.dnssec_ok, entry.checking_disabled};
}

// The answer behind `old`, now `entry`'s. Readers may go on reading it through `old`.
void hand_down(Entry& entry, Entry& old, bool& old_lives) {
  if (entry.answering) return;
  if (old.answering) {
    entry.last_good = &old;
    old_lives = true;
  } else if (old.owns_last_good) {
    entry.last_good = old.last_good;
    old.owns_last_good = false;
  }
  entry.owns_last_good = entry.last_good != nullptr;
}

}  // namespace

Table::Table(int64_t capacity)
    : shard_capacity_(std::max<size_t>(static_cast<size_t>(std::max<int64_t>(capacity, 0)) / kShards, kLeastPerShard)),
      bucket_mask_(std::bit_ceil(std::min(shard_capacity_, kMostBuckets)) - 1) {
  for (Shard& shard : shards_) shard.buckets = std::make_unique<Bucket[]>(bucket_mask_ + 1);
}

Table::~Table() {
  for (Shard& shard : shards_) {
    for (size_t i = 0; i <= bucket_mask_; ++i) {
      for (Entry* entry = shard.buckets[i].load(); entry;) FreeEntry()(std::exchange(entry, entry->next.load()));
    }
  }
}

const Entry* Table::find(const Key& key) const {
  const Entry* entry = shard(key.hash).buckets[bucket(key.hash)].load(std::memory_order_acquire);
  while (entry && !entry->is_for(key)) entry = entry->next.load(std::memory_order_acquire);
  return entry;
}

bool Table::put(EntryPtr owned, bool keep_good) {
  Entry* entry = owned.release();
  const Key key = key_of(*entry);
  Shard& place = shard(entry->hash);
  Bucket& head = place.buckets[bucket(entry->hash)];
  std::lock_guard lock(place.mutex);
  if (auto* link = link_to(head, key.hash, [&](const Entry& other) { return other.is_for(key); })) {
    Entry* old = link->load(std::memory_order_relaxed);
    bool old_lives = false;
    if (keep_good) hand_down(*entry, *old, old_lives);
    entry->next.store(old->next.load(std::memory_order_relaxed), std::memory_order_relaxed);
    link->store(entry, std::memory_order_release);
    if (!old_lives) retire(old);
    return false;
  }
  const bool evicted = place.count.load(std::memory_order_relaxed) >= shard_capacity_ && evict_one(place);
  entry->next.store(head.load(std::memory_order_relaxed), std::memory_order_relaxed);
  head.store(entry, std::memory_order_release);
  place.count.fetch_add(1, std::memory_order_relaxed);
  return evicted;
}

void Table::erase(const Key& key) {
  Shard& place = shard(key.hash);
  if (place.count.load(std::memory_order_relaxed) == 0) return;
  std::lock_guard lock(place.mutex);
  auto* link = link_to(place.buckets[bucket(key.hash)], key.hash, [&](const Entry& it) { return it.is_for(key); });
  if (!link) return;
  Entry* entry = link->load(std::memory_order_relaxed);
  link->store(entry->next.load(std::memory_order_relaxed), std::memory_order_release);
  place.count.fetch_sub(1, std::memory_order_relaxed);
  retire(entry);
}

// The first entry from a random bucket on.
bool Table::evict_one(Shard& place) {
  size_t at = fast_random_below(static_cast<uint32_t>(bucket_mask_ + 1));
  for (size_t tried = 0; tried <= bucket_mask_; ++tried, at = (at + 1) & bucket_mask_) {
    Entry* entry = place.buckets[at].load(std::memory_order_relaxed);
    if (!entry) continue;
    place.buckets[at].store(entry->next.load(std::memory_order_relaxed), std::memory_order_release);
    place.count.fetch_sub(1, std::memory_order_relaxed);
    retire(entry);
    return true;
  }
  return false;
}

size_t Table::size() const {
  size_t total = 0;
  for (const Shard& one : shards_) total += one.count.load(std::memory_order_relaxed);
  return total;
}

}  // namespace portolan::cache
