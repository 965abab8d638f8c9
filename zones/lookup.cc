// The search from the apex down, and what its end means.
#include "zones/lookup.h"

#include "dns/rdata.h"

namespace portolan::zones {

using dns::NameView;
using dns::RRType;

namespace {

constexpr unsigned kMaxAliases = 8;  // followed inside the zone behind the first one

}  // namespace

Status Lookup::run() {
  if (question_.name.equals(tree_.origin())) {
    if (question_.type == RRType::soa) {
      add(out_.answer, tree_.soa());
      if (question_.dnssec_ok) add(out_.answer, tree_.soa_signatures());
      ns();
      return Status::success;
    }
    if (question_.type == RRType::ns) return apex_ns();
  }
  // A name with records and nothing above it that could intervene: most answers end here.
  const Node* exact = tree_.find(question_.name);
  if (exact && exact->holds_records() && !exact->below_cut && !tree_.rrset(*exact, RRType::ns)) return found(*exact);
  return walk();
}

Status Lookup::apex_ns() {
  add(out_.answer, tree_.ns());
  if (question_.dnssec_ok) add(out_.answer, tree_.ns_signatures());
  glue(tree_.ns());
  return Status::success;
}

// From the apex to the name, label by label: RFC 1034 section 4.3.2 step 3, RFC 6672 section 3.2.
Status Lookup::walk() {
  const unsigned labels = question_.name.label_count();
  const Node* node = nullptr;
  const Node* source = nullptr;  // of synthesis
  for (unsigned i = tree_.origin().view().label_count(); i <= labels; ++i) {
    const NameView name = question_.name.suffix(i);
    node = node_with_records(name);
    if (!node) {
      NameView wild;
      if (i == tree_.origin().view().label_count() || !asterisk(name.parent(), wild)) continue;
      const Node* found_wild = tree_.find(wild);
      if (found_wild) source = found_wild;
      continue;
    }
    if (!question_.name.equals(name)) {
      if (const RRset* set = tree_.rrset(*node, RRType::dname)) return dname(*node, *set);
    }
    if (cut(*node, question_.name)) return Status::delegation;
  }
  if (node) return found(*node);
  // For an empty non-terminal CoreDNS expands a wildcard beside it, which no proof of a signed zone allows (RFC 4592
  // section 2.2.2).
  if (tree_.is_signed() && tree_.find(question_.name)) return nothing();
  if (!source || closer_encloser(tree_.owner(*source))) return nothing();
  return wildcard(*source);
}

Status Lookup::found(const Node& node) {
  if (question_.type != RRType::cname) {
    if (const RRset* set = tree_.rrset(node, RRType::cname)) {
      add_signed(out_.answer, node, *set);
      return alias(dns::target_name(tree_.record(*set, 0)));
    }
  }
  const RRset* set = tree_.rrset(node, question_.type);
  if (!set) {
    soa();
    if (question_.dnssec_ok) deny_type(node);
    return Status::no_data;
  }
  add(out_.answer, *set);
  additional();
  if (question_.dnssec_ok) add_signatures(out_.answer, node, question_.type);
  ns();
  return Status::success;
}

// RFC 4592 section 3.3: the records of the asterisk's node with the question's name. It may be an empty non-terminal.
Status Lookup::wildcard(const Node& node) {
  const NameView* owner = &question_.name;
  if (question_.type != RRType::cname) {
    if (const RRset* set = tree_.rrset(node, RRType::cname)) {
      add_signed(out_.answer, node, *set, owner);
      if (question_.dnssec_ok) deny_expanded(node);
      return alias(dns::target_name(tree_.record(*set, 0)));
    }
  }
  const RRset* set = tree_.rrset(node, question_.type);
  if (!set) {
    soa();
    if (question_.dnssec_ok) deny_wildcard_type(node);
    return Status::no_data;
  }
  add(out_.answer, *set, owner);
  additional();
  ns();
  if (question_.dnssec_ok) {
    deny_expanded(node);
    add_signatures(out_.answer, node, question_.type, owner);
  }
  return Status::success;
}

Status Lookup::nothing() {
  // An empty non-terminal exists: no error, no data (RFC 4592 section 2.2.2, RFC 8020).
  const bool exists = has_descendant(question_.name);
  soa();
  if (question_.dnssec_ok) deny_name(exists);
  return exists ? Status::success : Status::name_error;
}

// RFC 6672 section 3.2: the DNAME and a CNAME that follows from it.
Status Lookup::dname(const Node& node, const RRset& set) {
  const dns::Record record = tree_.record(set, 0);
  const NameView owner = tree_.owner(node);
  add_signed(out_.answer, node, set);
  const auto target = dns::join(question_.name.labels_before(owner), dns::target_name(record), arena_);
  if (target.has_error()) return Status::name_too_long;
  if (target->equals(question_.name)) {
    out_.answer.clear();  // the substitution that changes nothing can only loop
    return Status::server_failure;
  }
  out_.answer.push_back({question_.name, RRType::cname, dns::RRClass::in, record.ttl, target->wire()});
  if (question_.type == RRType::cname) {
    ns();
    return Status::success;
  }
  if (question_.dnssec_ok) add_signatures(out_.answer, node, RRType::cname);
  return alias(*target);
}

// The alias stands in the answer; `target` may lie in the tree or outside.
Status Lookup::alias(NameView target) {
  for (unsigned followed = 0;; ++followed) {
    const Node* node = node_with_records(target);
    if (cut_above(target, node)) return Status::delegation;
    if (!node || question_.type == RRType::ns || (question_.type == RRType::soa && target.equals(tree_.origin()))) {
      target_ = NameView(arena_.copy(target.wire()).data(), static_cast<uint8_t>(target.size()));
      return Status::outside;
    }
    const RRset* next = tree_.rrset(*node, RRType::cname);
    if (next && followed <= kMaxAliases) {
      add_signed(out_.answer, *node, *next);
      target = dns::target_name(tree_.record(*next, 0));
      continue;
    }
    const RRset* set = next ? nullptr : tree_.rrset(*node, question_.type);
    if (set) add_signed(out_.answer, *node, *set);
    if (!set && !next && question_.dnssec_ok && tree_.is_signed()) {
      soa();
      deny_type(*node);
      return Status::success;
    }
    break;
  }
  ns();
  additional();
  return Status::success;
}

void Lookup::conclude(Status found) {
  if (found == Status::name_error || found == Status::no_data) {
    soa();
  } else {
    ns();
  }
  additional();
}

// A referral, if `node` is a zone cut for `name`; the parent answers for DS at the cut (RFC 4035 section 3.1.4.1).
bool Lookup::cut(const Node& node, NameView name) {
  const RRset* set = tree_.rrset(node, RRType::ns);
  if (!set || (question_.type == RRType::ds && tree_.owner(node).equals(name))) return false;
  add(out_.authority, *set);
  glue(*set);
  if (question_.dnssec_ok) {
    if (const RRset* ds = tree_.rrset(node, RRType::ds)) {
      add(out_.authority, *ds);
    } else {
      deny_type(node);  // the child is not signed (RFC 4035 section 3.1.4, RFC 5155 section 7.2.7)
    }
    add_signatures(out_.authority, node, RRType::ds);
  }
  return true;
}

// The first cut below the apex on the way to `name`; `exact` is the node of `name`.
bool Lookup::cut_above(NameView name, const Node* exact) {
  const unsigned labels = name.label_count();
  for (unsigned i = tree_.origin().view().label_count() + 1; i < labels; ++i) {
    const Node* node = node_with_records(name.suffix(i));
    if (node && cut(*node, name)) return true;
  }
  return exact && labels > tree_.origin().view().label_count() && cut(*exact, name);
}

const ZoneTree::Node* Lookup::node_with_records(NameView name) const {
  const Node* node = tree_.find(name);
  return node && node->holds_records() ? node : nullptr;
}

bool Lookup::has_descendant(NameView name) const {
  const Node* node = tree_.find(name);
  return node && node->has_descendant;
}

// RFC 4592 section 3.3.1: an empty non-terminal between the wildcard's parent and the name is the closest encloser.
bool Lookup::closer_encloser(NameView wildcard) const {
  const NameView parent = wildcard.parent();
  for (NameView name = question_.name.parent(); name.size() > parent.size(); name = name.parent()) {
    if (has_descendant(name)) return true;
  }
  return false;
}

// "*" in front of `parent`; false when that is too long for a name.
bool Lookup::asterisk(NameView parent, NameView& out) const {
  static constexpr uint8_t kAsterisk[] = {1, '*'};
  const auto joined = dns::join(kAsterisk, parent, arena_);
  if (joined.has_error()) return false;
  out = *joined;
  return true;
}

Status outside_status(dns::Rcode rcode, bool records) {
  if (rcode == dns::Rcode::nxdomain) return Status::name_error;
  if (rcode == dns::Rcode::servfail) return Status::server_failure;
  return rcode == dns::Rcode::noerror && !records ? Status::no_data : Status::success;
}

}  // namespace portolan::zones
