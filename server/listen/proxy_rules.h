// Whose PROXY protocol headers are believed (`proxyproto`).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "base/address.h"

namespace portolan::server {

/// What becomes of a header: its addresses count; it is passed over; it ends the connection or datagram; nobody looks
/// for one.
enum class ProxyPolicy : uint8_t { use, ignore, reject, skip };

/// Unchanging; shared by all listeners of a block.
struct ProxyRules {
  std::vector<IpPrefix> allow;  // proxies whose headers are used
  ProxyPolicy otherwise = ProxyPolicy::use;
  std::chrono::nanoseconds session_time{0};  // how long a header counts for later datagrams of its proxy's port; 0: not
  size_t most_sessions = 10'240;             // of one socket

  ProxyPolicy policy(const IpAddress& proxy) const {
    const bool allowed =
        std::any_of(allow.begin(), allow.end(), [&](const IpPrefix& each) { return each.contains(proxy); });
    return allowed ? ProxyPolicy::use : otherwise;
  }
};

}  // namespace portolan::server
