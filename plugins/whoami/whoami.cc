// The answer of whoami: two records in the additional section, with TTL 0 since they hold for this question only.
#include "plugins/whoami/whoami.h"

#include "dns/rdata.h"

namespace portolan::whoami {
namespace {

using dns::RRType;

dns::Record address_record(const server::Query& query, const IpAddress& ip, Arena& arena) {
  dns::Record record{query.question.name, RRType::a, query.question.cls, 0, {}};
  if (ip.is_v4()) {
    record.rdata = dns::a_rdata(ip, arena);
  } else {
    record.type = RRType::aaaa;
    record.rdata = dns::aaaa_rdata(ip, arena);
  }
  return record;
}

}  // namespace

Task<server::Outcome> Whoami::serve(server::Query& query, server::Next) {
  Arena& arena = query.arena();
  server::Reply& reply = query.reply();
  reply.header.aa = true;
  reply.additional.push_back(address_record(query, query.client.ip.unmapped(), arena));

  static constexpr uint8_t kUdp[] = {4, '_', 'u', 'd', 'p'}, kTcp[] = {4, '_', 't', 'c', 'p'};
  const std::span<const uint8_t> label = query.transport == server::Transport::udp ? kUdp : kTcp;
  // A name that leaves no room for the label (RFC 1035 section 2.3.4) goes without the second record.
  if (const auto owner = dns::join(label, query.question.name, arena)) {
    reply.additional.push_back(
        {*owner, RRType::srv, query.question.cls, 0, dns::srv_rdata(0, 0, query.client.port, dns::NameView(), arena)});
  }
  return query.answer();
}

}  // namespace portolan::whoami
