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

Type type_of(const server::Query& query, const server::Outcome& outcome, std::time_t now) {
  using dns::Rcode;
  if (outcome.verdict == server::Verdict::dropped) return Type::other_error;
  if (query.question.type == dns::RRType::axfr || query.question.type == dns::RRType::ixfr) return Type::meta;
  const server::Reply& reply = query.reply();
  const bool failed = outcome.verdict == server::Verdict::failed;
  const Rcode rcode = failed ? outcome.rcode : reply.rcode;
  if (!failed) {
    if (signatures_expired(reply, now)) return Type::other_error;
    if (!reply.answer.empty() && rcode == Rcode::noerror) return Type::noerror;
    if (!reply.answer.empty() && rcode == Rcode::nxdomain) return Type::other_error;
    if (holds(reply.authority, dns::RRType::soa) && rcode == Rcode::noerror) return Type::nodata;
  }
  if (rcode == Rcode::nxdomain) return Type::nxdomain;
  if (rcode == Rcode::servfail || rcode == Rcode::notimp) return Type::server_error;
  if (rcode != Rcode::noerror || failed) return Type::other_error;
  return holds(reply.authority, dns::RRType::ns) ? Type::delegation : Type::noerror;
}

Class class_of(Type type) {
  switch (type) {
    case Type::noerror:
    case Type::delegation:
      return kSuccess;
    case Type::nxdomain:
    case Type::nodata:
      return kDenial;
    default:
      return kError;
  }
}

std::string_view text(Type type) {
  static constexpr std::string_view kTexts[] = {"NOERROR",    "NXDOMAIN", "SERVERERROR", "NODATA",
                                                "DELEGATION", "META",     "OTHERERROR"};
  return kTexts[static_cast<size_t>(type)];
}

std::string_view text(Class cls) { return cls == kSuccess ? "success" : cls == kDenial ? "denial" : "error"; }

}  // namespace portolan::query_log
