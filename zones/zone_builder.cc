// Building a zone's tree: names to lower case, owners in canonical order, empty non-terminals, cuts.
#include <algorithm>
#include <limits>

#include "dns/rdata.h"
#include "zones/zone_tree.h"

namespace portolan::zones {
namespace {

using dns::Name;
using dns::NameView;
using dns::RRType;

constexpr size_t kMaxRecords = std::numeric_limits<uint16_t>::max();  // of one rrset
constexpr size_t kMaxOctets = std::numeric_limits<uint32_t>::max() / 2;

// Where the names lie that are kept in lower case; false for types whose rdata stays as it is.
bool lowered_names(RRType type, size_t& before, unsigned& names) {
  before = 0;
  names = 1;
  switch (type) {
    case RRType::ns:
    case RRType::cname:
      return true;
    case RRType::soa:
      names = 2;
      return true;
    case RRType::mx:
    case RRType::svcb:
    case RRType::https:
      before = 2;
      return true;
    default:
      return false;
  }
}

void lower_rdata(RRType type, std::string& rdata) {
  size_t at = 0;
  unsigned names = 0;
  if (!lowered_names(type, at, names)) return;
  for (; names > 0; --names) {
    while (at < rdata.size() && rdata[at] != 0) {
      const size_t end = std::min(rdata.size(), at + 1 + static_cast<uint8_t>(rdata[at]));
      for (++at; at < end; ++at) rdata[at] = static_cast<char>(dns::kLower[static_cast<uint8_t>(rdata[at])]);
    }
    ++at;
  }
}

std::span<const uint8_t> octets_of(const std::string& rdata) {
  return {reinterpret_cast<const uint8_t*>(rdata.data()), rdata.size()};
}

// Zones come mostly from programs, which write them in order; for a million names sorting them again takes a third of
// the time to load.
template <class T, class Less>
void sort_stably(std::vector<T>& all, Less less) {
  if (!std::is_sorted(all.begin(), all.end(), less)) std::stable_sort(all.begin(), all.end(), less);
}

}  // namespace

Result<void> ZoneBuilder::add(dns::OwnedRecord record) {
  if (record.cls != dns::RRClass::in) {
    return fail("\"" + dns::text(record.cls) + "\" is no class of a zone, expecting IN");
  }
  if (record.type == RRType::nsec3 || record.type == RRType::nsec3param) {
    const auto hashing = Nsec3Hashing::parse(octets_of(record.rdata));
    if (hashing.has_error()) return hashing.error();
  }
  if (record.type == RRType::svcb || record.type == RRType::https) {
    const std::string before = record.rdata;
    lower_rdata(record.type, record.rdata);
    lowered_targets_ |= before != record.rdata;
  } else {
    lower_rdata(record.type, record.rdata);
  }
  const RRType about = record.type == RRType::rrsig ? dns::signed_type(record.view()) : RRType::none;
  Entry entry{record.owner.lower(), {}, record.type, record.ttl, std::move(record.rdata)};
  if (record.type == RRType::srv && !record.owner.view().identical(entry.owner)) entry.cased = std::move(record.owner);
  const bool apex = entry.owner == origin_;
  if (apex && entry.type == RRType::soa) {
    soa_replaced_ = has_soa_;
    has_soa_ = true;
    soa_.clear();
    soa_.push_back(std::move(entry));
  } else if (entry.type == RRType::soa) {
    return fail("SOA record of " + entry.owner.text() + " in zone " + origin_.text() + ", expecting it at the apex");
  } else if (apex && entry.type == RRType::ns) {
    ns_.push_back(std::move(entry));
  } else if (apex && about == RRType::soa) {
    soa_signatures_.push_back(std::move(entry));
  } else if (apex && about == RRType::ns) {
    ns_signatures_.push_back(std::move(entry));
  } else if (entry.type == RRType::nsec3 || about == RRType::nsec3) {
    hashed_.push_back(std::move(entry));
  } else {
    entries_.push_back(std::move(entry));
  }
  return {};
}

Result<std::unique_ptr<const ZoneTree>> ZoneBuilder::build() {
  if (!has_soa_) return fail("has no SOA record for origin " + origin_.text());
  auto tree = std::make_unique<ZoneTree>();
  tree->origin_ = origin_;
  dns::Soa soa;
  if (!dns::parse_soa(octets_of(soa_.front().rdata), soa)) {
    return fail("has a malformed SOA record for origin " + origin_.text());
  }
  tree->serial_ = soa.serial;
  tree->lowered_targets_ = lowered_targets_;
  sort();
  if (!place(*tree)) return fail("holds more than fits into one zone: " + origin_.text());
  mark(*tree);
  if (auto added = add_hashed(*tree); added.has_error()) return added.error();
  tree->nodes_.shrink_to_fit();
  tree->rrsets_.shrink_to_fit();
  tree->octets_.shrink_to_fit();
  tree->make_index();
  return {boost::system::in_place_value, std::move(tree)};
}

void ZoneBuilder::sort() {
  sort_stably(entries_, [](const Entry& a, const Entry& b) {
    const int order = a.owner.view().compare(b.owner);
    return order != 0 ? order < 0 : a.type < b.type;
  });
}

bool ZoneBuilder::place(ZoneTree& tree) {
  tree.records_.reserve(entries_.size() + soa_.size() + ns_.size());

  add_node(tree, origin_);
  const auto apex_set = [&](const std::vector<Entry>& entries) {
    return add_rrset(tree, entries, tree.nodes_.front().owner, tree.nodes_.front().owner_size);
  };
  tree.soa_ = apex_set(soa_);
  tree.ns_ = apex_set(ns_);
  tree.soa_signatures_ = apex_set(soa_signatures_);
  tree.ns_signatures_ = apex_set(ns_signatures_);

  // The origin stands first; owners of other zones that sort before it are moved there by mark().
  NameView previous = origin_;
  for (size_t begin = 0; begin < entries_.size();) {
    const NameView owner = entries_[begin].owner;
    if (!owner.equals(origin_)) {
      add_empty_non_terminals(tree, owner, previous);
      add_node(tree, owner);
      previous = owner;
    }
    ZoneTree::Node& node = owner.equals(origin_) ? tree.nodes_.front() : tree.nodes_.back();
    node.first_rrset = static_cast<uint32_t>(tree.rrsets_.size());
    while (begin < entries_.size() && entries_[begin].owner.view().equals(owner)) {
      size_t end = begin;
      while (end < entries_.size() && entries_[end].type == entries_[begin].type &&
             entries_[end].owner.view().equals(owner)) {
        ++end;
      }
      if (end - begin > kMaxRecords || tree.octets_.size() > kMaxOctets) return false;
      tree.rrsets_.push_back(
          add_rrset(tree, std::span(entries_).subspan(begin, end - begin), node.owner, node.owner_size));
      ++node.rrset_count;
      begin = end;
    }
  }
  return ns_.size() <= kMaxRecords && soa_signatures_.size() <= kMaxRecords && ns_signatures_.size() <= kMaxRecords;
}

void ZoneBuilder::add_node(ZoneTree& tree, NameView owner) {
  ZoneTree::Node node;
  node.owner = static_cast<uint32_t>(tree.octets_.size());
  node.owner_size = static_cast<uint8_t>(owner.size());
  tree.octets_.insert(tree.octets_.end(), owner.data(), owner.data() + owner.size());
  tree.nodes_.push_back(node);
}

// In canonical order an ancestor stands before what lies below it, so the missing ones are those that `previous` is not
// under; the shallowest goes first.
void ZoneBuilder::add_empty_non_terminals(ZoneTree& tree, NameView owner, NameView previous) {
  if (!owner.is_under(origin_)) return;
  const unsigned labels = owner.label_count();
  for (unsigned i = origin_.view().label_count() + 1; i < labels; ++i) {
    const NameView ancestor = owner.suffix(i);
    if (!previous.is_under(ancestor)) add_node(tree, ancestor);
  }
}

ZoneTree::RRset ZoneBuilder::add_rrset(ZoneTree& tree, std::span<const Entry> entries, uint32_t owner,
                                       uint8_t owner_size) {
  ZoneTree::RRset set;
  if (entries.empty()) return set;
  set.type = entries.front().type;
  set.count = static_cast<uint16_t>(entries.size());
  set.first = static_cast<uint32_t>(tree.records_.size());
  set.owner = owner;
  set.owner_size = owner_size;
  if (const NameView cased = entries.front().cased; !cased.is_root()) {
    set.owner = static_cast<uint32_t>(tree.octets_.size());
    tree.octets_.insert(tree.octets_.end(), cased.data(), cased.data() + cased.size());
  }
  for (const Entry& entry : entries) {
    tree.records_.push_back(
        {entry.ttl, static_cast<uint32_t>(tree.octets_.size()), static_cast<uint16_t>(entry.rdata.size())});
    tree.octets_.insert(tree.octets_.end(), entry.rdata.begin(), entry.rdata.end());
  }
  return set;
}

void ZoneBuilder::mark(ZoneTree& tree) const {
  // Owners of other zones may sort before the origin.
  sort_stably(tree.nodes_, [&](const ZoneTree::Node& a, const ZoneTree::Node& b) {
    return tree.owner(a).compare(tree.owner(b)) < 0;
  });
  NameView cut;
  bool in_cut = false;
  for (size_t i = 0; i < tree.nodes_.size(); ++i) {
    ZoneTree::Node& node = tree.nodes_[i];
    const NameView owner = tree.owner(node);
    node.has_descendant = i + 1 < tree.nodes_.size() && tree.owner(tree.nodes_[i + 1]).is_under(owner);
    node.below_cut = in_cut && owner.is_under(cut);
    if (node.below_cut || !owner.is_under(origin_)) continue;
    in_cut = tree.rrset(node, RRType::ns) || tree.rrset(node, RRType::dname);
    if (in_cut) cut = owner;
  }
}

// RFC 5155: one NSEC3 a hashed owner. Of several chains the first that the apex names is answered from; the others are
// handed on in transfers.
Result<void> ZoneBuilder::add_hashed(ZoneTree& tree) {
  std::stable_sort(hashed_.begin(), hashed_.end(), [](const Entry& a, const Entry& b) {
    const int order = a.owner.view().compare(b.owner);
    return order != 0 ? order < 0 : a.type > b.type;  // NSEC3 in front of RRSIG
  });
  const ZoneTree::RRset* parameters = tree.rrset(tree.nodes_.front(), RRType::nsec3param);
  for (size_t begin = 0; begin < hashed_.size();) {
    const Name& owner = hashed_[begin].owner;
    size_t records = begin, end = begin;
    while (end < hashed_.size() && hashed_[end].owner == owner) ++end;
    while (records < end && hashed_[records].type == RRType::nsec3) ++records;
    ZoneTree::Hashed hashed{};
    if (!owner.view().parent().equals(origin_) || !parse_nsec3_owner(owner, hashed.hash)) {
      return fail("NSEC3 record of " + owner.text() + ", expecting the hash of a name right under " + origin_.text());
    }
    if (end - begin > kMaxRecords || tree.octets_.size() > kMaxOctets)
      return fail("holds more than fits into one zone");
    const auto at = static_cast<uint32_t>(tree.octets_.size());
    tree.octets_.insert(tree.octets_.end(), owner.view().data(), owner.view().data() + owner.view().size());
    const auto size = static_cast<uint8_t>(owner.view().size());
    hashed.set = add_rrset(tree, std::span(hashed_).subspan(begin, records - begin), at, size);
    hashed.signatures = add_rrset(tree, std::span(hashed_).subspan(records, end - records), at, size);
    tree.hashed_.push_back(hashed);
    begin = end;
  }
  for (unsigned at = 0; parameters && at < parameters->count && tree.chain_.empty(); ++at) {
    const std::span<const uint8_t> rdata = tree.record(*parameters, at).rdata;
    if (rdata[1] != 0) continue;  // RFC 5155 section 4.1.2: other flags say that the chain is not to be used
    tree.hashing_ = *Nsec3Hashing::parse(rdata);
    for (uint32_t i = 0; i < tree.hashed_.size(); ++i) {
      const ZoneTree::RRset& set = tree.hashed_[i].set;
      if (set.count != 0 && *Nsec3Hashing::parse(tree.record(set, 0).rdata) == tree.hashing_) tree.chain_.push_back(i);
    }
  }
  return {};
}

}  // namespace portolan::zones
