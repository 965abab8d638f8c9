// The signatures that were made: found without a lock, and shared by all workers, so that each is made once.
#pragma once

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/dnssec/rrset_key.h"

namespace portolan::dnssec {

/// All signatures over one rrset. Unchanging.
struct Signatures {
  RRsetKey key;
  uint32_t expiration = 0;         // seconds since the Unix epoch
  std::vector<std::string> rdata;  // of the RRSIG records
};

/// Buckets of eight. A full bucket lets go what expires first, which is what was signed first. Shared by successive
/// configurations.
class SignatureTable {
 public:
  /// Has room for `capacity` rrsets, 1024 at least; memory is taken as it fills.
  explicit SignatureTable(int64_t capacity);
  ~SignatureTable();
  SignatureTable(const SignatureTable&) = delete;
  SignatureTable& operator=(const SignatureTable&) = delete;

  /// Wait-free; what it returns is there until the caller's rcu::ReadGuard ends. Null: there is none.
  const Signatures* find(const RRsetKey& key) const;
  /// Puts `signatures` in the place of those with the same key. Locks one of 64 groups of buckets for a few stores.
  void put(std::unique_ptr<const Signatures> signatures);
  /// Rrsets held.
  size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kWays = 8;
  static constexpr size_t kLocks = 64;
  struct Bucket {
    std::atomic<uint32_t> tags[kWays];  // a hint: what the entry's key begins with
    std::atomic<const Signatures*> entries[kWays];
  };
  struct Free {
    void operator()(Bucket* buckets) const { std::free(buckets); }
  };

  size_t index_of(const RRsetKey& key) const {
    return static_cast<size_t>(static_cast<unsigned __int128>(key.first) * count_ >> 64);
  }
  static uint32_t tag_of(const RRsetKey& key) { return static_cast<uint32_t>(key.second); }

  size_t count_;
  std::unique_ptr<Bucket[], Free> buckets_;
  std::atomic<size_t> size_{0};
  std::mutex locks_[kLocks];
};

}  // namespace portolan::dnssec
