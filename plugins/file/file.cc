// Answering from zones, with aliases that lead out of them.
#include "plugins/file/file.h"

#include "base/log.h"
#include "dns/rdata.h"
#include "plugins/common/go_duration.h"
#include "plugins/common/text_buffer.h"
#include "server/setup.h"
#include "zones/transfer.h"

namespace portolan::zone_file {

using server::Outcome;
using server::Query;
using zones::Status;

namespace {

constexpr dns::Ede kNotLoaded{dns::EdeCode::not_ready, "the zone has not been loaded"};
constexpr dns::Ede kNoZone{dns::EdeCode::not_authoritative, "the name lies in no zone of this server"};
constexpr dns::Ede kNoTarget{dns::EdeCode::other, "the target of an alias cannot be looked up"};

zones::Lookup lookup_in(const zones::ZoneTree& tree, Query& query) {
  server::Reply& reply = query.reply();
  const zones::Question question{query.question.lower, query.question.type, query.dnssec_ok()};
  return {tree, question, query.arena(), {reply.answer, reply.authority, reply.additional}};
}

dns::NameView copy(dns::NameView name, Arena& arena) {
  return {arena.copy(name.wire()).data(), static_cast<uint8_t>(name.size())};
}

// What proves that the target, or a name that a wildcard stands for, does not exist.
void copy_denials(const server::Reply& from, Query& query) {
  for (dns::Record record : from.authority) {
    const dns::RRType proof = record.type == dns::RRType::rrsig ? dns::signed_type(record) : record.type;
    if (proof != dns::RRType::nsec && proof != dns::RRType::nsec3) continue;
    record.owner = copy(record.owner, query.arena());
    record.rdata = query.arena().copy(record.rdata);
    query.reply().authority.push_back(record);
  }
}

// NOTIFY is for secondaries; for a primary's zone nobody is told anything (as CoreDNS).
Outcome drop_notify(const Query& query, const ServedZone& zone) {
  log::limited(log::Level::info, "plugin/file: Dropping notify from " + query.client.ip.unmapped().text() + " for " +
                                     zone.origin().text());
  return Outcome::dropped();
}

}  // namespace

File::File(Options options, const server::Block& block, Loop& background)
    : options_(std::move(options)), block_(block), background_(background) {
  for (const Options::Zone& each : options_.zones) by_name_[each.zone->origin()] = each.zone.get();
}

const ServedZone* File::zone_of(dns::NameView lower) const {
  for (;; lower = lower.parent()) {
    if (const auto found = by_name_.find(lower); found != by_name_.end()) return found->second;
    if (lower.is_root()) return nullptr;
  }
}

Task<Outcome> File::serve(Query& query, server::Next next) {
  const ServedZone* zone = zone_of(query.question.lower);
  if (!zone) {
    if (next.at_end()) return query.fail(dns::Rcode::refused).because(kNoZone);
    return next(query);
  }
  if (query.question.type == dns::RRType::axfr || query.question.type == dns::RRType::ixfr) {
    return query.fail(dns::Rcode::refused);
  }
  if (query.header.opcode == dns::Opcode::notify) return drop_notify(query, *zone);
  Status status = Status::server_failure;
  dns::NameView target;
  {
    const rcu::ReadGuard guard;
    const zones::ZoneTree* tree = zone->tree();
    if (!tree) return query.fail(dns::Rcode::servfail).because(kNotLoaded);
    zones::Lookup lookup = lookup_in(*tree, query);
    status = lookup.run();
    target = lookup.target();
  }
  if (status == Status::outside) return chase(query, *zone, target, next);
  return finish(query, status, next);
}

// The target of an alias is asked for through the whole server, since another zone or an upstream may hold it.
Task<Outcome> File::chase(Query& query, const ServedZone& zone, dns::NameView target, server::Next next) {
  Task<server::Lookup> asking = query.lookup(target, query.question.type);
  const server::Lookup found = co_await asking;
  Status status = Status::server_failure;
  if (found.query) {
    const server::Reply& theirs = found.query->reply();
    for (dns::Record record : theirs.answer) {
      record.owner = copy(record.owner, query.arena());
      record.rdata = query.arena().copy(record.rdata);
      query.reply().answer.push_back(record);
    }
    if (query.dnssec_ok()) copy_denials(theirs, query);
    status = zones::outside_status(theirs.rcode, !theirs.answer.empty());
  }
  {
    const rcu::ReadGuard guard;
    if (const zones::ZoneTree* tree = zone.tree()) lookup_in(*tree, query).conclude(status);
  }
  Task<Outcome> finished = finish(query, status, next);
  const Outcome outcome = co_await finished;
  co_return outcome;
}

Task<Outcome> File::finish(Query& query, Status status, server::Next next) const {
  server::Reply& reply = query.reply();
  const bool empty = reply.answer.empty();
  if (empty && (status == Status::name_error || status == Status::success) &&
      options_.fallthrough.through(query.question.lower)) {
    reply.clear();
    return next(query);
  }
  // A referral is not authoritative; behind an alias the alias is (RFC 1034 section 6.2.6).
  reply.header.aa = status != Status::delegation || !empty;
  switch (status) {
    case Status::name_error:
      return query.answer(dns::Rcode::nxdomain);
    case Status::name_too_long:
      return query.answer(dns::Rcode::yxdomain);
    case Status::server_failure:
      if (!empty)
        return query.answer(dns::Rcode::servfail)
            .because(kNoTarget);  // RFC 6604 section 3: the alias, with the target's rcode
      reply.clear();
      return query.fail(dns::Rcode::servfail).because(kNoTarget);
    default:
      return query.answer();
  }
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
  for (Options::Zone& each : options_.zones) {
    if (each.open_error.empty()) continue;
    if (reloading_) return fail("plugin/file: " + each.open_error);
    log::warning("plugin/file: Failed to open \"" + each.open_error + "\": trying again in " +
                 go_duration(each.reload));
  }
  for (Options::Zone& each : options_.zones) {
    for (const std::string& warning : each.zone->warnings()) log::warning("plugin/file: " + warning);
    if (each.reload.count() == 0) continue;
    each.zone->watch(background_, each.reload, each.by_mtime, [this, zone = each.zone.get()] { notify(*zone); });
  }
  return {};
}

void File::serving() {
  for (const Options::Zone& each : options_.zones) {
    if (each.zone->tree()) notify(*each.zone);  // only this thread replaces the tree
  }
}

void File::notify(const ServedZone& zone) const {
  if (notifier_) notifier_->notify(zone.origin());
}

void File::stop(server::Deadline) noexcept {
  for (Options::Zone& each : options_.zones) each.zone->unwatch();
}

}  // namespace portolan::zone_file
