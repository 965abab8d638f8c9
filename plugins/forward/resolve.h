// The addresses of an upstream that is given by host name.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace portolan::forward {

/// Asks `resolvers` in order for A and AAAA, 2 s each; without any, the system's resolver (/etc/hosts, resolv.conf).
/// Blocks: never to be called by a worker. The addresses are sorted, so that an unchanged answer compares equal.
Result<std::vector<IpAddress>> resolve(const std::string& host, const std::vector<SocketAddress>& resolvers);

}  // namespace portolan::forward
