// Which answers are translated, and the translation: the same name is asked for its IPv4 addresses, through the whole
// server, and these become IPv6 addresses.
#include "plugins/dns64/dns64.h"

#include <algorithm>
#include <array>

#include "dns/rdata.h"

namespace portolan::dns64 {

using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

constexpr uint32_t kTtlWithoutSoa = 600;  // RFC 6147 section 5.1.7

const metrics::CounterFamily& translated_total() {
  static const metrics::CounterFamily family("coredns_dns64_requests_translated_total",
                                             "Counter of DNS requests translated by dns64.", {"server"});
  return family;
}

// How long it may be believed that the name has no IPv6 addresses; what is made instead lives no longer (RFC 6147
// section 5.1.7).
uint32_t negative_ttl(const server::Reply& reply) {
  uint32_t ttl = kTtlWithoutSoa;
  for (const dns::Record& record : reply.authority) {
    if (record.type == RRType::soa) ttl = record.ttl;
  }
  return ttl;
}

}  // namespace

IpAddress embed(const IpPrefix& prefix, const IpAddress& v4) {
  std::array<uint8_t, 16> octets{};
  const auto given = prefix.address.octets();
  size_t at = prefix.length / 8;
  std::copy_n(given.begin(), at, octets.begin());
  for (const uint8_t octet : v4.octets()) {
    if (at == 8) ++at;  // bits 64 to 71 stay zero (RFC 6052 section 2.2)
    octets[at++] = octet;
  }
  return IpAddress::v6(octets);
}

Dns64::Dns64(const Options& options, unsigned workers) : options_(options), translated_(translated_total(), workers) {}

bool Dns64::concerns(const Query& query) const {
  if (query.question.type != RRType::aaaa || query.question.cls != dns::RRClass::in) return false;
  return options_.allow_ipv4 || query.family() == 2;
}

// RFC 6147 section 5.1: NXDOMAIN holds for every type and is passed on; other errors are taken for an empty answer.
bool Dns64::wants_addresses(const Outcome& outcome, const server::Reply& reply) const {
  if (outcome.verdict != server::Verdict::answered || reply.rcode == dns::Rcode::nxdomain) return false;
  if (options_.translate_all) return true;
  return std::none_of(reply.answer.begin(), reply.answer.end(),
                      [](const dns::Record& record) { return record.type == RRType::aaaa; });
}

Task<Outcome> Dns64::serve(Query& query, server::Next next) {
  if (!concerns(query)) return next(query);
  const dns::Question asked = query.question, repeated = query.reply().question;  // plugins behind may change both
  Task<Outcome> task = next(query);
  if (!task.ready()) return wait_for(query, asked, repeated, std::move(task));
  const Outcome outcome = task.take();
  return wants_addresses(outcome, query.reply()) ? translate(query, asked, repeated) : Task<Outcome>(outcome);
}

Task<Outcome> Dns64::wait_for(Query& query, dns::Question asked, dns::Question repeated, Task<Outcome> task) {
  const Outcome outcome = co_await task;
  if (!wants_addresses(outcome, query.reply())) co_return outcome;
  Task<Outcome> translation = translate(query, asked, repeated);
  co_return co_await translation;
}

Task<Outcome> Dns64::translate(Query& query, dns::Question asked, dns::Question repeated) {
  const uint32_t longest = negative_ttl(query.reply());
  Task<server::Lookup> asking = query.lookup(asked.lower, RRType::a);
  const server::Lookup found = co_await asking;
  if (!found.query) co_return query.fail(dns::Rcode::servfail, "plugin/dns64: no answer to the question for A");

  server::Reply& reply = query.reply();
  const server::Reply& theirs = found.query->reply();
  reply.copy_from(theirs, query.arena());
  reply.question = repeated;
  reply.header.aa = reply.header.ra = reply.header.ad = false;  // nobody has this data, nor has it been validated
  if (theirs.rcode != dns::Rcode::noerror && theirs.rcode != dns::Rcode::nxdomain) {
    Outcome outcome = query.answer(theirs.rcode);
    outcome.ede = found.outcome.ede;
    co_return outcome;
  }
  for (dns::Record& record : reply.answer) {
    IpAddress address;
    if (record.type != RRType::a || !dns::address_of(record, address)) continue;
    record.type = RRType::aaaa;
    record.ttl = std::min(record.ttl, longest);
    record.rdata = dns::aaaa_rdata(embed(options_.prefix, address), query.arena());
  }
  translated_.add(query);
  co_return query.answer();
}

}  // namespace portolan::dns64
