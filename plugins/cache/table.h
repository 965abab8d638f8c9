// A table of entries: 256 shards, each with a lock for those who insert and none for those who look.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "plugins/cache/entry.h"

namespace portolan::cache {

/// Shared by all workers, and by successive configurations. find() is wait-free; what it returns is there until the
/// caller's rcu::ReadGuard ends. Everything else locks one shard for a few pointer writes.
class Table {
 public:
  static constexpr size_t kShards = 256;
  static constexpr size_t kLeastPerShard = 4;

  /// Holds `capacity` entries, rounded down to a multiple of 256, 1024 at least.
  explicit Table(int64_t capacity);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const Entry* find(const Key& key) const;
  /// Puts `entry` in the place of the one with its key. True: another entry had to go, a random one of a full shard.
  /// With `keep_good`, an entry that does not answer takes over the last answer that did from the one it replaces.
  bool put(EntryPtr entry, bool keep_good = false);
  void erase(const Key& key);
  /// Entries held.
  size_t size() const;

 private:
  using Bucket = std::atomic<Entry*>;
  struct alignas(64) Shard {
    std::mutex mutex;
    std::atomic<uint32_t> count{0};  // written under the lock
    std::unique_ptr<Bucket[]> buckets;
  };

  Shard& shard(uint64_t hash) { return shards_[hash % kShards]; }
  const Shard& shard(uint64_t hash) const { return shards_[hash % kShards]; }
  size_t bucket(uint64_t hash) const { return (hash / kShards) & bucket_mask_; }
  bool evict_one(Shard& shard);

  size_t shard_capacity_;
  size_t bucket_mask_;
  std::array<Shard, kShards> shards_;
};

}  // namespace portolan::cache
