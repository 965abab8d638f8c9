// The zones of RFC 6303 that everybody has, and the names of RFC 6761 section 6.3. All rdata is constant.
#include "plugins/local/local.h"

#include <cstring>

#include "base/log.h"
#include "base/metrics.h"
#include "dns/rdata.h"
#include "plugins/common/literals.h"
#include "plugins/common/text_buffer.h"

namespace portolan::local {

using dns::NameView;
using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

const metrics::CounterFamily kRequestsFamily("coredns_local_localhost_requests_total",
                                             "Counter of special localhost subdomain requests.");
const metrics::Counter kRequests = kRequestsFamily.with();

constexpr uint32_t kTtl = 604800;  // a week: this never changes
const NameView kLocalhost = name_literal("\11localhost");
const NameView kOne = name_literal("\0011\0010\0010\003127\7in-addr\4arpa");
// localhost, and the networks that are local everywhere.
const NameView kZones[] = {kLocalhost, name_literal("\0010\7in-addr\4arpa"), name_literal("\003127\7in-addr\4arpa"),
                           name_literal("\003255\7in-addr\4arpa")};

constexpr uint8_t kV4[] = {127, 0, 0, 1};
constexpr uint8_t kV6[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

// localhost. root.localhost. 1 0 0 0 604800, for every zone.
std::span<const uint8_t> soa_rdata() {
  static const std::vector<uint8_t> kRdata = [] {
    Arena arena;
    const auto rdata = dns::soa_rdata({kLocalhost, name_literal("\4root\11localhost"), 1, 0, 0, 0, kTtl}, arena);
    return std::vector<uint8_t>(rdata.begin(), rdata.end());
  }();
  return kRdata;
}

dns::Record record(NameView owner, RRType type, std::span<const uint8_t> rdata) {
  return {owner, type, dns::RRClass::in, kTtl, rdata};
}

Outcome answer(Query& query, RRType type, std::span<const uint8_t> rdata) {
  query.reply().answer.push_back(record(query.question.name, type, rdata));
  return query.answer();
}

Outcome deny(Query& query, NameView zone, dns::Rcode rcode = dns::Rcode::noerror) {
  query.reply().authority.push_back(record(zone, RRType::soa, soa_rdata()));
  return query.answer(rcode);
}

// This machine by name: its addresses, and nothing else.
Outcome answer_localhost(Query& query) {
  const RRType type = query.question.type;
  if (type == RRType::a) return answer(query, type, kV4);
  if (type == RRType::aaaa) return answer(query, type, kV6);
  return deny(query, query.question.name);
}

Outcome answer_apex(Query& query, bool localhost) {
  const RRType type = query.question.type;
  if (type == RRType::soa) return answer(query, type, soa_rdata());
  if (type == RRType::ns) return answer(query, type, kLocalhost.wire());
  return localhost ? answer_localhost(query) : deny(query, query.question.name);
}

// Nearly every name that comes by is another one: its last octets say so before its labels are looked at.
bool is_within(NameView lower, NameView zone) {
  if (lower.size() < zone.size()) return false;
  const uint8_t* end = lower.data() + (lower.size() - zone.size());
  return std::memcmp(end, zone.data(), zone.size()) == 0 && lower.is_under(zone);
}

// One of the zones that the name lies in, or nothing.
const NameView* zone_of(NameView lower) {
  for (const NameView& zone : kZones) {
    if (is_within(lower, zone)) return &zone;
  }
  return nullptr;
}

void note(Query& query) {
  kRequests.add();
  if (!log::debug_enabled()) return;
  TextBuffer text(query.arena());
  text.append("plugin/local: Intercepting localhost query for \"").name(query.question.lower).append("\" ");
  text.append(dns::text(query.question.type)).append(", from ").append(query.client.ip.unmapped().text());
  log::debug(text.text());
}

}  // namespace

bool Local::means_localhost(NameView lower) const {
  if (lower.size() <= kLocalhost.size()) return false;
  return is_within(lower, kLocalhost) || (prefix_ && lower.first_label() == kLocalhost.first_label());
}

Task<Outcome> Local::serve(Query& query, server::Next next) {
  const NameView lower = query.question.lower;
  if (means_localhost(lower)) {
    note(query);
    return answer_localhost(query);
  }
  const NameView* zone = zone_of(lower);
  if (zone == nullptr) return next(query);
  if (lower.size() == zone->size()) return answer_apex(query, zone == kZones);
  const NameView apex = query.question.name.suffix(zone->label_count());  // in the question's case
  if (!lower.identical(kOne)) return deny(query, apex, dns::Rcode::nxdomain);
  return query.question.type == RRType::ptr ? answer(query, RRType::ptr, kLocalhost.wire()) : deny(query, apex);
}

}  // namespace portolan::local
