// The orders that `loadbalance` brings records into, in place.
#pragma once

#include <span>

#include "base/address.h"
#include "base/arena.h"
#include "dns/message.h"
#include "plugins/loadbalance/weights.h"

namespace portolan::loadbalance {

/// CNAMEs, all others, addresses, MX: the last two in random order. Some resolver libraries want a CNAME before what it
/// leads to.
void shuffle(ArenaVector<dns::Record>& records, Arena& arena);

/// The same groups; one address comes first, chosen by weight, and the rest keeps its order. Nothing changes without
/// addresses.
void put_weighted_first(ArenaVector<dns::Record>& records, const Weights& weights, Arena& arena);

/// CNAMEs, addresses, MX, all others; addresses in the order of the subnets that contain them, the others behind.
void put_preferred_first(ArenaVector<dns::Record>& records, std::span<const IpPrefix> subnets, Arena& arena);

}  // namespace portolan::loadbalance
