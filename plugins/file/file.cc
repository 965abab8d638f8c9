// Answering from zones, with aliases that lead out of them.
#include "plugins/file/file.h"

#include "base/log.h"
#include "plugins/common/go_duration.h"
#include "server/setup.h"
#include "zones/transfer.h"

namespace portolan::zone_file {

using server::Outcome;
using server::Query;

namespace {

constexpr dns::Ede kNotLoaded{dns::EdeCode::not_ready, "the zone has not been loaded"};

}  // namespace

File::File(Options options, const server::Block& block, Loop& background)
    : options_(std::move(options)), block_(block), background_(background) {
  for (const Options::Zone& each : options_.zones) by_name_[each.zone->origin()] = each.zone.get();
}

const FileZone* File::zone_of(dns::NameView lower) const {
  for (;; lower = lower.parent()) {
    if (const auto found = by_name_.find(lower); found != by_name_.end()) return found->second;
    if (lower.is_root()) return nullptr;
  }
}

const zones::ZoneTree* File::tree(dns::NameView origin) const {
  const auto found = by_name_.find(origin);
  return found == by_name_.end() ? nullptr : found->second->tree();
}

Task<Outcome> File::serve(Query& query, server::Next next) {
  const FileZone* zone = zone_of(query.question.lower);
  if (!zone) return no_zone(query, next);
  if (query.question.type == dns::RRType::axfr || query.question.type == dns::RRType::ixfr) {
    return query.fail(dns::Rcode::refused);
  }
  // NOTIFY is for secondaries; for a primary's zone nobody is told anything (as CoreDNS).
  if (query.header.opcode == dns::Opcode::notify) return drop_notify(query, "file", zone->origin());
  ZoneFinding finding;
  {
    const rcu::ReadGuard guard;
    const zones::ZoneTree* tree = zone->tree();
    if (!tree) return query.fail(dns::Rcode::servfail).because(kNotLoaded);
    finding = find_in(*tree, query);
  }
  return finish_zone(query, finding, zone->origin(), *this, options_.fallthrough, next);
}

Result<std::unique_ptr<server::RecordStream>> File::transfer(dns::NameView name, uint32_t serial) {
  using Stream = std::unique_ptr<server::RecordStream>;
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return Stream();
  std::shared_ptr<const zones::ZoneTree> tree;
  {
    const rcu::ReadGuard guard;
    tree = found->second->share();
  }
  if (!tree) return fail("plugin/file: zone " + name.text() + " has not been read yet");
  return zones::transfer(std::move(tree), serial);
}

Result<void> File::prepare() {
  notifier_ = dynamic_cast<server::Notifier*>(block_.other("transfer"));
  keeper_ = dynamic_cast<VersionKeeper*>(block_.other("transfer"));
  for (Options::Zone& each : options_.zones) {
    if (each.open_error.empty()) continue;
    if (reloading_) return fail("plugin/file: " + each.open_error);
    log::warning("plugin/file: Failed to open \"" + each.open_error + "\": trying again in " +
                 go_duration(each.reload));
  }
  for (Options::Zone& each : options_.zones) {
    for (const std::string& warning : each.zone->warnings()) log::warning("plugin/file: " + warning);
    if (each.reload.count() == 0) continue;
    watch(each, timers_.emplace_back(background_));
  }
  return {};
}

void File::watch(const Options::Zone& each, Timer& timer) {
  timer.start(each.reload, [this, &each, &timer] {
    if (each.zone->look(each.by_mtime)) tell(*each.zone);
    watch(each, timer);
  });
}

void File::serving() {
  for (const Options::Zone& each : options_.zones) {
    if (each.zone->tree()) tell(*each.zone);  // only this thread replaces the tree
  }
}

// Of a version that is served from now on.
void File::tell(const FileZone& zone) const {
  if (keeper_) keeper_->keep(zone.current());
  if (notifier_) notifier_->notify(zone.origin());
}

void File::stop(server::Deadline) noexcept { timers_.clear(); }

}  // namespace portolan::zone_file
