// The handler of `file`: finds the zone of a question and answers from its tree.
#pragma once

#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "plugins/common/file_zone.h"
#include "plugins/common/version_keeper.h"
#include "plugins/common/zone_answer.h"

namespace portolan::zone_file {

struct Options {
  struct Zone {
    std::unique_ptr<FileZone> zone;
    std::chrono::nanoseconds reload = std::chrono::minutes(1);
    bool by_mtime = false;
    std::string open_error;  // at start; empty: it was read
  };
  std::vector<Zone> zones;
  Fallthrough fallthrough;
};

/// Serves all `file` directives of a server block, for all workers.
class File : public server::Handler,
             public server::Startable,
             public server::Adopter,
             public server::Transferer,
             private ZoneSource {
 public:
  File(Options options, const server::Block& block, Loop& background);

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  /// A zone file that cannot be opened is waited for at start; a reload of the Corefile is refused for it.
  Result<void> prepare() override;
  /// Secondaries hear of every zone that is served.
  void serving() override;
  void stop(server::Deadline) noexcept override;
  void adopt(const std::shared_ptr<server::Handler>&) override { reloading_ = true; }

  /// A zone's own name only: what lies below it is no zone.
  Result<std::unique_ptr<server::RecordStream>> transfer(dns::NameView name, uint32_t serial) override;

 private:
  /// The zone that `lower` belongs to; null when none does.
  const FileZone* zone_of(dns::NameView lower) const;
  const zones::ZoneTree* tree(dns::NameView origin) const override;
  void watch(const Options::Zone& each, Timer& timer);
  void tell(const FileZone& zone) const;

  Options options_;
  const server::Block& block_;
  Loop& background_;
  server::Notifier* notifier_ = nullptr;  // the block's; it may have none
  VersionKeeper* keeper_ = nullptr;       // the same
  bool reloading_ = false;
  std::unordered_map<dns::Name, FileZone*, dns::NameHash, dns::NameEqual> by_name_;
  std::list<Timer> timers_;  // of the zones that are looked at
};

}  // namespace portolan::zone_file
