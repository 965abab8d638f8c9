// ProxySessions: which client stands behind a port of a proxy that sends its header in a datagram of its own, once
// (`udp_session_tracking`). A bounded table: the session that was used longest ago makes room.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/address.h"
#include "base/clock.h"

namespace portolan::server {

/// One socket's; used by its worker only. The kernel gives all datagrams of a port to the same socket.
class ProxySessions {
 public:
  explicit ProxySessions(size_t most);
  ~ProxySessions();
  ProxySessions(const ProxySessions&) = delete;
  ProxySessions& operator=(const ProxySessions&) = delete;

  void store(const SocketAddress& proxy, const SocketAddress& client, SteadyTime until);
  /// The client behind `proxy`, and the session lasts until `until` now; nothing when it has none or it is over at
  /// `now`.
  std::optional<SocketAddress> find(const SocketAddress& proxy, SteadyTime now, SteadyTime until);
  size_t size() const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace portolan::server
