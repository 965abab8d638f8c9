// Telling positive answers from denials and delegations, whose authority section is what they are for.
#include "plugins/minimal/minimal.h"

#include <algorithm>

namespace portolan::minimal {

using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

bool is_of(const dns::Record& record, RRType type) { return record.type == type; }

// RFC 2308 section 2.2: a SOA makes a denial, NS records alone a referral.
bool is_positive(const server::Reply& reply) {
  if (reply.rcode != dns::Rcode::noerror) return false;
  if (!reply.answer.empty() || reply.authority.empty()) return true;
  const auto& authority = reply.authority;
  const auto of = [](RRType type) { return [type](const dns::Record& record) { return is_of(record, type); }; };
  return std::none_of(authority.begin(), authority.end(), of(RRType::soa)) &&
         std::none_of(authority.begin(), authority.end(), of(RRType::ns));
}

void minimize(Query& query, const Outcome& outcome) {
  if (outcome.verdict != server::Verdict::answered) return;
  if (query.question.type == RRType::axfr || query.question.type == RRType::ixfr) return;
  server::Reply& reply = query.reply();
  if (!is_positive(reply)) return;
  reply.authority.clear();
  reply.additional.clear();
}

Task<Outcome> minimize_later(Query& query, Task<Outcome> rest) {
  const Outcome outcome = co_await rest;
  minimize(query, outcome);
  co_return outcome;
}

}  // namespace

Task<Outcome> Minimal::serve(Query& query, server::Next next) {
  Task<Outcome> rest = next(query);
  if (!rest.ready()) return minimize_later(query, std::move(rest));
  const Outcome outcome = rest.take();
  minimize(query, outcome);
  return outcome;
}

}  // namespace portolan::minimal
