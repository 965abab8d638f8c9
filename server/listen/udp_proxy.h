// UdpProxy: takes PROXY protocol headers off datagrams and tells whom they come from.
#pragma once

#include <memory>
#include <optional>

#include "server/listen/proxy_rules.h"
#include "server/listen/proxy_sessions.h"
#include "server/query.h"

namespace portolan::server {

/// Belongs to one UDP socket, is used by its worker.
class UdpProxy {
 public:
  explicit UdpProxy(std::shared_ptr<const ProxyRules> rules) { set_rules(std::move(rules)); }
  /// Sessions go on as long as the new rules have any.
  void set_rules(std::shared_ptr<const ProxyRules> rules);

  /// Looks at what was received from query.client: takes a header off query.packet and, if it counts, makes its source
  /// the client and query.proxy_ whom the answer goes to; null otherwise. False: there is nothing to serve.
  bool admit(Query& query);

 private:
  bool refuse(const Query& query, const char* why);
  void stand_behind(Query& query, const SocketAddress& client);

  std::shared_ptr<const ProxyRules> rules_;
  std::optional<ProxySessions> sessions_;
};

}  // namespace portolan::server
