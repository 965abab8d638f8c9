// A zone's next version as deletions and additions (RFC 1995 section 4), applied to the tree of the one before.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/result.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

/// Collects changes in the order they come; memory goes with the names they touch. SOA records are not among them.
class ZoneChange {
 public:
  /// `base` must outlive this.
  explicit ZoneChange(const ZoneTree& base) : base_(base) {}

  /// Error: the zone has no such record at this point. TTLs are not compared.
  Result<void> remove(const dns::Record& record);
  /// A record that is there already takes the new TTL.
  void add(const dns::Record& record);
  /// The next version, with `soa`. Errors: those of ZoneBuilder.
  Result<std::unique_ptr<const ZoneTree>> apply(const dns::OwnedRecord& soa) const;

 private:
  /// What has become of a record of a touched name.
  struct Fate {
    bool present = false;
    uint64_t added = 0;  // its place among additions; 0: it is the base's
  };

  std::string key(const dns::Record& record) const;
  void touch(dns::NameView owner);
  template <class Visit>
  void each_base_record(Visit visit) const;

  const ZoneTree& base_;
  std::unordered_set<dns::Name, dns::NameHash, dns::NameEqual> touched_;
  std::unordered_map<std::string, Fate> fates_;     // of all records of touched names
  std::map<uint64_t, dns::OwnedRecord> additions_;  // in the order they came
  uint64_t next_addition_ = 1;
};

}  // namespace portolan::zones
