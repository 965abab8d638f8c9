// Proofs that something is not there: NSEC (RFC 4035 section 3.1.3) as CoreDNS gives it, or NSEC3 (RFC 5155
// section 7.2) where the zone has it.
#include "dns/rdata.h"
#include "zones/lookup.h"

namespace portolan::zones {

using dns::NameView;
using dns::RRType;

namespace {

bool asterisk(NameView parent, Arena& arena, NameView& out) {
  static constexpr uint8_t kAsterisk[] = {1, '*'};
  const auto joined = dns::join(kAsterisk, parent, arena);
  if (joined.has_error()) return false;
  out = *joined;
  return true;
}

}  // namespace

void Lookup::nsec(const Node* node) {
  if (!node) return;
  if (const RRset* set = tree_.rrset(*node, RRType::nsec)) add(out_.authority, *set);
  add_signatures(out_.authority, *node, RRType::nsec);
}

void Lookup::nsec3(const ZoneTree::Hashed* hashed) {
  if (!hashed) return;
  // One record may prove two things.
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

void Lookup::deny_type(NameView name, const Node& node) {
  if (!tree_.has_nsec3()) return nsec(&node);
  if (const ZoneTree::Hashed* match = tree_.hashed(tree_.hashing().hash(name))) return nsec3(match);
  prove_closest_encloser(name);  // opted out (RFC 5155 section 7.2.4)
}

void Lookup::deny_wildcard_type(const Node& wildcard) {
  if (!tree_.has_nsec3()) return nsec(&wildcard);
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
    if (asterisk(prove_closest_encloser(question_.name), arena_, wildcard)) {
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
  if (!tree_.find(encloser) || !asterisk(encloser, arena_, wildcard)) return;
  const Node* second = tree_.at_or_before(wildcard);
  if (second && second != deny) nsec(second);
}

}  // namespace portolan::zones
