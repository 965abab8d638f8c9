// The `dns64` plugin (RFC 6147): a client with IPv6 alone reaches IPv4 hosts through a NAT64, under addresses that have
// the IPv4 ones inside. Where a name has no IPv6 addresses, such ones are made from its IPv4 addresses.
#pragma once

#include "base/address.h"
#include "plugins/common/listener_counter.h"
#include "server/plugin.h"

namespace portolan::dns64 {

/// What the directive says.
struct Options {
  IpPrefix prefix;             // 32 to 96 bits, whole octets
  bool translate_all = false;  // also where there are IPv6 addresses
  bool allow_ipv4 = false;     // also for clients that ask over IPv4
};

/// The IPv4 address `v4` behind `prefix` (RFC 6052 section 2.2).
IpAddress embed(const IpPrefix& prefix, const IpAddress& v4);

/// One instance for all workers; unchanging but for its counters.
class Dns64 : public server::Handler {
 public:
  Dns64(const Options& options, unsigned workers);
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;

 private:
  bool concerns(const server::Query& query) const;
  bool wants_addresses(const server::Outcome& outcome, const server::Reply& reply) const;
  Task<server::Outcome> wait_for(server::Query& query, dns::Question asked, dns::Question repeated,
                                 Task<server::Outcome> task);
  Task<server::Outcome> translate(server::Query& query, dns::Question asked, dns::Question repeated);

  const Options options_;
  ListenerCounter translated_;
};

}  // namespace portolan::dns64
