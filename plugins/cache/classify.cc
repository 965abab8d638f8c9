// The rules of RFC 2308 for negative answers, and of RFC 2181 section 10.1 for CNAMEs.
#include "plugins/cache/classify.h"

#include <algorithm>
#include <optional>

#include "dns/rdata.h"

namespace portolan::cache {
namespace {

using dns::Record;
using dns::RRType;

constexpr uint32_t kShortTtl = 5;
constexpr int kLongestChain = 64;  // CNAMEs followed; a longer chain counts as no answer

bool has_type(const ArenaVector<Record>& records, RRType type) {
  return std::any_of(records.begin(), records.end(), [&](const Record& record) { return record.type == type; });
}

uint32_t number_at(std::span<const uint8_t> rdata, size_t offset) {
  return uint32_t{rdata[offset]} << 24 | uint32_t{rdata[offset + 1]} << 16 | uint32_t{rdata[offset + 2]} << 8 |
         rdata[offset + 3];
}

// RFC 4034 section 3.1.5: times are compared as serial numbers.
bool out_of_time(const Record& record, WallTime wall) {
  if (record.type != RRType::rrsig || record.rdata.size() < 18) return false;
  const auto now =
      static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count());
  const uint32_t expiration = number_at(record.rdata, 8), inception = number_at(record.rdata, 12);
  return static_cast<int32_t>(now - inception) < 0 || static_cast<int32_t>(expiration - now) < 0;
}

bool signatures_out_of_time(const server::Reply& reply, WallTime wall) {
  for (const auto* section : {&reply.answer, &reply.authority, &reply.additional}) {
    if (std::any_of(section->begin(), section->end(), [&](const Record& r) { return out_of_time(r, wall); }))
      return true;
  }
  return false;
}

bool in_class(const Record& record, const dns::Question& question) {
  return question.cls == dns::RRClass::any || record.cls == question.cls;
}

struct Alias {
  bool sound = true;  // false: several targets (RFC 2181 section 10.1)
  std::optional<dns::NameView> target;
};

Alias alias_of(const server::Reply& reply, const dns::Question& question, dns::NameView owner) {
  Alias alias;
  for (const Record& record : reply.answer) {
    if (record.type != RRType::cname || !in_class(record, question) || !record.owner.equals(owner)) continue;
    const dns::NameView target = dns::target_name(record);
    if (alias.target && !alias.target->equals(target)) return {false, {}};
    alias.target = target;
  }
  return alias;
}

// The end of the CNAME chain from the question's name; nothing for a chain that loops or forks.
std::optional<dns::NameView> canonical_name(const server::Reply& reply, const dns::Question& question) {
  dns::NameView name = question.name;
  for (int step = 0; step <= kLongestChain; ++step) {
    const Alias alias = alias_of(reply, question, name);
    if (!alias.sound) return {};
    if (!alias.target) return name;
    name = *alias.target;
  }
  return {};
}

}  // namespace

bool answers_question(const server::Reply& reply, const dns::Question& question) {
  if (reply.rcode != dns::Rcode::noerror || reply.answer.empty()) return false;
  if (question.type == RRType::cname) {
    const Alias alias = alias_of(reply, question, question.name);
    return alias.sound && alias.target;
  }
  const bool any = question.type == RRType::any;
  const auto owner = any ? std::optional(question.name) : canonical_name(reply, question);
  if (!owner) return false;
  return std::any_of(reply.answer.begin(), reply.answer.end(), [&](const Record& record) {
    return (any || record.type == question.type) && in_class(record, question) && record.owner.equals(*owner);
  });
}

Kind kind_of(const server::Reply& reply, const dns::Question& question, std::optional<WallTime> wall) {
  if (reply.header.opcode != dns::Opcode::query) return Kind::meta;
  if (question.type == RRType::axfr || question.type == RRType::ixfr) return Kind::meta;
  if (wall && signatures_out_of_time(reply, *wall)) return Kind::other;
  switch (reply.rcode) {
    case dns::Rcode::noerror:
      if (!reply.answer.empty()) return Kind::positive;
      if (has_type(reply.authority, RRType::soa)) return Kind::no_data;
      return has_type(reply.authority, RRType::ns) ? Kind::delegation : Kind::positive;
    case dns::Rcode::nxdomain:
      return reply.answer.empty() ? Kind::denied : Kind::other;
    case dns::Rcode::servfail:
    case dns::Rcode::notimp:
      return Kind::server_error;
    default:
      return Kind::other;
  }
}

Kind cached_kind_of(const server::Reply& reply, const dns::Question& question, bool answering,
                    std::optional<WallTime> wall) {
  const Kind kind = kind_of(reply, question, wall);
  const bool denial =
      kind == Kind::positive && !answering && !reply.answer.empty() && has_type(reply.authority, RRType::soa);
  return denial ? Kind::no_data : kind;
}

bool is_reply_to(const server::Query& query) {
  const dns::Question& answered = query.reply().question;
  const auto same = [&](const dns::Question& other) {
    return answered.type == other.type && answered.cls == other.cls && answered.name.equals(other.name);
  };
  return same(query.question) || same(query.asked);
}

bool may_keep(Kind kind, const server::Reply& reply, bool answering) {
  if (reply.header.tc || kind == Kind::other || kind == Kind::meta) return false;
  const bool soa = has_type(reply.authority, RRType::soa);
  if (kind == Kind::denied) return soa;  // RFC 2308 section 5
  // A CNAME chain that ends nowhere and no SOA: the same, in the clothes of an answer. An empty answer section may be
  // one whose data lies elsewhere (whoami).
  return kind != Kind::positive || soa || reply.answer.empty() || answering;
}

uint32_t smallest_ttl(Kind kind, const server::Reply& reply, uint32_t most) {
  if (kind != Kind::positive && kind != Kind::denied && kind != Kind::no_data) return kShortTtl;
  if (reply.answer.empty() && reply.authority.empty() && reply.additional.empty()) return kShortTtl;
  for (const auto* section : {&reply.answer, &reply.authority, &reply.additional}) {
    for (const Record& record : *section) most = std::min(most, record.ttl);
  }
  return most;
}

}  // namespace portolan::cache
