// Records from a selection: addresses, SRV with its additional addresses, PTR, SOA, and the zone's name servers. All of
// it is copied into the query's arena.
#pragma once

#include "dns/message.h"
#include "plugins/kubernetes/selection.h"
#include "server/query.h"

namespace portolan::kubernetes {

using Records = ArenaVector<dns::Record>;

/// The weight of an SRV record where as many services share a name.
uint16_t weight_of(size_t services);
/// The addresses of `type` (A or AAAA), each once. Endpoints that are names are left out.
void add_addresses(const Context& context, const Selection& selection, dns::RRType type, dns::NameView owner,
                   Records& out);
/// SRV for each name and port, each once, and the addresses of the names. Addresses that are names have none, unless
/// there is `aliases`, which gets each of them once.
void add_services(const Context& context, const Selection& selection, dns::NameView owner, Records& answer,
                  Records& additional, ArenaVector<dns::NameView>* aliases = nullptr);
/// The name that the selection's first record points to, as a CNAME, if that is a name.
void add_alias(const Context& context, const Selection& selection, dns::NameView owner, Records& out);

/// PTR for a full reverse name. no_name: nobody has the address; nothing: `lower` is no full reverse name.
Found add_reverse(const Context& context, dns::NameView lower, dns::NameView owner, Records& out);

/// The address of a full reverse name in lower case, IPv4-mapped IPv6 as IPv4; false for any other name.
bool address_of_full_reverse(dns::NameView lower, IpAddress& address);

/// The zone's SOA, owned by the zone as asked.
void add_soa(const Context& context, Records& out);

/// The name servers of the zone and their addresses: the services that this machine is an endpoint of, or itself.
void add_name_servers(const Context& context, Records& answer, Records& additional);
/// The same machine's addresses of `type`, for ns.dns.ZONE.
void add_name_server_addresses(const Context& context, dns::RRType type, dns::NameView owner, Records& out);

/// `labels` (wire form, no root) in front of `zone`; the root if that is longer than a name can be.
dns::NameView under(const Context& context, std::string_view labels, dns::NameView zone);

}  // namespace portolan::kubernetes
