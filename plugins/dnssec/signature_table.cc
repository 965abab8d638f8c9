// Readers follow pointers inside an RCU read section; writers replace them under a lock.
#include "plugins/dnssec/signature_table.h"

#include <algorithm>
#include <new>

#include "base/rcu.h"

namespace portolan::dnssec {
namespace {

constexpr int64_t kLeast = 1024;

}  // namespace

SignatureTable::SignatureTable(int64_t capacity)
    : count_((static_cast<size_t>(std::max(capacity, kLeast)) + kWays - 1) / kWays),
      // Pages of zeros, which the kernel gives when they are first written: empty buckets.
      buckets_(static_cast<Bucket*>(std::calloc(count_, sizeof(Bucket)))) {
  if (!buckets_) throw std::bad_alloc();
}

SignatureTable::~SignatureTable() {
  if (size() == 0) return;
  for (size_t i = 0; i < count_; ++i) {
    for (const auto& entry : buckets_[i].entries) delete entry.load(std::memory_order_relaxed);
  }
}

const Signatures* SignatureTable::find(const RRsetKey& key) const {
  const Bucket& bucket = buckets_[index_of(key)];
  const uint32_t tag = tag_of(key);
  for (size_t i = 0; i < kWays; ++i) {
    if (bucket.tags[i].load(std::memory_order_relaxed) != tag) continue;
    const Signatures* entry = bucket.entries[i].load(std::memory_order_acquire);
    if (entry && entry->key == key) return entry;
  }
  return nullptr;
}

void SignatureTable::put(std::unique_ptr<const Signatures> signatures) {
  const size_t index = index_of(signatures->key);
  Bucket& bucket = buckets_[index];
  const std::lock_guard lock(locks_[index % kLocks]);
  // The same key, else a free place, else what expires first.
  size_t place = 0;
  uint64_t best = UINT64_MAX;
  for (size_t i = 0; i < kWays; ++i) {
    const Signatures* entry = bucket.entries[i].load(std::memory_order_relaxed);
    const uint64_t rank = !entry ? 1 : entry->key == signatures->key ? 0 : uint64_t{entry->expiration} + 2;
    if (rank >= best) continue;
    best = rank;
    place = i;
  }
  bucket.tags[place].store(tag_of(signatures->key), std::memory_order_relaxed);
  if (const Signatures* old = bucket.entries[place].exchange(signatures.release(), std::memory_order_acq_rel)) {
    rcu::defer_delete(old);
  } else {
    size_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace portolan::dnssec
