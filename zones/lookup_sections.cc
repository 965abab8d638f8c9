// Filling the sections: copies of rrsets, apex records, glue and other additional addresses.
#include <cstring>

#include "dns/rdata.h"
#include "zones/lookup.h"

namespace portolan::zones {

using dns::NameView;
using dns::RRType;

namespace {

// Where an answer record sends the client, whose addresses are added then; the root for other types.
NameView destination(const dns::Record& record) {
  switch (record.type) {
    case RRType::srv:
    case RRType::mx:
      return dns::target_name(record);
    case RRType::svcb:
    case RRType::https: {
      // RFC 9460 section 2.2: the name stands behind the priority and is never compressed.
      size_t end = 2;
      while (end < record.rdata.size() && record.rdata[end] != 0) end += record.rdata[end] + size_t{1};
      if (end >= record.rdata.size()) return {};
      return {record.rdata.data() + 2, static_cast<uint8_t>(end - 1)};
    }
    default:
      return {};
  }
}

}  // namespace

void Lookup::soa() {
  add(out_.authority, tree_.soa());
  if (question_.dnssec_ok) add(out_.authority, tree_.soa_signatures());
}

void Lookup::ns() {
  add(out_.authority, tree_.ns());
  if (question_.dnssec_ok) add(out_.authority, tree_.ns_signatures());
}

void Lookup::add(ArenaVector<dns::Record>& to, const RRset& set, const NameView* owner) {
  if (set.count == 0) return;
  NameView name;
  if (owner) {
    name = *owner;
  } else if (const NameView own = tree_.owner(set); own.identical(question_.name)) {
    name = question_.name;
  } else {
    name = NameView(arena_.copy(own.wire()).data(), static_cast<uint8_t>(own.size()));
  }
  const std::span<const uint8_t> all = tree_.rdata(set);
  const std::span<const uint8_t> copy = arena_.copy(all);
  for (unsigned i = 0; i < set.count; ++i) {
    dns::Record record = tree_.record(set, i);
    record.owner = name;
    record.rdata = copy.subspan(static_cast<size_t>(record.rdata.data() - all.data()), record.rdata.size());
    to.push_back(record);
  }
}

void Lookup::add_signatures(ArenaVector<dns::Record>& to, const Node& node, RRType type, const NameView* owner) {
  const RRset* set = tree_.rrset(node, RRType::rrsig);
  if (!set) return;
  for (unsigned i = 0; i < set->count; ++i) {
    dns::Record record = tree_.record(*set, i);
    if (dns::signed_type(record) != type) continue;
    record.owner =
        owner ? *owner : NameView(arena_.copy(record.owner.wire()).data(), static_cast<uint8_t>(record.owner.size()));
    record.rdata = arena_.copy(record.rdata);
    to.push_back(record);
  }
}

void Lookup::add_signed(ArenaVector<dns::Record>& to, const Node& node, const RRset& set, const NameView* owner) {
  add(to, set, owner);
  if (question_.dnssec_ok) add_signatures(to, node, set.type, owner);
}

void Lookup::addresses(ArenaVector<dns::Record>& to, const Node& node) {
  for (const RRType type : {RRType::a, RRType::aaaa}) {
    if (const RRset* set = tree_.rrset(node, type)) add_signed(to, node, *set);
  }
}

// Addresses of the targets of SRV, MX, SVCB and HTTPS that lie in the zone, each once.
void Lookup::additional() {
  const size_t answers = out_.answer.size();
  for (size_t i = 0; i < answers; ++i) {
    const NameView name = destination(out_.answer[i]);
    if (name.is_root() || !name.is_under(tree_.origin())) continue;
    bool seen = false;
    for (size_t j = 0; j < i && !seen; ++j) seen = destination(out_.answer[j]).equals(name);
    const Node* node = seen ? nullptr : node_with_records(name);
    if (node) addresses(out_.additional, *node);
  }
}

// Addresses of name servers below the delegated name (or, at the apex, anywhere in the zone).
void Lookup::glue(const RRset& ns) {
  for (unsigned i = 0; i < ns.count; ++i) {
    const dns::Record record = tree_.record(ns, i);
    const NameView server = dns::target_name(record);
    if (!server.is_under(record.owner)) continue;
    if (const Node* node = node_with_records(server)) addresses(out_.additional, *node);
  }
}

}  // namespace portolan::zones
