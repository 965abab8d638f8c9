// Answering from the zones, and NOTIFY.
#include "plugins/secondary/secondary.h"

#include <unistd.h>

#include "server/listen/socket.h"
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
    : fallthrough_(options.fallthrough), kept_(options.kept), block_(block) {
  for (const Options::Zone& each : options.zones) {
    zones_.emplace(each.origin, std::make_shared<SecondaryZone>(each.origin, each.source, surroundings));
  }
}

SecondaryZone* Secondary::zone_of(dns::NameView lower) const {
  for (;; lower = lower.parent()) {
    if (const auto found = zones_.find(lower); found != zones_.end()) return found->second.get();
    if (lower.is_root()) return nullptr;
  }
}

const zones::ZoneTree* Secondary::tree(dns::NameView origin) const {
  const auto found = zones_.find(origin);
  return found == zones_.end() ? nullptr : found->second->tree();
}

Task<Outcome> Secondary::serve(Query& query, server::Next next) {
  SecondaryZone* zone = zone_of(query.question.lower);
  if (!zone) return no_zone(query, next);
  if (query.question.type == dns::RRType::axfr || query.question.type == dns::RRType::ixfr) {
    return query.fail(dns::Rcode::refused);
  }
  if (query.header.opcode == dns::Opcode::notify) {
    // RFC 1996 section 3.10: from somebody else it is ignored.
    if (!zone->is_primary(query.client.ip)) return drop_notify(query, "secondary", zone->origin());
    zone->notified(query.client.ip);
    query.reply().header.aa = true;
    return query.answer();
  }
  ZoneFinding finding;
  {
    const rcu::ReadGuard guard;
    const zones::ZoneTree* tree = zone->tree();
    if (!tree) return query.fail(dns::Rcode::servfail).because(zone->expired() ? kExpired : kNotLoaded);
    finding = find_in(*tree, query);
  }
  return finish_zone(query, finding, zone->origin(), *this, fallthrough_, next);
}

Result<std::unique_ptr<server::RecordStream>> Secondary::transfer(dns::NameView name, uint32_t serial) {
  const auto found = zones_.find(name);
  if (found == zones_.end()) return std::unique_ptr<server::RecordStream>();
  std::shared_ptr<const zones::ZoneTree> tree;
  {
    const rcu::ReadGuard guard;
    tree = found->second->share();
  }
  if (!tree) {
    return fail("plugin/secondary: zone " + name.text() +
                (found->second->expired() ? " has expired" : " has not been transferred yet"));
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
}

Result<void> Secondary::prepare() {
  notifier_ = dynamic_cast<server::Notifier*>(block_.other("transfer"));
  for (const auto& [origin, zone] : zones_) {
    const std::string& folder = zone->source().store;
    if (!folder.empty() && access(folder.c_str(), W_OK | X_OK) != 0) {
      return fail("plugin/secondary: store " + folder + ": " + server::error_text(errno) +
                  ", expected a folder that can be written");
    }
    zone->read_copy();
  }
  return {};
}

void Secondary::serving() {
  for (const auto& [origin, zone] : zones_) {
    const bool has_version = zone->tree() != nullptr;  // only this thread replaces it
    zone->start(this, [this](const SecondaryZone& changed) {
      if (notifier_) notifier_->notify(changed.origin());
    });
    if (has_version && notifier_) notifier_->notify(origin);
  }
}

void Secondary::stop(server::Deadline) noexcept {
  for (const auto& [origin, zone] : zones_) zone->stop(this);
}

}  // namespace portolan::secondary
