// Finding the zones in the folder, and answering from them.
#include "plugins/auto/auto.h"

#include <algorithm>

#include "base/log.h"
#include "server/setup.h"
#include "zones/transfer.h"

namespace portolan::auto_zones {

using server::Outcome;
using server::Query;

AutoZones::AutoZones(Options options, const server::Block& block, Loop& background)
    : options_(std::move(options)), block_(block), background_(background) {}

bool AutoZones::may_ask(dns::NameView lower) const {
  return std::any_of(options_.zones.begin(), options_.zones.end(),
                     [lower](const dns::Name& zone) { return lower.is_under(zone); });
}

// Inside a ReadGuard. `origin` becomes the zone's name as a suffix of `lower`.
const FileZone* AutoZones::find(dns::NameView lower, dns::NameView& origin) const {
  const Zones* zones = published_.read();
  if (!zones || zones->empty()) return nullptr;
  for (origin = lower;; origin = origin.parent()) {
    if (const auto found = zones->find(origin); found != zones->end()) return found->second.get();
    if (origin.is_root()) return nullptr;
  }
}

const zones::ZoneTree* AutoZones::tree(dns::NameView origin) const {
  const Zones* zones = published_.read();
  if (!zones) return nullptr;
  const auto found = zones->find(origin);
  return found == zones->end() ? nullptr : found->second->tree();
}

Task<Outcome> AutoZones::serve(Query& query, server::Next next) {
  const dns::NameView lower = query.question.lower;
  if (!may_ask(lower)) return next(query);
  const bool zone_itself = query.question.type == dns::RRType::axfr || query.question.type == dns::RRType::ixfr ||
                           query.header.opcode == dns::Opcode::notify;
  dns::NameView origin;
  ZoneFinding finding;
  bool known = false;
  {
    const rcu::ReadGuard guard;
    const FileZone* zone = find(lower, origin);
    known = zone != nullptr;
    if (known && !zone_itself) finding = find_in(*zone->tree(), query);
  }
  if (!known) return no_zone(query, next);
  if (query.header.opcode == dns::Opcode::notify) return drop_notify(query, "auto", origin);
  if (zone_itself) return query.fail(dns::Rcode::refused);
  static const Fallthrough kNone;
  return finish_zone(query, finding, origin, *this, kNone, next);
}

dns::NameView AutoZones::zone_label(dns::NameView lower) const {
  dns::NameView origin;
  const rcu::ReadGuard guard;
  return find(lower, origin) ? origin : dns::NameView();
}

Result<std::unique_ptr<server::RecordStream>> AutoZones::transfer(dns::NameView name, uint32_t serial) {
  std::shared_ptr<const zones::ZoneTree> tree;
  {
    const rcu::ReadGuard guard;
    const Zones* zones = published_.read();
    if (!zones) return std::unique_ptr<server::RecordStream>();
    const auto found = zones->find(name);
    if (found == zones->end()) return std::unique_ptr<server::RecordStream>();
    tree = found->second->share();
  }
  return zones::transfer(std::move(tree), serial);
}

Result<void> AutoZones::prepare() {
  notifier_ = dynamic_cast<server::Notifier*>(block_.other("transfer"));
  keeper_ = dynamic_cast<VersionKeeper*>(block_.other("transfer"));
  look();
  if (options_.reload.count() == 0) return {};
  timer_.emplace(background_);
  look_later();
  return {};
}

void AutoZones::serving() {
  for (const auto& [origin, zone] : zones_) tell(*zone);
}

void AutoZones::look_later() {
  timer_->start(options_.reload, [this] {
    for (const dns::Name& changed : look()) tell(*zones_.find(changed)->second);
    look_later();
  });
}

// Takes over what the folder holds; returns the zones that are new or have changed.
std::vector<dns::Name> AutoZones::look() {
  if (options_.folder.empty()) return {};
  Scan found = scan(options_.folder, options_.pattern);
  std::set<std::string> complaints(std::make_move_iterator(found.complaints.begin()),
                                   std::make_move_iterator(found.complaints.end()));
  std::vector<dns::Name> changed;
  std::set<const FileZone*> seen;
  bool other_zones = false;
  for (const ZoneFile& file : found.files) {
    const auto known = zones_.find(file.origin);
    if (known != zones_.end()) {
      seen.insert(known->second.get());
      known->second->set_path(file.path);
      if (known->second->look(false)) changed.push_back(file.origin);
    } else if (insert(file, complaints)) {
      seen.insert(zones_.find(file.origin)->second.get());
      changed.push_back(file.origin);
      other_zones = true;
    }
  }
  if (found.complete && remove_unseen(seen)) other_zones = true;
  if (other_zones) publish();
  for (const std::string& each : complaints) {
    if (!complaints_.contains(each)) log::warning("plugin/auto: " + each);
  }
  complaints_ = std::move(complaints);
  return changed;
}

bool AutoZones::insert(const ZoneFile& file, std::set<std::string>& complaints) {
  auto zone = std::make_shared<FileZone>("auto", file.origin, file.path);
  if (options_.zonemd) zone->check_digests();
  if (const auto loaded = zone->load(); loaded.has_error()) {
    complaints.insert(zone->open_failed() ? "Opening " + file.path + " failed: " + loaded.error().message
                                          : "Parse zone `" + file.origin.text() + "': " + loaded.error().message);
    return false;
  }
  for (const std::string& warning : zone->warnings()) log::warning("plugin/auto: " + warning);
  log::info("plugin/auto: Inserting zone `" + file.origin.text() + "' from: " + file.path);
  zones_.emplace(file.origin, std::move(zone));
  return true;
}

bool AutoZones::remove_unseen(const std::set<const FileZone*>& seen) {
  const size_t removed = std::erase_if(zones_, [&](const auto& each) {
    if (seen.contains(each.second.get())) return false;
    log::info("plugin/auto: Deleting zone `" + each.first.text() + "'");
    if (keeper_) keeper_->forget(each.first);
    return true;
  });
  return removed > 0;
}

void AutoZones::publish() { published_.replace(new Zones(zones_.begin(), zones_.end())); }

// Of a version that is served from now on.
void AutoZones::tell(const FileZone& zone) const {
  if (keeper_) keeper_->keep(zone.current());
  if (notifier_) notifier_->notify(zone.origin());
}

}  // namespace portolan::auto_zones
