// The way of a query: the zone's own names first, then services; names from elsewhere are asked of the server.
#include "plugins/k8s_external/k8s_external.h"

#include <algorithm>

#include "dns/rdata.h"
#include "plugins/common/arena_copy.h"

namespace portolan::k8s_external {

using dns::NameView;
using dns::Rcode;
using dns::Record;
using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

// Names can lead back here. With these limits a circle of load balancers ends after some thousand look-ups instead of
// growing with each turn, and an answer holds no more than a message can.
constexpr size_t kMostTargets = 16;
constexpr size_t kMostTargetsWithin = 2;  // when the question itself is such a look-up
constexpr size_t kMostRecords = 4096;

size_t most_targets(const Query& query) { return query.depth() == 0 ? kMostTargets : kMostTargetsWithin; }

using Records = ArenaVector<Record>;

void append(std::span<const Record> from, Records& to) {
  for (const Record& record : from) {
    if (to.size() < kMostRecords) to.push_back(record);
  }
}

void append_copies(std::span<const Record> from, Arena& arena, Records& to) {
  for (const Record& record : from) {
    if (to.size() >= kMostRecords) return;
    to.push_back(record_copy(record, arena));
  }
}

}  // namespace

Result<void> K8sExternal::prepare() {
  services_ = kubernetes::ExternalNames::of(block_.other("kubernetes"));
  if (!services_) return fail("plugin/k8s_external: kubernetes plugin not loaded");
  return {};
}

Task<Outcome> K8sExternal::serve(Query& query, server::Next next) {
  const NameView lower = query.question.lower;
  const Zone* const zone = zone_of(lower);
  if (!zone) return next(query);
  auto& reply = query.reply();
  if (lower.size() == zone->name.view().size()) return answer_apex(query, *zone);
  if (lower.is_under(zone->apex)) return answer_under_apex(query, *zone);

  const RRType type = query.question.type;
  const kubernetes::ExternalQuestion question{
      query.question.name, lower, type, zone->name, options_.zones.front().name, options_.headless, options_.ttl};
  const kubernetes::ExternalAnswer found = services_->find(question, query.arena());
  if (!found.exists && options_.fallthrough.through(lower)) return next(query);
  reply.header.aa = true;
  append(found.answer, reply.answer);
  append(found.additional, reply.additional);
  if (!found.aliases.empty()) {
    return type == RRType::srv ? complete_services(query, found.aliases) : follow(query, found.aliases);
  }
  // What is not known yet does not count as missing.
  const Rcode missing = found.synced ? Rcode::nxdomain : Rcode::servfail;
  return finish(query, *zone, found.exists ? Rcode::noerror : missing);
}

const Zone* K8sExternal::zone_of(NameView lower) const {
  const Zone* longest = nullptr;
  for (const Zone& zone : options_.zones) {
    if (!lower.is_under(zone.name)) continue;
    if (!longest || zone.name.view().size() > longest->name.view().size()) longest = &zone;
  }
  return longest;
}

Outcome K8sExternal::answer_apex(Query& query, const Zone& zone) const {
  auto& reply = query.reply();
  Arena& arena = query.arena();
  if (query.question.type == RRType::soa) {
    reply.answer.push_back(soa(zone, services_->serial(), arena));
  } else if (query.question.type == RRType::ns) {
    const NameView server = name_copy(zone.name_server, arena);
    reply.answer.push_back({name_copy(zone.name, arena), RRType::ns, dns::RRClass::in, options_.ttl, server.wire()});
    services_->add_server_addresses(server, options_.headless, options_.ttl, arena, reply.additional);
  }
  return finish(query, zone, Rcode::noerror);
}

// The name server's name, and the empty one above it.
Outcome K8sExternal::answer_under_apex(Query& query, const Zone& zone) const {
  const NameView lower = query.question.lower;
  const RRType type = query.question.type;
  if (lower.equals(zone.apex)) return finish(query, zone, Rcode::noerror);
  if (!lower.equals(zone.name_server)) return finish(query, zone, Rcode::nxdomain);
  if (type == RRType::a || type == RRType::aaaa) {
    Records addresses(query.arena());
    services_->add_server_addresses(query.question.name, options_.headless, options_.ttl, query.arena(), addresses);
    for (const Record& record : addresses) {
      if (record.type == type) query.reply().answer.push_back(record);
    }
  }
  return finish(query, zone, Rcode::noerror);
}

// An alias that comes again, for another port, brings the same records again.
Task<Outcome> K8sExternal::follow(Query& query, std::span<const NameView> aliases) const {
  auto& answer = query.reply().answer;
  Arena& arena = query.arena();
  const size_t most = most_targets(query);
  struct Behind {
    NameView name;
    std::span<const Record> records;
  };
  ArenaVector<Behind> known(arena);
  for (size_t i = 0; i < aliases.size() && answer.size() < kMostRecords; ++i) {
    const NameView alias = aliases[i];
    answer.push_back({query.question.name, RRType::cname, dns::RRClass::in, services_->ttl(), alias.wire()});
    size_t at = 0;
    while (at < known.size() && !known[at].name.identical(alias)) ++at;
    if (at == known.size()) {
      if (known.size() == most) continue;
      Task<server::Lookup> asking = query.lookup(alias, query.question.type);
      const server::Lookup elsewhere = co_await asking;
      Records records(arena);
      if (elsewhere.query) {
        const server::Reply& reply = elsewhere.query->reply();
        append_copies(reply.answer, arena, records);
        query.reply().header.tc |= reply.header.tc;
      }
      known.push_back({alias, records});
    }
    append(known[at].records, answer);
  }
  co_return query.answer();
}

// SRV records are there; the addresses of those targets that are names from elsewhere are added.
Task<Outcome> K8sExternal::complete_services(Query& query, std::span<const NameView> aliases) const {
  auto& additional = query.reply().additional;
  const size_t most = std::min(aliases.size(), most_targets(query));
  for (size_t i = 0; i < 2 * most; ++i) {
    Task<server::Lookup> asking = query.lookup(aliases[i / 2], i % 2 == 0 ? RRType::a : RRType::aaaa);
    const server::Lookup elsewhere = co_await asking;
    if (elsewhere.query) append_copies(elsewhere.query->reply().answer, query.arena(), additional);
  }
  co_return query.answer();
}

Outcome K8sExternal::finish(Query& query, const Zone& zone, Rcode rcode) const {
  auto& reply = query.reply();
  reply.header.aa = true;
  if (reply.answer.empty()) reply.authority.push_back(soa(zone, services_->serial(), query.arena()));
  return query.answer(rcode);
}

Record K8sExternal::soa(const Zone& zone, uint32_t serial, Arena& arena) const {
  dns::Soa soa;
  soa.mname = zone.name_server;
  soa.rname = zone.mailbox;
  soa.serial = serial;
  soa.refresh = 7200;
  soa.retry = 1800;
  soa.expire = 86400;
  soa.minimum = options_.ttl;
  const NameView owner = name_copy(zone.name, arena);
  return {owner, RRType::soa, dns::RRClass::in, options_.ttl, dns::soa_rdata(soa, arena)};
}

}  // namespace portolan::k8s_external
