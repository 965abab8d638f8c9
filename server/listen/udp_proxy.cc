// Headers of datagrams, as CoreDNS takes them: version 2 for UDP only, and of LOCAL ones the addresses count too.
#include "server/listen/udp_proxy.h"

#include <string>

#include "base/log.h"
#include "server/configuration.h"
#include "server/core_metrics.h"
#include "server/listen/proxy_header.h"

namespace portolan::server {

void UdpProxy::set_rules(std::shared_ptr<const ProxyRules> rules) {
  if (rules == rules_) return;
  if (rules->session_time.count() <= 0) {
    sessions_.reset();
  } else if (!sessions_ || rules->most_sessions != rules_->most_sessions) {
    sessions_.emplace(rules->most_sessions);
  }
  rules_ = std::move(rules);
}

bool UdpProxy::admit(Query& query) {
  query.proxy_ = nullptr;
  const ProxyPolicy policy = rules_->policy(query.client.ip);
  if (policy == ProxyPolicy::skip) return true;
  ProxyHeader header;
  ProxyParse parse = read_proxy_header(query.packet, header);
  if (parse == ProxyParse::partial && header.version == 0) parse = ProxyParse::none;  // not even a signature
  if (parse == ProxyParse::none) {
    if (sessions_ && policy == ProxyPolicy::use) {
      const SteadyTime now = query.received;
      if (const auto client = sessions_->find(query.client, now, now + rules_->session_time)) {
        stand_behind(query, *client);
      }
    }
    return true;
  }
  if (parse == ProxyParse::partial) return refuse(query, "it is cut");
  if (parse == ProxyParse::malformed) return refuse(query, header.fault);
  if (header.version != 2) return refuse(query, "version 1 is for TCP");
  if (!header.datagram || !header.has_addresses) return refuse(query, "it has no addresses of UDP");
  if (policy == ProxyPolicy::reject) return refuse(query, "headers of this source are rejected");
  query.packet = query.packet.subspan(header.size);
  if (policy == ProxyPolicy::ignore) return true;
  if (sessions_) {
    sessions_->store(query.client, header.source, query.received + rules_->session_time);
    if (query.packet.empty()) return false;  // it came to begin a session
  }
  stand_behind(query, header.source);
  return true;
}

void UdpProxy::stand_behind(Query& query, const SocketAddress& client) {
  query.proxy_ = query.arena().make<SocketAddress>(query.client);
  query.client = client;
}

// The source is named in debug lines only: anybody can make up any number of them.
bool UdpProxy::refuse(const Query& query, const char* why) {
  core_metrics().proxy_refused.add();
  const std::string& label = query.listener().label;
  log::limited(log::Level::warning, "dropping invalid Proxy Protocol packet on " + label + "/udp: " + why);
  if (log::debug_enabled()) {
    log::debug("plugin/proxyproto: " + label + "/udp: from " + query.client.text() + ": " + why);
  }
  return false;
}

}  // namespace portolan::server
