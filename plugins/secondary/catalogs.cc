// Comparing a catalog with what it said before.
#include "plugins/secondary/catalogs.h"

#include <algorithm>
#include <unordered_set>

#include "base/log.h"

namespace portolan::secondary {
namespace {

const zones::CatalogMember* member_of(const zones::Catalog& catalog, const dns::Name& zone) {
  const auto found = std::find_if(catalog.begin(), catalog.end(), [&](const auto& each) { return each.zone == zone; });
  return found == catalog.end() ? nullptr : &*found;
}

void info(const std::string& text) { log::info("plugin/secondary: " + text); }
void warning(const std::string& text) { log::warning("plugin/secondary: " + text); }

}  // namespace

const Catalogs::Rule* Catalogs::rule_of(dns::NameView origin) const {
  const auto found =
      std::find_if(rules_.begin(), rules_.end(), [&](const Rule& each) { return each.origin.view().equals(origin); });
  return found == rules_.end() ? nullptr : &*found;
}

Catalogs::Change Catalogs::apply(const SecondaryZone& catalog, const zones::ZoneTree& tree, const Zones& fixed) {
  Change change;
  auto read = zones::read_catalog(tree);
  if (read.has_error()) {
    warning(read.error().message);
    return change;
  }
  const Rule& rule = *rule_of(catalog.origin());
  const std::string origin = catalog.origin().text();
  std::unordered_set<dns::Name, dns::NameHash, dns::NameEqual> listed;
  size_t outside = 0;
  for (const zones::CatalogMember& member : *read) {
    const bool allowed =
        rule.allowed.empty() || std::any_of(rule.allowed.begin(), rule.allowed.end(),
                                            [&](const dns::Name& each) { return member.zone.view().is_under(each); });
    if (!allowed) {
      ++outside;
      continue;
    }
    listed.insert(member.zone);
    const auto known = members_.find(member.zone);
    if (fixed.contains(member.zone)) {
      warning("Skipping catalog member zone " + member.zone.text() + " from " + origin + ": zone already exists");
    } else if (known != members_.end()) {
      take_over(catalog, member, known->second, change);
    } else {
      add(catalog, member, nullptr, change);
      info("Added catalog member zone " + member.zone.text() + " from catalog " + origin);
    }
  }
  for (auto each = members_.begin(); each != members_.end();) {
    const auto member = each++;
    if (!(member->second.catalog == catalog.origin()) || listed.contains(member->first)) continue;
    info("Removed catalog member zone " + member->first.text() + " from catalog " + origin);
    remove(member, true, change);
  }
  if (outside > 0) {
    warning("Skipped " + std::to_string(outside) + " member zones from catalog " + origin +
            ": outside configured member zones");
  }
  info("Parsed catalog zone " + origin + " with " + std::to_string(read->size()) + " member zones");
  catalogs_[catalog.origin()] = std::move(*read);
  return change;
}

// A member that is there already: the same, with another id (section 5.4), or another catalog's (section 4.3.1).
void Catalogs::take_over(const SecondaryZone& catalog, const zones::CatalogMember& member, Member& known,
                         Change& change) {
  const std::string zone = member.zone.text(), to = catalog.origin().text(), from = known.catalog.text();
  const bool same_id = known.id == member.id;
  if (known.catalog == catalog.origin()) {
    if (same_id) return;
    info("Reset catalog member zone " + zone + " from " + to + " after member ID changed from " + known.id + " to " +
         member.id);
  } else {
    const auto theirs = catalogs_.find(known.catalog);
    const zones::CatalogMember* source = theirs == catalogs_.end() ? nullptr : member_of(theirs->second, member.zone);
    if (!source || !source->new_owner || !(*source->new_owner == catalog.origin())) {
      return warning("Skipping catalog member zone " + zone + " from " + to + ": zone already exists");
    }
    info("Migrated catalog member zone " + zone + " from catalog " + from + " to " + to +
         (same_id ? ", keeping its state" : ", anew: its ID has changed from " + known.id + " to " + member.id));
  }
  const std::shared_ptr<SecondaryZone> old = known.zone;
  remove(members_.find(member.zone), !same_id, change);
  add(catalog, member, same_id ? old.get() : nullptr, change);
}

void Catalogs::add(const SecondaryZone& catalog, const zones::CatalogMember& member, const SecondaryZone* state,
                   Change& change) {
  SecondaryZone::Source source = catalog.source();
  if (!source.store.empty() && !kept_->insert(ZoneStore(source.store).path(member.zone)).second) {
    warning("No copy of " + member.zone.text() + " is kept: another server block keeps it in " + source.store);
    source.store.clear();
  }
  auto zone = std::make_shared<SecondaryZone>(member.zone, std::move(source), around_);
  const auto before = before_.find(member.zone);
  if (state) {
    zone->inherit(*state);
  } else if (before != before_.end() && before->second.id == member.id && before->second.catalog == catalog.origin()) {
    if (before->second.zone->source() == zone->source()) {
      zone = before->second.zone;
    } else {
      zone->inherit(*before->second.zone);
    }
  }
  change.added.push_back(zone);
  members_.insert_or_assign(member.zone, Member{catalog.origin(), member.id, std::move(zone)});
}

void Catalogs::remove(Members::iterator member, bool for_good, Change& change) {
  const SecondaryZone& zone = *member->second.zone;
  if (!zone.source().store.empty()) kept_->erase(ZoneStore(zone.source().store).path(zone.origin()));
  if (for_good) zone.forget_copy();
  change.removed.push_back(member->second.zone);
  members_.erase(member);
}

}  // namespace portolan::secondary
