// The zones that catalogs list (RFC 9432): which there are, whose they are, and what a new version of a catalog
// changes.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/secondary/zone.h"
#include "zones/catalog.h"

namespace portolan::secondary {

using Zones = std::unordered_map<dns::Name, std::shared_ptr<SecondaryZone>, dns::NameHash, dns::NameEqual>;

/// Files of copies of a configuration, so that two zones do not write one.
using KeptFiles = std::set<std::string>;

/// Used by the main thread.
class Catalogs {
 public:
  /// A zone that is a catalog, and the zones that its members may be or lie under; without any, every member is taken.
  struct Rule {
    dns::Name origin;
    std::vector<dns::Name> allowed;
  };
  struct Member {
    dns::Name catalog;
    std::string id;
    std::shared_ptr<SecondaryZone> zone;
  };
  /// What a version of a catalog has changed. A zone whose state is not kept is in both lists, as two objects.
  struct Change {
    std::vector<std::shared_ptr<SecondaryZone>> added, removed;
    bool empty() const { return added.empty() && removed.empty(); }
  };
  using Members = std::unordered_map<dns::Name, Member, dns::NameHash, dns::NameEqual>;

  Catalogs(std::vector<Rule> rules, SecondaryZone::Surroundings surroundings, std::shared_ptr<KeptFiles> kept)
      : rules_(std::move(rules)), around_(std::move(surroundings)), kept_(std::move(kept)) {}

  bool has(dns::NameView origin) const { return rule_of(origin) != nullptr; }
  const Members& members() const { return members_; }
  /// The members that a configuration before this one has, as a source of what they hold; none: no longer.
  void adopt(Members before) { before_ = std::move(before); }

  /// Makes the members what `tree`, the version of `catalog` that is there, says. A zone of the Corefile is none's
  /// member
  /// (`fixed`), and one of another catalog only changes hands as that one wants it (section 4.3.1).
  Change apply(const SecondaryZone& catalog, const zones::ZoneTree& tree, const Zones& fixed);

 private:
  const Rule* rule_of(dns::NameView origin) const;
  void add(const SecondaryZone& catalog, const zones::CatalogMember& member, const SecondaryZone* state,
           Change& change);
  void take_over(const SecondaryZone& catalog, const zones::CatalogMember& member, Member& known, Change& change);
  void remove(Members::iterator member, bool for_good, Change& change);

  const std::vector<Rule> rules_;
  const SecondaryZone::Surroundings around_;
  const std::shared_ptr<KeptFiles> kept_;
  Members members_, before_;
  std::unordered_map<dns::Name, zones::Catalog, dns::NameHash, dns::NameEqual> catalogs_;  // as they were last applied
};

}  // namespace portolan::secondary
