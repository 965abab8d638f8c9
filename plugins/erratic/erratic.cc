// Faults, and the fixed answers they happen to.
#include "plugins/erratic/erratic.h"

#include "base/loop.h"
#include "dns/rdata.h"
#include "plugins/common/literals.h"
#include "server/worker.h"

namespace portolan::erratic {

using dns::NameView;
using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

constexpr size_t kMany = 30;                // addresses, with most names too many for 512 octets
constexpr uint8_t kV4[] = {192, 0, 2, 53};  // 192.0.2.53, RFC 5737
constexpr uint8_t kV6[] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53};     // 2001:db8::53, RFC 3849
constexpr uint8_t kZoneA[] = {0x20, 1, 0x0b, 0xd8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53};  // 2001:bd8::53
constexpr uint8_t kZoneB[] = {0x20, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x54};        // 2001:500::54

dns::Record record(NameView owner, RRType type, std::span<const uint8_t> rdata) {
  return {owner, type, dns::RRClass::in, 0, rdata};
}

/// The name with one more label in front; the name itself where there is no room.
NameView below(char label, NameView name, Arena& arena) {
  const uint8_t wire[] = {1, static_cast<uint8_t>(label)};
  const auto joined = dns::join(wire, name, arena);
  return joined ? *joined : name;
}

// A small zone around whatever name was asked for. A truncated one has no SOA at its end.
void transfer(Query& query, bool truncated) {
  Arena& arena = query.arena();
  auto& answer = query.reply().answer;
  const NameView zone = query.question.name;
  const dns::Soa numbers{name_literal("\3sns\3dns\5icann\3org"),
                         name_literal("\3noc\3dns\5icann\3org"),
                         2018050825,
                         7200,
                         3600,
                         1209600,
                         3600};
  const dns::Record soa = record(zone, RRType::soa, dns::soa_rdata(numbers, arena));
  const NameView a = below('a', zone, arena), b = below('b', zone, arena);
  answer.push_back(soa);
  answer.push_back(record(zone, RRType::ns, b.wire()));
  answer.push_back(record(zone, RRType::ns, a.wire()));
  answer.push_back(record(a, RRType::aaaa, kZoneA));
  answer.push_back(record(b, RRType::aaaa, kZoneB));
  if (!truncated) answer.push_back(soa);
}

}  // namespace

Task<Outcome> Erratic::serve(Query& query, server::Next) {
  const uint64_t number = queries_.fetch_add(1, std::memory_order_relaxed);
  const auto strikes = [number](uint32_t amount) { return amount > 0 && number % amount == 0; };
  if (strikes(options_.drop)) return Outcome::dropped();
  // No bit in common: CoreDNS's way to choose, which for 2 is one in two as well, in pairs.
  const bool truncated = options_.truncate > 0 && (number & options_.truncate) == 0;
  if (strikes(options_.delay) && options_.duration.count() > 0) return answer_later(query, truncated);
  return answer(query, truncated);
}

Task<Outcome> Erratic::answer_later(Query& query, bool truncated) const {
  Task<void> pause = sleep_for(query.worker().loop(), options_.duration);
  co_await pause;
  co_return answer(query, truncated);
}

Outcome Erratic::answer(Query& query, bool truncated) const {
  server::Reply& reply = query.reply();
  const NameView name = query.question.name;
  switch (query.question.type) {
    case RRType::a:
      for (size_t i = 0; i < (options_.large ? kMany : 1); ++i) reply.answer.push_back(record(name, RRType::a, kV4));
      break;
    case RRType::aaaa:
      reply.answer.push_back(record(name, RRType::aaaa, kV6));
      break;
    case RRType::axfr:
      transfer(query, truncated);
      truncated = false;  // what lacks is the end, not a bit that says so
      break;
    default:
      return query.fail(dns::Rcode::servfail);
  }
  reply.header.aa = true;
  reply.header.tc = truncated;
  return query.answer();
}

bool Erratic::ready() const noexcept {
  const uint64_t queries = queries_.load(std::memory_order_relaxed);
  return queries == 3 || queries == 4;
}

std::span<const NameView> Erratic::search(Query&) const {
  static const NameView kDomains[] = {name_literal("\1a\7example\3org"), name_literal("\1b\7example\3org")};
  return kDomains;
}

}  // namespace portolan::erratic
