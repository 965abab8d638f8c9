// Comparing two trees, owner by owner in canonical order, and reading what was kept of that.
#include "zones/journal_difference.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "dns/rdata.h"
#include "dns/reader.h"
#include "dns/wire_writer.h"
#include "zones/canonical.h"
#include "zones/serial.h"

namespace portolan::zones {
namespace {

using dns::Record;
using dns::RRType;
using RRset = ZoneTree::RRset;

constexpr size_t kFixed = 10;  // TYPE, CLASS, TTL, RDLENGTH

std::span<const uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

void append(std::string& out, const Record& record) {
  const size_t at = out.size();
  out.resize(at + record.owner.size() + kFixed + record.rdata.size());
  uint8_t* to = reinterpret_cast<uint8_t*>(out.data()) + at;
  to = dns::put_fields(dns::put(to, record.owner.wire()), record);
  dns::put(dns::put16(to, static_cast<uint16_t>(record.rdata.size())), record.rdata);
}

bool take(std::span<const uint8_t> octets, size_t& at, Record& record) {
  const std::span<const uint8_t> rest = octets.subspan(at);
  const size_t owner = dns::uncompressed_name_size(rest);
  dns::RecordFields fields;
  if (owner == 0 || !dns::read_record_fields(rest, owner, fields)) return false;
  record = {{rest.data(), static_cast<uint8_t>(owner)},
            fields.type,
            fields.cls,
            fields.ttl,
            rest.subspan(fields.rdata, fields.end - fields.rdata)};
  at += fields.end;
  return true;
}

// Whether the rdata is of its type's form, all names in full.
bool is_whole(const Record& record) {
  Arena arena;
  std::span<const uint8_t> read;
  const dns::RecordFields fields{record.type, record.cls, record.ttl, 0, record.rdata.size()};
  return dns::read_rdata(record.rdata, fields, arena, read) &&
         (record.rdata.empty() || read.data() == record.rdata.data());
}

/// The rrsets of an owner. NSEC3 and what signs it stand apart in a tree.
std::span<const RRset> sets(const ZoneTree& tree, const ZoneTree::Node& node) { return tree.rrsets(node); }
std::array<RRset, 2> sets(const ZoneTree&, const ZoneTree::Hashed& hashed) { return {hashed.set, hashed.signatures}; }

class Comparison {
 public:
  Comparison(const ZoneTree& before, const ZoneTree& now, size_t limit) : before_(before), now_(now), limit_(limit) {}

  /// False when it comes to more than the limit.
  bool run() {
    for (const auto set : {&ZoneTree::soa_signatures, &ZoneTree::ns, &ZoneTree::ns_signatures}) {
      compare((before_.*set)(), (now_.*set)());
    }
    merge(before_.nodes(), now_.nodes());
    merge(before_.hashed_owners(), now_.hashed_owners());
    return fits();
  }
  const std::string& going() const { return going_; }
  const std::string& coming() const { return coming_; }

 private:
  bool fits() const { return going_.size() + coming_.size() <= limit_; }

  template <class Owner>
  void merge(std::span<const Owner> before, std::span<const Owner> now) {
    const auto goes = [this](const Owner& owner) {
      for (const RRset& set : sets(before_, owner)) compare(set, {});
    };
    const auto comes = [this](const Owner& owner) {
      for (const RRset& set : sets(now_, owner)) compare({}, set);
    };
    size_t i = 0, j = 0;
    while (fits() && i < before.size() && j < now.size()) {
      const int order = before_.owner(before[i]).compare(now_.owner(now[j]));
      if (order < 0) {
        goes(before[i++]);
      } else if (order > 0) {
        comes(now[j++]);
      } else {
        compare_owner(before[i++], now[j++]);
      }
    }
    while (fits() && i < before.size()) goes(before[i++]);
    while (fits() && j < now.size()) comes(now[j++]);
  }

  template <class Owner>
  void compare_owner(const Owner& before, const Owner& now) {
    const auto of = [](const auto& all, RRType type) {
      const auto found = std::find_if(all.begin(), all.end(), [&](const RRset& each) { return each.type == type; });
      return found == all.end() ? RRset() : *found;
    };
    const auto old_sets = sets(before_, before), new_sets = sets(now_, now);
    for (const RRset& set : old_sets) compare(set, of(new_sets, set.type));
    for (const RRset& set : new_sets) {
      if (of(old_sets, set.type).count == 0) compare({}, set);
    }
  }

  bool same(const RRset& before, const RRset& now) const {
    if (before.count != now.count) return false;
    for (unsigned i = 0; i < before.count; ++i) {
      if (!same(before_.record(before, i), now_.record(now, i))) return false;
    }
    return true;
  }
  static bool same(const Record& a, const Record& b) { return a.ttl == b.ttl && std::ranges::equal(a.rdata, b.rdata); }

  // Either may have no records. A record that stands twice counts once: a secondary has it once.
  void compare(const RRset& before, const RRset& now) {
    const RRset& any = before.count != 0 ? before : now;
    if (any.count == 0 || same(before, now)) return;
    if (!(before.count != 0 ? before_ : now_).owner(any).is_under(now_.origin())) return;  // is not transferred
    std::map<std::string, Record> going;
    std::set<std::string> seen;
    for (unsigned i = 0; i < before.count; ++i) {
      const Record record = before_.record(before, i);
      going.emplace(canonical_rdata(record), record);
    }
    for (unsigned i = 0; i < now.count; ++i) {
      const Record record = now_.record(now, i);
      std::string key = canonical_rdata(record);
      const auto known = going.find(key);
      if (!seen.insert(std::move(key)).second) continue;
      if (known != going.end() && same(known->second, record)) {
        going.erase(known);
      } else {
        append(coming_, record);
      }
    }
    for (const auto& [key, record] : going) append(going_, record);
  }

  const ZoneTree &before_, &now_;
  const size_t limit_;
  std::string going_, coming_;
};

template <class Visit>
void each_record(const ZoneTree& tree, Visit visit) {
  const auto visit_set = [&](const RRset& set) {
    if (set.count != 0 && !tree.owner(set).is_under(tree.origin())) return;
    for (unsigned i = 0; i < set.count; ++i) visit(tree.record(set, i));
  };
  for (const auto* set : {&tree.soa(), &tree.soa_signatures(), &tree.ns(), &tree.ns_signatures()}) visit_set(*set);
  for (const ZoneTree::Node& node : tree.nodes()) {
    for (const RRset& set : tree.rrsets(node)) visit_set(set);
  }
  for (const ZoneTree::Hashed& hashed : tree.hashed_owners()) {
    visit_set(hashed.set);
    visit_set(hashed.signatures);
  }
}

// FNV-1a, spread (the end of MurmurHash3), so that sums of it tell sets apart.
class Hash {
 public:
  void add(std::span<const uint8_t> octets) {
    for (const uint8_t octet : octets) state_ = (state_ ^ octet) * 0x100000001b3;
  }
  uint64_t value() const {
    uint64_t value = (state_ ^ state_ >> 33) * 0xff51afd7ed558ccd;
    value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53;
    return value ^ value >> 33;
  }

 private:
  uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace

ZoneSum sum_of(const ZoneTree& tree) {
  ZoneSum sum;
  each_record(tree, [&](const Record& record) {
    uint8_t fields[8];
    dns::put_fields(fields, record);
    Hash hash;
    hash.add(record.owner.wire());
    hash.add(fields);
    hash.add(record.rdata);
    sum.digest += hash.value();
    sum.octets += record.owner.size() + kFixed + record.rdata.size();
  });
  return sum;
}

std::shared_ptr<const Difference> Difference::between(const ZoneTree& before, const ZoneTree& now, uint64_t digest,
                                                      size_t limit) {
  Comparison comparison(before, now, limit);
  if (!comparison.run()) return nullptr;
  const std::shared_ptr<Difference> made(new Difference);
  append(made->octets_, before.record(before.soa(), 0));
  made->octets_ += comparison.going();
  made->new_soa_ = made->octets_.size();
  append(made->octets_, now.record(now.soa(), 0));
  made->octets_ += comparison.coming();
  if (made->octets_.size() > limit) return nullptr;
  made->octets_.shrink_to_fit();
  made->from_ = before.serial();
  made->to_ = now.serial();
  made->digest_ = digest;
  return made;
}

std::shared_ptr<const Difference> Difference::read(const dns::Name& origin, std::string octets, uint64_t digest) {
  const std::shared_ptr<Difference> made(new Difference);
  made->octets_ = std::move(octets);
  made->digest_ = digest;
  unsigned soas = 0;
  size_t at = 0;
  while (at < made->octets_.size()) {
    const size_t begin = at;
    Record record;
    if (!take(bytes(made->octets_), at, record) || record.cls != dns::RRClass::in || !is_whole(record)) return nullptr;
    if (!record.owner.is_under(origin) || ((begin == 0) && record.type != RRType::soa)) return nullptr;
    if (record.type != RRType::soa) continue;
    dns::Soa soa;
    if (!record.owner.equals(origin) || !dns::parse_soa(record.rdata, soa) || ++soas > 2) return nullptr;
    (soas == 1 ? made->from_ : made->to_) = soa.serial;
    made->new_soa_ = begin;
  }
  if (soas != 2 || !serial_before(made->from_, made->to_)) return nullptr;
  return made;
}

bool Difference::next(size_t& at, Record& record) const {
  return at < octets_.size() && take(bytes(octets_), at, record);
}

Record Difference::new_soa() const {
  Record record;
  size_t at = new_soa_;
  take(bytes(octets_), at, record);
  return record;
}

}  // namespace portolan::zones
