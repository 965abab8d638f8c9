// The handler of `secondary`: serves zones that are transferred in, and lets primaries say that they have changed.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "plugins/common/zone_answer.h"
#include "plugins/secondary/zone.h"
#include "server/plugin.h"

namespace portolan::secondary {

struct Options {
  struct Zone {
    dns::Name origin;  // lower case
    SecondaryZone::Source source;
  };
  std::vector<Zone> zones;  // each origin once
  Fallthrough fallthrough;
  std::shared_ptr<void> kept;  // what the secondaries of a configuration know of each other; lives as long as they do
};

/// All `secondary` directives of a server block, for all workers.
class Secondary : public server::Handler,
                  public server::Startable,
                  public server::Adopter,
                  public server::Transferer,
                  private ZoneSource {
 public:
  Secondary(const Options& options, const server::Block& block, const SecondaryZone::Surroundings& surroundings);

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  /// Takes zones over as they are when their primaries are the same; else what they hold, until the new ones answer.
  void adopt(const std::shared_ptr<server::Handler>& previous) override;
  Result<void> prepare() override;
  void serving() override;
  void stop(server::Deadline) noexcept override;

  /// A zone's own name only: what lies below it is no zone.
  Result<std::unique_ptr<server::RecordStream>> transfer(dns::NameView name, uint32_t serial) override;

  /// For tests: the zone of that name.
  SecondaryZone& zone(dns::NameView origin) { return *zones_.find(origin)->second; }

 private:
  SecondaryZone* zone_of(dns::NameView lower) const;
  const zones::ZoneTree* tree(dns::NameView origin) const override;

  const Fallthrough fallthrough_;
  const std::shared_ptr<void> kept_;
  const server::Block& block_;
  server::Notifier* notifier_ = nullptr;  // the block's; it may have none
  std::unordered_map<dns::Name, std::shared_ptr<SecondaryZone>, dns::NameHash, dns::NameEqual> zones_;
};

}  // namespace portolan::secondary
