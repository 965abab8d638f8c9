// k8s_external: a zone that shows a cluster's services to the world by their external addresses.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "plugins/common/fallthrough.h"
#include "plugins/kubernetes/external.h"
#include "server/setup.h"

namespace portolan::k8s_external {

/// A zone and the names made for it.
struct Zone {
  dns::Name name;         // lower case
  dns::Name apex;         // APEX.ZONE: exists, and nothing lives there
  dns::Name name_server;  // ns1.APEX.ZONE
  dns::Name mailbox;      // hostmaster.APEX.ZONE
};

/// All that the directive says.
struct Options {
  std::vector<Zone> zones;  // the first is the domain of PTR targets
  uint32_t ttl = 5;
  bool headless = false;
  Fallthrough fallthrough;
};

/// Unchanging once prepared; the services are those of the block's kubernetes plugin.
class K8sExternal : public server::Handler, public server::Startable, public server::Transferer {
 public:
  K8sExternal(Options options, const server::Block& block) : options_(std::move(options)), block_(block) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  Result<std::unique_ptr<server::RecordStream>> transfer(dns::NameView name, uint32_t serial) override;

 private:
  friend class ZoneStream;
  const Zone* zone_of(dns::NameView lower) const;
  server::Outcome answer_apex(server::Query& query, const Zone& zone) const;
  server::Outcome answer_under_apex(server::Query& query, const Zone& zone) const;
  Task<server::Outcome> follow(server::Query& query, std::span<const dns::NameView> aliases) const;
  Task<server::Outcome> complete_services(server::Query& query, std::span<const dns::NameView> aliases) const;
  server::Outcome finish(server::Query& query, const Zone& zone, dns::Rcode rcode) const;
  dns::Record soa(const Zone& zone, uint32_t serial, Arena& arena) const;

  const Options options_;
  const server::Block& block_;
  std::optional<kubernetes::ExternalNames> services_;
};

}  // namespace portolan::k8s_external
