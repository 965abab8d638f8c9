// Difference: what makes the next version of a zone out of one, as an IXFR answer has it (RFC 1995 section 4).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dns/message.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

/// What tells one version of a zone from another, and how large it is. Owners outside the zone do not count.
struct ZoneSum {
  uint64_t octets = 0;  // of all records, without compression
  uint64_t digest = 0;  // of all records, in whatever order they stand; good against mistakes, not against intent
};

ZoneSum sum_of(const ZoneTree& tree);

/// Records in wire form, without compression: the old SOA, what goes, the new SOA, what comes. It never changes, so
/// that transfers on any thread may share it.
class Difference {
 public:
  /// Between two versions of a zone; `digest` is the later one's. None when it would be more than `limit` octets.
  /// Records are the same when owner, type and canonical rdata are; one whose TTL or case has changed goes and comes.
  static std::shared_ptr<const Difference> between(const ZoneTree& before, const ZoneTree& now, uint64_t digest,
                                                   size_t limit);
  /// Of octets() that have been kept. None when they are no difference of zone `origin`.
  static std::shared_ptr<const Difference> read(const dns::Name& origin, std::string octets, uint64_t digest);

  uint32_t from() const { return from_; }
  uint32_t to() const { return to_; }
  uint64_t digest() const { return digest_; }
  const std::string& octets() const { return octets_; }
  /// The record at offset `at`, which moves behind it; false at the end. It points into the difference.
  bool next(size_t& at, dns::Record& record) const;
  /// The later version's SOA record.
  dns::Record new_soa() const;

 private:
  Difference() = default;

  std::string octets_;
  uint32_t from_ = 0, to_ = 0;
  uint64_t digest_ = 0;
  size_t new_soa_ = 0;  // offset
};

/// Differences that follow each other, oldest first.
using Differences = std::vector<std::shared_ptr<const Difference>>;

}  // namespace portolan::zones
