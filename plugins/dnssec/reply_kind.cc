// RFC 2308 section 2, with CoreDNS's order of questions.
#include "plugins/dnssec/reply_kind.h"

#include <algorithm>

#include "dns/reader.h"

namespace portolan::dnssec {
namespace {

using dns::Record;
using dns::RRType;

bool has_type(const ArenaVector<Record>& records, RRType type) {
  return std::any_of(records.begin(), records.end(), [&](const Record& record) { return record.type == type; });
}

// RFC 4034 section 3.1.5: times are compared as serial numbers.
bool out_of_time(const Record& record, uint32_t now) {
  if (record.type != RRType::rrsig || record.rdata.size() < 18) return false;
  const uint32_t expiration = dns::read32(record.rdata.data() + 8), inception = dns::read32(record.rdata.data() + 12);
  return static_cast<int32_t>(now - inception) < 0 || static_cast<int32_t>(expiration - now) < 0;
}

bool signatures_out_of_time(const server::Reply& reply, uint32_t now) {
  for (const auto* section : {&reply.answer, &reply.authority, &reply.additional}) {
    if (std::any_of(section->begin(), section->end(), [&](const Record& r) { return out_of_time(r, now); }))
      return true;
  }
  return false;
}

}  // namespace

ReplyKind kind_of(const server::Query& query, uint32_t now) {
  const server::Reply& reply = query.reply();
  const RRType asked = query.question.type;
  if (reply.header.opcode != dns::Opcode::query || asked == RRType::axfr || asked == RRType::ixfr) {
    return ReplyKind::other;
  }
  if (!reply.answer.empty()) return ReplyKind::other;
  if (reply.edns && reply.edns->dnssec_ok && signatures_out_of_time(reply, now)) return ReplyKind::other;
  if (reply.rcode == dns::Rcode::nxdomain) return ReplyKind::denial;
  if (reply.rcode != dns::Rcode::noerror) return ReplyKind::other;
  if (has_type(reply.authority, RRType::soa)) return ReplyKind::denial;
  return has_type(reply.authority, RRType::ns) ? ReplyKind::delegation : ReplyKind::other;
}

}  // namespace portolan::dnssec
