// What rrsets are told apart by in the table of signatures: a hash, keyed with the process's secret, of 128 bits, so
// that neither chance nor intent finds two rrsets with the same one.
#pragma once

#include <cstdint>
#include <span>

#include "dns/message.h"

namespace portolan::dnssec {

struct RRsetKey {
  uint64_t first = 0, second = 0;
  bool operator==(const RRsetKey&) const = default;
};

/// Hash of octets.
RRsetKey hash_octets(std::span<const uint8_t> octets);

/// The same for a name, whatever its case.
RRsetKey hash_name(dns::NameView name);

/// An rrset taken record by record, in any order. TTLs do not count: what is signed is the original TTL.
class RRsetHash {
 public:
  RRsetHash(const dns::Record& first, const RRsetKey& signer);
  void add(const dns::Record& record);
  RRsetKey key() const;

 private:
  RRsetKey head_, sum_;
};

}  // namespace portolan::dnssec
