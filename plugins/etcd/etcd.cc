// The way of a query: find the zone, answer by type, then tell a name without data from one that does not exist.
#include "plugins/etcd/etcd.h"

#include "dns/rdata.h"
#include "plugins/common/arena_copy.h"
#include "plugins/etcd/answers.h"
#include "plugins/etcd/metrics.h"

namespace portolan::etcd {

using dns::NameView;
using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

constexpr uint32_t kSoaTtl = 30;
constexpr dns::Ede kNotRead{dns::EdeCode::not_ready, "etcd has not been read yet"};
constexpr dns::Ede kBroken{dns::EdeCode::other, "a value in etcd cannot be read"};

// A healthy etcd has been read long before; one that is not must not keep other zones waiting.
constexpr std::chrono::seconds kStartPatience{1};
// During a reload the old configuration answers meanwhile.
constexpr std::chrono::seconds kReloadPatience{5};

/// LABELS in front of `zone`, or `zone` where that would be too long.
NameView below(std::string_view labels, NameView zone, Arena& arena) {
  const std::span<const uint8_t> octets(reinterpret_cast<const uint8_t*>(labels.data()), labels.size());
  const auto joined = dns::join(octets, zone, arena);
  return joined ? *joined : zone;
}

}  // namespace

void Etcd::adopt(const std::shared_ptr<server::Handler>& previous) {
  if (const auto* handler = dynamic_cast<const Etcd*>(previous.get())) previous_ = handler->standing_;
}

Result<void> Etcd::prepare() {
  register_metrics();
  // Not the process's clock: a state that is being stopped may outlive it.
  const StatePtr state = State::get(options_.source, system_clock());
  state->wait_for_first(previous_ ? kReloadPatience : kStartPatience);
  if (previous_ && previous_->own() == state) {
    standing_ = std::move(previous_);
  } else {
    standing_ = Standing::begin(state, previous_ ? previous_->answering() : nullptr);
    previous_.reset();
  }
  return {};
}

void Etcd::stop(server::Deadline) noexcept { standing_.reset(); }

Task<Outcome> Etcd::serve(Query& query, server::Next next) {
  const dns::Name* longest = nullptr;
  for (const dns::Name& zone : options_.zones) {
    const bool ours = query.question.lower.is_under(zone);
    if (ours && (!longest || zone.view().size() > longest->view().size())) longest = &zone;
  }
  return longest ? answer(query, next, *longest) : next(query);
}

Task<Outcome> Etcd::answer(Query& query, server::Next next, NameView zone) {
  Answers answers(query, *standing_, options_.prefix, options_.source.bounds, zone);
  server::Reply& reply = query.reply();
  const NameView name = query.question.name;
  const NameView lower = query.question.lower;
  const RRType type = query.question.type;
  Found found = Found::services;
  if (type == RRType::a || type == RRType::aaaa || type == RRType::txt) {
    Task<Found> walking = answers.walk(name, type, &reply.answer);
    found = co_await walking;
  } else if (type == RRType::srv || type == RRType::mx) {
    Task<Found> asking = answers.hosts(name, type, &reply.answer, &reply.additional);
    found = co_await asking;
  } else if (type == RRType::cname || type == RRType::ptr) {
    found = answers.names(name, type, reply.answer);
  } else if (type == RRType::soa) {
    reply.answer.push_back(soa(query, zone));
  } else if (type == RRType::ns && lower.size() == zone.size()) {
    found = answers.name_servers(name, reply.answer, reply.additional);
  } else {
    found = answers.exists(lower);
  }
  if (found == Found::no_name && options_.fallthrough.through(lower)) {
    Task<Outcome> passing = next(query);
    const Outcome outcome = co_await passing;
    co_return outcome;
  }
  reply.header.tc = answers.truncated() && !reply.answer.empty();
  co_return finish(query, zone, found, answers.cause());
}

Outcome Etcd::finish(Query& query, NameView zone, Found found, std::string_view cause) const {
  server::Reply& reply = query.reply();
  reply.header.aa = true;
  if (found != Found::services) {
    reply.answer.clear();
    reply.additional.clear();
  }
  if (reply.answer.empty()) {
    reply.additional.clear();
    reply.authority.push_back(soa(query, zone));
  }
  if (found == Found::services) return query.answer();
  if (found == Found::no_name) return query.answer(dns::Rcode::nxdomain);
  Outcome outcome = query.answer(dns::Rcode::servfail);
  outcome.cause = cause;
  return outcome.because(found == Found::unread ? kNotRead : kBroken);
}

dns::Record Etcd::soa(Query& query, NameView zone) const {
  Arena& arena = query.arena();
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch());
  const dns::Soa soa{.mname = below("\2ns\3dns", zone, arena),
                     .rname = below("\12hostmaster", zone, arena),
                     .serial = static_cast<uint32_t>(now.count()),
                     .refresh = 7200,
                     .retry = 1800,
                     .expire = 86400,
                     .minimum = kSoaTtl};
  return {name_copy(zone, arena), RRType::soa, dns::RRClass::in, kSoaTtl, dns::soa_rdata(soa, arena)};
}

}  // namespace portolan::etcd
