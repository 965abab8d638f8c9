// ZoneTree: one version of a zone in memory. It is built once and never changes, so that any number of workers read it
// without a lock; a newer version is a tree of its own that takes the old one's place.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/message.h"
#include "dns/rdata_text.h"
#include "zones/nsec3.h"

namespace portolan::zones {

class ZoneBuilder;

/// Owners in canonical order (RFC 4034 section 6.1) with their rrsets, all octets in one block. The apex SOA, NS and
/// their signatures stand apart: they go into nearly every answer.
class ZoneTree {
 public:
  /// Records of one owner and type, in the order of the zone file. The default is an rrset without records.
  struct RRset {
    dns::RRType type = dns::RRType::none;
    uint16_t count = 0;
    uint32_t first = 0;  // of the zone's records
    uint32_t owner = 0;  // where the owner's octets lie; SRV owners keep the case of the file
    uint8_t owner_size = 0;
  };
  /// An owner; without rrsets it is an empty non-terminal (RFC 4592 section 2.2.2), or an apex with SOA and NS only.
  struct Node {
    uint32_t owner = 0;
    uint32_t first_rrset = 0;
    uint16_t rrset_count = 0;
    uint8_t owner_size = 0;
    bool has_descendant : 1 = false;  // some owner lies below
    bool below_cut : 1 = false;       // a delegation or a DNAME lies above, inside the zone

    bool holds_records() const { return rrset_count != 0; }
  };

  /// An owner in the chain of hashed names. It is no owner of anything else (RFC 5155 section 7.2.8).
  struct Hashed {
    Nsec3Hash hash;
    RRset set, signatures;
  };

  const dns::Name& origin() const { return origin_; }
  uint32_t serial() const { return serial_; }
  const RRset& soa() const { return soa_; }
  const RRset& ns() const { return ns_; }
  const RRset& soa_signatures() const { return soa_signatures_; }
  const RRset& ns_signatures() const { return ns_signatures_; }

  /// The node of `name`, empty non-terminals included; null when nothing is there or below.
  const Node* find(dns::NameView name) const;
  /// The last owner of authoritative records that is not behind `name` in canonical order: whose NSEC covers `name`.
  const Node* at_or_before(dns::NameView name) const;
  /// Null when the node has no records of this type.
  const RRset* rrset(const Node& node, dns::RRType type) const;

  bool is_signed() const { return soa_signatures_.count != 0; }
  /// Whether denial is by hashed names: the apex has NSEC3PARAM and the zone NSEC3 records with the same parameters.
  bool has_nsec3() const { return !chain_.empty(); }
  const Nsec3Hashing& hashing() const { return hashing_; }
  /// The hashed owner with this hash; null when there is none.
  const Hashed* hashed(const Nsec3Hash& hash) const;
  /// The one whose NSEC3 covers `hash`, which is none's; null without a chain.
  const Hashed* covering(const Nsec3Hash& hash) const;

  std::span<const Node> nodes() const { return nodes_; }
  /// The hashed owner called `name`, of whatever chain; null when there is none.
  const Hashed* hashed_owner(dns::NameView name) const;
  /// NSEC3 records and their signatures, of the chain and others, owner by owner.
  std::span<const Hashed> hashed_owners() const { return hashed_; }
  std::span<const RRset> rrsets(const Node& node) const {
    return std::span(rrsets_).subspan(node.first_rrset, node.rrset_count);
  }
  dns::NameView owner(const Node& node) const { return {octets_.data() + node.owner, node.owner_size}; }
  dns::NameView owner(const Hashed& hashed) const {
    return owner(hashed.set.count != 0 ? hashed.set : hashed.signatures);
  }
  dns::NameView owner(const RRset& set) const { return {octets_.data() + set.owner, set.owner_size}; }
  /// Record `index` of an rrset; it points into the tree.
  dns::Record record(const RRset& set, unsigned index) const;
  /// The rdata of all records of an rrset, one behind the other.
  std::span<const uint8_t> rdata(const RRset& set) const;

  /// Whether a name has lost capital letters that count in a digest of the zone: in SVCB or HTTPS (RFC 9460
  /// section 2.2).
  bool lowered_targets() const { return lowered_targets_; }
  size_t record_count() const { return records_.size(); }

 private:
  friend class ZoneBuilder;
  struct Slot {
    uint32_t ttl = 0;
    uint32_t rdata = 0;
    uint16_t size = 0;
  };

  void make_index();

  dns::Name origin_;
  uint32_t serial_ = 0;
  bool lowered_targets_ = false;
  RRset soa_, ns_, soa_signatures_, ns_signatures_;
  std::vector<Node> nodes_;
  std::vector<RRset> rrsets_;
  std::vector<Slot> records_;
  std::vector<uint8_t> octets_;
  Nsec3Hashing hashing_;
  std::vector<Hashed> hashed_;   // in the order of their hashes
  std::vector<uint32_t> chain_;  // those with the zone's parameters
  std::vector<uint32_t> index_;  // open addressing by the hash of the name; 0: free, else the node's number plus one
};

/// Collects the records of a zone and makes the tree.
class ZoneBuilder {
 public:
  explicit ZoneBuilder(const dns::Name& origin) : origin_(origin.lower()) {}

  /// Adds a record, its names in lower case as CoreDNS has it (the owner except of SRV; the names in NS, SOA, CNAME,
  /// MX, SVCB and HTTPS). A second SOA takes the first one's place. Errors: a class other than IN, parameters of
  /// NSEC3 that are not taken.
  Result<void> add(dns::OwnedRecord record);
  bool has_soa() const { return has_soa_; }
  /// Whether a later SOA took an earlier one's place.
  bool soa_replaced() const { return soa_replaced_; }
  /// The zone. Errors: no SOA, more than fits.
  Result<std::unique_ptr<const ZoneTree>> build();

 private:
  struct Entry {
    dns::Name owner;  // lower case
    dns::Name cased;  // as the answers have it; the root stands for `owner`
    dns::RRType type;
    uint32_t ttl;
    std::string rdata;
  };

  void sort();
  bool place(ZoneTree& tree);
  void add_node(ZoneTree& tree, dns::NameView owner);
  void add_empty_non_terminals(ZoneTree& tree, dns::NameView owner, dns::NameView previous);
  ZoneTree::RRset add_rrset(ZoneTree& tree, std::span<const Entry> entries, uint32_t owner, uint8_t owner_size);
  void mark(ZoneTree& tree) const;
  Result<void> add_hashed(ZoneTree& tree);

  dns::Name origin_;
  bool has_soa_ = false, soa_replaced_ = false, lowered_targets_ = false;
  std::vector<Entry> entries_;
  std::vector<Entry> soa_, ns_, soa_signatures_, ns_signatures_;
  std::vector<Entry> hashed_;  // NSEC3 and what signs it
};

}  // namespace portolan::zones
