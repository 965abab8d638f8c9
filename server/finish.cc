// Finishing an answer.
#include "server/finish.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "dns/rdata.h"
#include "server/fit.h"

namespace portolan::server {
namespace {

// A bit for each code that echo_option() was told.
std::array<std::atomic<uint64_t>, 65536 / 64> more_echoed{};

bool echoed(uint16_t code) {
  switch (static_cast<dns::OptionCode>(code)) {
    case dns::OptionCode::nsid:
    case dns::OptionCode::expire:
    case dns::OptionCode::cookie:
    case dns::OptionCode::keepalive:
    case dns::OptionCode::padding:
      return true;
    default:
      return more_echoed[code / 64].load(std::memory_order_relaxed) >> code % 64 & 1;
  }
}

std::span<const dns::EdnsOption> echoed_options(Query& query, Arena& arena) {
  std::span<const dns::EdnsOption> asked = query.edns->options;
  if (std::all_of(asked.begin(), asked.end(), [](const auto& option) { return echoed(option.code); })) return asked;
  ArenaVector<dns::EdnsOption> kept(arena);
  for (const dns::EdnsOption& option : asked) {
    if (echoed(option.code)) kept.push_back(option);
  }
  return kept;
}

// RFC 8914 section 2: the reason as one option more, unless whoever made the answer has given one.
std::span<const dns::EdnsOption> with_reason(const Query& query, Arena& arena,
                                             std::span<const dns::EdnsOption> options) {
  const auto is_reason = [](const auto& option) { return option.code == static_cast<uint16_t>(dns::OptionCode::ede); };
  if (!query.ede || std::any_of(options.begin(), options.end(), is_reason)) return options;
  const auto all = arena.array<dns::EdnsOption>(options.size() + 1);
  std::copy(options.begin(), options.end(), all.begin());
  all.back() = dns::ede_option(query.ede->code, query.ede->text, arena);
  return all;
}

std::optional<dns::Edns> reply_opt(Query& query, Arena& arena) {
  std::optional<dns::Edns> made = query.reply().edns;
  if (!query.edns) return made;
  dns::Edns opt;
  opt.udp_size = query.edns->udp_size;
  opt.dnssec_ok = query.edns->dnssec_ok || (made && made->dnssec_ok);
  opt.options = with_reason(query, arena, made ? made->options : echoed_options(query, arena));
  return opt;
}

// The reply as the encoder takes it; `opt` has to outlive the result.
dns::MessageParts reply_parts(Query& query, Arena& arena, std::optional<dns::Edns>& opt) {
  Reply& reply = query.reply();
  opt = reply_opt(query, arena);
  dns::MessageParts parts;
  parts.header = reply.header;
  parts.header.rcode = static_cast<uint8_t>(static_cast<uint16_t>(reply.rcode) & 15);
  parts.question = &reply.question;
  parts.answer = reply.answer;
  parts.authority = reply.authority;
  parts.additional = reply.additional;
  parts.edns = opt ? &*opt : nullptr;
  return parts;
}

// Some of the endpoints, where all of them are too many. Empty when that makes no sense.
std::span<const uint8_t> encode_part(const dns::MessageParts& parts, Arena& arena, size_t limit) {
  for (const bool compressed : {true, false}) {
    const auto fitting = choose_fitting(parts, limit, compressed, arena);
    if (!fitting) return {};
    bool truncated = false;
    const std::span<const uint8_t> octets = dns::encode(*fitting, arena, limit, &truncated);
    if (!truncated) return octets;
  }
  return {};
}

// The encoded reply, truncated to `limit`.
std::span<const uint8_t> encode_within(Query& query, size_t limit) {
  std::optional<dns::Edns> opt;
  const dns::MessageParts parts = reply_parts(query, query.arena(), opt);
  if (const auto rcode = static_cast<uint16_t>(query.reply().rcode); rcode > 15) {
    if (!opt) return {};  // RFC 6891 section 6.1.3: there is no place for the upper bits
    opt->extended_rcode = static_cast<uint8_t>(rcode >> 4);
  }
  bool truncated = false;
  const std::span<const uint8_t> octets = dns::encode(parts, query.arena(), limit, &truncated);
  if (!truncated || !query.reply().part_will_do) return octets;
  const std::span<const uint8_t> part = encode_part(parts, query.arena(), limit);
  return part.empty() ? octets : part;
}

}  // namespace

void echo_option(uint16_t code) { more_echoed[code / 64].fetch_or(uint64_t{1} << code % 64); }

std::optional<dns::Edns> reply_edns(Query& query) { return reply_opt(query, query.arena()); }

size_t uncompressed_reply_size(Query& query) {
  std::optional<dns::Edns> opt;
  return dns::uncompressed_size(reply_parts(query, query.arena(), opt));
}

std::span<const uint8_t> encode_reply(Query& query) {
  if (!query.signer) return encode_within(query, query.max_size());
  const size_t reserved = std::min(query.signer->size(), query.max_size());
  const std::span<const uint8_t> octets = encode_within(query, query.max_size() - reserved);
  return octets.empty() ? octets : query.signer->sign(octets, query.arena());
}

Encoded encode_message(Query& query, Arena& arena) {
  std::optional<dns::Edns> opt;
  const dns::MessageParts parts = reply_parts(query, arena, opt);
  bool truncated = false;
  const size_t limit = dns::kMaxMessage - (query.signer ? query.signer->size() : 0);
  std::span<const uint8_t> octets = dns::encode(parts, arena, limit, &truncated);
  if (truncated) return {};
  if (query.signer) octets = query.signer->sign(octets, arena);
  return {octets, dns::uncompressed_size(parts)};
}

std::span<const uint8_t> encode_malformed(Query& query, dns::QueryStatus status, const dns::ParsedQuery& parsed) {
  dns::MessageParts parts;
  const dns::Header& asked = parsed.header;
  parts.header.id = asked.id;
  parts.header.qr = true;
  parts.header.rd = asked.rd;
  parts.header.cd = asked.cd;
  dns::Rcode rcode = dns::Rcode::formerr;
  switch (status) {
    case dns::QueryStatus::ok:
    case dns::QueryStatus::silent:
      return {};
    case dns::QueryStatus::servfail_empty:
      rcode = dns::Rcode::servfail;
      break;
    case dns::QueryStatus::refused_cut:
      rcode = dns::Rcode::refused;
      parts.question = &parsed.question;
      break;
    case dns::QueryStatus::formerr_question:
      parts.question = &parsed.question;
      [[fallthrough]];
    case dns::QueryStatus::notimp:
    case dns::QueryStatus::formerr_header:
      // The header goes back as it came, AA and Z excepted.
      parts.header.tc = asked.tc;
      parts.header.ra = asked.ra;
      parts.header.ad = asked.ad;
      if (status == dns::QueryStatus::notimp) {
        rcode = dns::Rcode::notimp;
        parts.header.opcode = asked.opcode;
      }
      break;
  }
  parts.header.rcode = static_cast<uint8_t>(rcode);
  return dns::encode(parts, query.arena(), dns::kMinUdpSize);
}

}  // namespace portolan::server
