// The handler of `secondary`: serves zones that are transferred in, and lets primaries say that they have changed.
#pragma once

#include <memory>
#include <vector>

#include "plugins/common/version_keeper.h"
#include "plugins/common/zone_answer.h"
#include "plugins/secondary/catalogs.h"
#include "server/plugin.h"

namespace portolan::secondary {

struct Options {
  struct Zone {
    dns::Name origin;  // lower case
    SecondaryZone::Source source;
  };
  std::vector<Zone> zones;  // each origin once
  std::vector<Catalogs::Rule> catalogs;
  Fallthrough fallthrough;
  std::shared_ptr<KeptFiles> kept = std::make_shared<KeptFiles>();  // of all secondaries of a configuration
};

/// All `secondary` directives of a server block, for all workers. Zones come and go with catalogs on the main thread,
/// which publishes those that there are.
class Secondary : public server::Handler,
                  public server::Startable,
                  public server::Adopter,
                  public server::Transferer,
                  private ZoneSource {
 public:
  Secondary(const Options& options, const server::Block& block, const SecondaryZone::Surroundings& surroundings);
  ~Secondary() override { published_.replace(nullptr); }

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  /// Takes zones over as they are when their primaries are the same; else what they hold, until the new ones answer.
  void adopt(const std::shared_ptr<server::Handler>& previous) override;
  Result<void> prepare() override;
  void serving() override;
  void stop(server::Deadline) noexcept override;

  /// A zone's own name only: what lies below it is no zone.
  Result<std::unique_ptr<server::RecordStream>> transfer(dns::NameView name, uint32_t serial) override;

  /// For tests: the zone of that name.
  SecondaryZone& zone(dns::NameView origin) { return *published_.read()->find(origin)->second; }

 private:
  SecondaryZone* find(dns::NameView lower, dns::NameView& origin) const;
  const zones::ZoneTree* tree(dns::NameView origin) const override;

  void apply_catalog(const SecondaryZone& catalog);
  void start(SecondaryZone& zone);
  void publish();
  void tell(const SecondaryZone& zone) const;

  const Fallthrough fallthrough_;
  const server::Block& block_;
  server::Notifier* notifier_ = nullptr;  // the block's; it may have none
  VersionKeeper* keeper_ = nullptr;       // the same
  Zones zones_;                           // of the Corefile
  Catalogs catalogs_;
  bool serving_ = false;
  rcu::Pointer<Zones> published_;  // both
};

}  // namespace portolan::secondary
