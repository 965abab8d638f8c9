// An answer as the cache keeps it: one block of memory with the header's facts, the question and all records. The
// records have no TTL of their own, since every answer from the cache carries one TTL throughout.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "base/clock.h"
#include "server/query.h"

namespace portolan::cache {

/// What an entry is found by. Questions with DO and with CD have entries of their own, since upstreams answer them
/// differently (RFC 4035 sections 3.2.1, 3.2.2).
struct Key {
  uint64_t hash = 0;
  dns::NameView lower;
  dns::RRType type = dns::RRType::none;
  dns::RRClass cls = dns::RRClass::in;
  bool dnssec_ok = false, checking_disabled = false;
  bool success = true, denial = true;  // the sides that may have it; with neither there is nothing to find

  static Key of(const dns::Question& question, bool dnssec_ok, bool checking_disabled);
};

/// Unchanging but for the atomics, so that readers need no lock. Lies in memory of its own size, with `payload` behind
/// it.
struct Entry {
  std::atomic<Entry*> next{nullptr};  // in its bucket; written under the shard's lock
  uint64_t hash = 0;
  uint64_t id = 0;  // never used twice, so that a refresh that ends late finds only the entry it began with
  SteadyTime stored;
  Entry* last_good = nullptr;                           // an answer kept behind one that says nothing (prefer_positive)
  mutable std::atomic<int64_t> seen{INT64_MIN};         // last hit, nanoseconds; counted for prefetching only
  mutable std::atomic<int64_t> retry_after{INT64_MIN};  // no refresh before this time, nanoseconds
  mutable std::atomic<uint32_t> hits{0};
  mutable std::atomic<bool> refreshing{false};
  bool owns_last_good = false;  // written under the shard's lock
  bool dnssec_ok = false, checking_disabled = false;
  bool authenticated = false, recursion_available = false, part_will_do = false;
  bool answering = false;  // has records that answer the question
  uint8_t name_size = 0;
  uint16_t rcode = 0;
  dns::RRType type = dns::RRType::none;
  dns::RRClass cls = dns::RRClass::in;
  uint16_t answers = 0, authorities = 0, additionals = 0;
  uint32_t ttl = 0;
  uint32_t payload_size = 0;

  const uint8_t* payload_data() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  /// The question's name in lower case, then the records.
  std::span<const uint8_t> payload() const { return {payload_data(), payload_size}; }
  dns::NameView name() const { return {payload_data(), name_size}; }
  bool is_for(const Key& key) const {
    return hash == key.hash && type == key.type && cls == key.cls && dnssec_ok == key.dnssec_ok &&
           checking_disabled == key.checking_disabled && name().identical(key.lower);
  }
  /// Seconds left; 0 or less when its time is over.
  int64_t ttl_at(SteadyTime now) const {
    return int64_t{ttl} - std::chrono::duration_cast<std::chrono::seconds>(now - stored).count();
  }

  /// Counts a hit and says how many there were without a gap of `window`; exact up to `enough`.
  uint32_t count_hit(SteadyTime now, std::chrono::nanoseconds window, uint32_t enough) const;
  /// Whether the caller may refresh: nobody else does, and the last failure was long enough ago.
  bool begin_refresh(SteadyTime now, std::chrono::nanoseconds failure_recheck) const;
  void end_refresh(SteadyTime now, std::chrono::nanoseconds failure_recheck, bool refreshed) const;
};

struct FreeEntry {
  /// Frees the entry and the one it keeps.
  void operator()(Entry* entry) const;
};
using EntryPtr = std::unique_ptr<Entry, FreeEntry>;

/// A copy of `reply` for `key` that is good for `ttl` seconds.
EntryPtr make_entry(const Key& key, const server::Reply& reply, SteadyTime now, uint32_t ttl, bool answering);

/// What a hit takes out of an entry: everything the answer needs, copied into the query's arena.
struct Hit {
  uint64_t id = 0;
  uint32_t hits = 0;
  int64_t ttl = 0;  // left; not above 0: stale
  uint32_t stored_ttl = 0;
  uint16_t rcode = 0;
  bool authenticated = false, recursion_available = false, part_will_do = false;
  bool positive = false;  // of the success side
  bool refresh = false;   // the one who got this hit has to refresh the entry
  uint8_t name_size = 0;
  uint16_t answers = 0, authorities = 0, additionals = 0;
  std::span<const uint8_t> payload;
};

Hit copy_entry(const Entry& entry, SteadyTime now, Arena& arena);

/// Appends the records of `hit` to the reply's sections with `ttl`.
void append_records(const Hit& hit, uint32_t ttl, server::Reply& reply);

}  // namespace portolan::cache
