// From a tree's finding to the reply.
#include "plugins/common/zone_answer.h"

#include <algorithm>

#include "base/log.h"
#include "base/rcu.h"
#include "dns/rdata.h"

namespace portolan {

using server::Outcome;
using server::Query;
using zones::Status;

namespace {

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

bool same(const dns::Record& a, const dns::Record& b) {
  return a.type == b.type && a.owner.equals(b.owner) && std::ranges::equal(a.rdata, b.rdata);
}

// What proves that the target, or a name that a wildcard stands for, does not exist. One record may prove both.
void copy_denials(const server::Reply& from, Query& query) {
  for (dns::Record record : from.authority) {
    const dns::RRType proof = record.type == dns::RRType::rrsig ? dns::signed_type(record) : record.type;
    if (proof != dns::RRType::nsec && proof != dns::RRType::nsec3) continue;
    const auto& there = query.reply().authority;
    if (std::any_of(there.begin(), there.end(), [&](const dns::Record& each) { return same(each, record); })) continue;
    record.owner = copy(record.owner, query.arena());
    record.rdata = query.arena().copy(record.rdata);
    query.reply().authority.push_back(record);
  }
}

Task<Outcome> conclude(Query& query, Status status, const Fallthrough& fallthrough, server::Next next) {
  server::Reply& reply = query.reply();
  const bool empty = reply.answer.empty();
  if (empty && (status == Status::name_error || status == Status::success) &&
      fallthrough.through(query.question.lower)) {
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
      // RFC 6604 section 3: the alias, with the target's rcode
      if (!empty) return query.answer(dns::Rcode::servfail).because(kNoTarget);
      reply.clear();
      return query.fail(dns::Rcode::servfail).because(kNoTarget);
    default:
      return query.answer();
  }
}

// The target of an alias is asked for through the whole server, since another zone or an upstream may hold it.
Task<Outcome> chase(Query& query, dns::NameView target, dns::NameView origin, const ZoneSource& zones,
                    const Fallthrough& fallthrough, server::Next next) {
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
    if (const zones::ZoneTree* tree = zones.tree(origin)) lookup_in(*tree, query).conclude(status);
  }
  Task<Outcome> concluded = conclude(query, status, fallthrough, next);
  const Outcome outcome = co_await concluded;
  co_return outcome;
}

}  // namespace

ZoneFinding find_in(const zones::ZoneTree& tree, Query& query) {
  zones::Lookup lookup = lookup_in(tree, query);
  const Status status = lookup.run();
  return {status, lookup.target()};
}

Task<Outcome> finish_zone(Query& query, const ZoneFinding& finding, dns::NameView origin, const ZoneSource& zones,
                          const Fallthrough& fallthrough, server::Next next) {
  if (finding.status == Status::outside) return chase(query, finding.target, origin, zones, fallthrough, next);
  return conclude(query, finding.status, fallthrough, next);
}

Task<Outcome> no_zone(Query& query, server::Next next) {
  if (next.at_end()) return query.fail(dns::Rcode::refused).because(kNoZone);
  return next(query);
}

Outcome drop_notify(const Query& query, std::string_view plugin, dns::NameView origin) {
  log::limited(log::Level::info, "plugin/" + std::string(plugin) + ": Dropping notify from " +
                                     query.client.ip.unmapped().text() + " for " + origin.text());
  return Outcome::dropped();
}

}  // namespace portolan
