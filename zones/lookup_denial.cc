// Proofs that something is not there: NSEC (RFC 4035 section 3.1.3) as CoreDNS gives it, or NSEC3 (RFC 5155
// section 7.2) where the zone has it.
#include "dns/rdata.h"
#include "zones/lookup.h"

namespace portolan::zones {

using dns::NameView;
using dns::RRType;

void Lookup::nsec(const Node* node) {
  if (!node) return;
  // One record may prove two things.
  for (const dns::Record& record : out_.authority) {
    if (record.type == RRType::nsec && record.owner.equals(tree_.owner(*node))) return;
  }
  if (const RRset* set = tree_.rrset(*node, RRType::nsec)) add(out_.authority, *set);
  add_signatures(out_.authority, *node, RRType::nsec);
}

void Lookup::nsec3(const ZoneTree::Hashed* hashed) {
  if (!hashed) return;
  for (const dns::Record& record : out_.authority) {
    if (record.type == RRType::nsec3 && record.owner.equals(tree_.owner(hashed->set))) return;
  }
  add(out_.authority, hashed->set);
  add(out_.authority, hashed->signatures);
}

// RFC 5155 section 7.2.1: the longest ancestor that has an NSEC3, and that the next longer name has none.
NameView Lookup::prove_closest_encloser(NameView name) {
  NameView next_closer = name, encloser = name;
  // Names that are not there have no NSEC3: they need not be hashed, however many labels were asked for.
  while (!tree_.find(encloser) && !encloser.equals(tree_.origin()) && !encloser.is_root()) {
    next_closer = encloser;
    encloser = encloser.parent();
  }
  const ZoneTree::Hashed* match = nullptr;
  while (!(match = tree_.hashed(tree_.hashing().hash(encloser)))) {
    if (encloser.equals(tree_.origin()) || encloser.is_root()) return encloser;
    next_closer = encloser;
    encloser = encloser.parent();
  }
  nsec3(match);
  if (!next_closer.equals(encloser)) nsec3(tree_.covering(tree_.hashing().hash(next_closer)));
  return encloser;
}

void Lookup::deny_type(const Node& node) {
  if (!tree_.has_nsec3()) return nsec(&node);
  const NameView name = tree_.owner(node);  // in lower case, which what a DNAME has made need not be
  if (const ZoneTree::Hashed* match = tree_.hashed(tree_.hashing().hash(name))) return nsec3(match);
  prove_closest_encloser(name);  // opted out (RFC 5155 section 7.2.4)
}

// RFC 4035 section 3.1.3.4: what the wildcard has, and that the name itself does not exist. A wildcard that is an empty
// non-terminal has no NSEC: the one in front of it tells.
void Lookup::deny_wildcard_type(const Node& wildcard) {
  if (!tree_.has_nsec3()) {
    nsec(tree_.at_or_before(tree_.owner(wildcard)));
    nsec(tree_.at_or_before(question_.name));
    return;
  }
  prove_closest_encloser(question_.name);  // RFC 5155 section 7.2.5
  nsec3(tree_.hashed(tree_.hashing().hash(tree_.owner(wildcard))));
}

// RFC 5155 section 7.2.6: that the name itself does not exist; the answer's signature tells the closest encloser.
void Lookup::deny_expanded(const Node& wildcard) {
  if (!tree_.has_nsec3()) return nsec(tree_.at_or_before(question_.name));
  const unsigned encloser_labels = tree_.owner(wildcard).label_count() - 1;
  nsec3(tree_.covering(tree_.hashing().hash(question_.name.suffix(encloser_labels + 1))));
}

void Lookup::deny_name(bool is_empty_non_terminal) {
  if (tree_.has_nsec3()) {
    if (is_empty_non_terminal) {
      if (const ZoneTree::Hashed* match = tree_.hashed(tree_.hashing().hash(question_.name))) return nsec3(match);
      prove_closest_encloser(question_.name);
      return;
    }
    NameView wildcard;
    if (asterisk(prove_closest_encloser(question_.name), wildcard)) {
      nsec3(tree_.covering(tree_.hashing().hash(wildcard)));
    }
    return;
  }
  const Node* deny = tree_.at_or_before(question_.name);
  if (!deny) return;
  nsec(deny);
  if (is_empty_non_terminal) return;
  NameView encloser = question_.name;
  while (!encloser.equals(tree_.origin()) && !encloser.is_root() && !tree_.find(encloser)) encloser = encloser.parent();
  NameView wildcard;
  if (!tree_.find(encloser) || !asterisk(encloser, wildcard)) return;
  nsec(tree_.at_or_before(wildcard));
}

}  // namespace portolan::zones
