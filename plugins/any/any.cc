// RFC 8482 section 4.2: a HINFO record made for the purpose stands for all that there may be.
#include "plugins/any/any.h"

#include "plugins/common/literals.h"

namespace portolan::any {
namespace {

constexpr uint32_t kTtl = 8482;  // the RFC's number, as CoreDNS has it
const std::span<const uint8_t> kRdata = octets_literal("\15ANY obsoleted\14See RFC 8482");

}  // namespace

Task<server::Outcome> Any::serve(server::Query& query, server::Next next) {
  if (query.question.type != dns::RRType::any) return next(query);
  query.reply().answer.push_back({query.question.name, dns::RRType::hinfo, dns::RRClass::in, kTtl, kRdata});
  return query.answer();
}

}  // namespace portolan::any
