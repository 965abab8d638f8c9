// Answering from the zones, and NOTIFY.
#include "plugins/secondary/secondary.h"

#include <unistd.h>

#include "base/error_text.h"
#include "server/setup.h"
#include "zones/transfer.h"

namespace portolan::secondary {

using server::Outcome;
using server::Query;

namespace {

constexpr dns::Ede kNotLoaded{dns::EdeCode::not_ready, "the zone has not been transferred"};
constexpr dns::Ede kExpired{dns::EdeCode::invalid_data, "the zone has expired"};  // RFC 8914 section 4.25

}  // namespace

Secondary::Secondary(const Options& options, const server::Block& block,
                     const SecondaryZone::Surroundings& surroundings)
    : fallthrough_(options.fallthrough), block_(block), catalogs_(options.catalogs, surroundings, options.kept) {
  for (const Options::Zone& each : options.zones) {
    zones_.emplace(each.origin, std::make_shared<SecondaryZone>(each.origin, each.source, surroundings));
  }
  publish();
}

// Inside a ReadGuard. `origin` becomes the zone's name as a suffix of `lower`.
SecondaryZone* Secondary::find(dns::NameView lower, dns::NameView& origin) const {
  const Zones& zones = *published_.read();
  for (origin = lower;; origin = origin.parent()) {
    if (const auto found = zones.find(origin); found != zones.end()) return found->second.get();
    if (origin.is_root()) return nullptr;
  }
}

const zones::ZoneTree* Secondary::tree(dns::NameView origin) const {
  const Zones& zones = *published_.read();
  const auto found = zones.find(origin);
  return found == zones.end() ? nullptr : found->second->tree();
}

Task<Outcome> Secondary::serve(Query& query, server::Next next) {
  enum class Step : uint8_t { no_zone, notified, dropped, not_loaded, expired, found };
  const bool is_notify = query.header.opcode == dns::Opcode::notify;
  const bool is_transfer = query.question.type == dns::RRType::axfr || query.question.type == dns::RRType::ixfr;
  Step step = Step::no_zone;
  dns::NameView origin;
  ZoneFinding finding;
  {
    const rcu::ReadGuard guard;
    SecondaryZone* zone = find(query.question.lower, origin);
    if (zone && is_notify) {
      // RFC 1996 section 3.10: from somebody else it is ignored.
      step = zone->is_primary(query.client.ip) ? Step::notified : Step::dropped;
      if (step == Step::notified) zone->notified(query.client.ip);
    } else if (zone) {
      const zones::ZoneTree* tree = zone->tree();
      step = tree ? Step::found : zone->expired() ? Step::expired : Step::not_loaded;
      if (tree && !is_transfer) finding = find_in(*tree, query);
    }
  }
  if (step == Step::no_zone) return no_zone(query, next);
  if (is_transfer) return query.fail(dns::Rcode::refused);
  switch (step) {
    case Step::notified:
      query.reply().header.aa = true;
      return query.answer();
    case Step::dropped:
      return drop_notify(query, "secondary", origin);
    case Step::not_loaded:
      return query.fail(dns::Rcode::servfail).because(kNotLoaded);
    case Step::expired:
      return query.fail(dns::Rcode::servfail).because(kExpired);
    default:
      return finish_zone(query, finding, origin, *this, fallthrough_, next);
  }
}

Result<std::unique_ptr<server::RecordStream>> Secondary::transfer(dns::NameView name, uint32_t serial) {
  std::shared_ptr<const zones::ZoneTree> tree;
  bool expired = false;
  {
    const rcu::ReadGuard guard;
    const Zones& zones = *published_.read();
    const auto found = zones.find(name);
    if (found == zones.end()) return std::unique_ptr<server::RecordStream>();
    tree = found->second->share();
    expired = found->second->expired();
  }
  if (!tree) {
    return fail("plugin/secondary: zone " + name.text() + (expired ? " has expired" : " has not been transferred yet"));
  }
  return zones::transfer(std::move(tree), serial);
}

void Secondary::adopt(const std::shared_ptr<server::Handler>& previous) {
  const auto* before = dynamic_cast<const Secondary*>(previous.get());
  if (!before) return;
  for (auto& [origin, zone] : zones_) {
    const auto found = before->zones_.find(origin);
    if (found == before->zones_.end()) continue;
    if (found->second->source() == zone->source()) {
      zone = found->second;
    } else {
      zone->inherit(*found->second);
    }
  }
  catalogs_.adopt(before->catalogs_.members());
  publish();
}

Result<void> Secondary::prepare() {
  notifier_ = dynamic_cast<server::Notifier*>(block_.other("transfer"));
  keeper_ = dynamic_cast<VersionKeeper*>(block_.other("transfer"));
  for (const auto& [origin, zone] : zones_) {
    const std::string& folder = zone->source().store;
    if (!folder.empty() && access(folder.c_str(), W_OK | X_OK) != 0) {
      return fail("plugin/secondary: store " + folder + ": " + error_text(errno) +
                  ", expected a folder that can be written");
    }
    zone->read_copy();
  }
  for (const auto& [origin, zone] : zones_) {
    if (catalogs_.has(origin)) apply_catalog(*zone);
  }
  return {};
}

void Secondary::serving() {
  serving_ = true;
  catalogs_.adopt({});
  for (const auto& [origin, zone] : zones_) start(*zone);
  for (const auto& [origin, member] : catalogs_.members()) start(*member.zone);
}

void Secondary::start(SecondaryZone& zone) {
  const bool has_version = zone.tree() != nullptr;  // only this thread replaces it
  SecondaryZone::Owner owner;
  if (catalogs_.has(zone.origin())) {
    owner.accepts = [](const zones::ZoneTree& tree) -> Result<void> {
      const auto read = zones::read_catalog(tree);
      if (read.has_error()) return read.error();
      return {};
    };
    owner.changed = [this, &zone] {
      apply_catalog(zone);
      tell(zone);
    };
  } else {
    owner.changed = [this, &zone] { tell(zone); };
  }
  zone.start(this, std::move(owner));
  if (has_version) tell(zone);
}

// Called by the catalog's own zone, which is never a member.
void Secondary::apply_catalog(const SecondaryZone& catalog) {
  const zones::ZoneTree* tree = catalog.tree();
  if (!tree) return;
  const Catalogs::Change change = catalogs_.apply(catalog, *tree, zones_);
  if (change.empty()) return;
  publish();
  for (const auto& zone : change.removed) {
    zone->stop(this);
    if (keeper_ && !catalogs_.members().contains(zone->origin())) keeper_->forget(zone->origin());
  }
  for (const auto& zone : change.added) {
    zone->read_copy();
    if (serving_) start(*zone);
  }
}

void Secondary::publish() {
  auto all = std::make_unique<Zones>(zones_);
  for (const auto& [origin, member] : catalogs_.members()) all->emplace(origin, member.zone);
  published_.replace(all.release());
}

// Of a version that is served from now on.
void Secondary::tell(const SecondaryZone& zone) const {
  std::shared_ptr<const zones::ZoneTree> tree;
  {
    const rcu::ReadGuard guard;
    tree = zone.share();
  }
  if (keeper_ && tree) keeper_->keep(tree);
  if (notifier_) notifier_->notify(zone.origin());
}

void Secondary::stop(server::Deadline) noexcept {
  serving_ = false;
  for (const auto& [origin, zone] : zones_) zone->stop(this);
  for (const auto& [origin, member] : catalogs_.members()) member.zone->stop(this);
}

}  // namespace portolan::secondary
