// Classes of answers, as CoreDNS tells them apart.
#include "plugins/log/classify.h"

#include <span>

namespace portolan::query_log {
namespace {

bool holds(std::span<const dns::Record> records, dns::RRType type) {
  for (const dns::Record& record : records) {
    if (record.type == type) return true;
  }
  return false;
}

uint32_t read32(const uint8_t* octets) {
  return static_cast<uint32_t>(octets[0]) << 24 | static_cast<uint32_t>(octets[1]) << 16 |
         static_cast<uint32_t>(octets[2]) << 8 | octets[3];
}

// RFC 4034 section 3.1.5: times are compared in serial number arithmetic.
bool expired(std::span<const dns::Record> records, std::time_t now) {
  const auto moment = static_cast<uint32_t>(now);
  for (const dns::Record& record : records) {
    if (record.type != dns::RRType::rrsig || record.rdata.size() < 16) continue;
    const uint32_t until = read32(record.rdata.data() + 8), from = read32(record.rdata.data() + 12);
    if (static_cast<int32_t>(moment - from) < 0 || static_cast<int32_t>(until - moment) < 0) return true;
  }
  return false;
}

bool signatures_expired(const server::Reply& reply, std::time_t now) {
  return reply.edns && reply.edns->dnssec_ok &&
         (expired(reply.answer, now) || expired(reply.authority, now) || expired(reply.additional, now));
}

}  // namespace

Class classify(const server::Query& query, const server::Outcome& outcome, std::time_t now) {
  using dns::Rcode;
  if (outcome.verdict == server::Verdict::dropped) return kError;
  if (query.question.type == dns::RRType::axfr || query.question.type == dns::RRType::ixfr) return kError;
  if (outcome.verdict == server::Verdict::failed) return outcome.rcode == Rcode::nxdomain ? kDenial : kError;
  const server::Reply& reply = query.reply();
  if (signatures_expired(reply, now)) return kError;
  if (!reply.answer.empty() && reply.rcode == Rcode::noerror) return kSuccess;
  if (!reply.answer.empty() && reply.rcode == Rcode::nxdomain) return kError;
  if (reply.rcode == Rcode::nxdomain) return kDenial;
  if (reply.rcode != Rcode::noerror) return kError;
  return holds(reply.authority, dns::RRType::soa) ? kDenial : kSuccess;
}

}  // namespace portolan::query_log
