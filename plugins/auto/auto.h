// The handler of `auto`: serves the zones whose files lie in a folder, as they come, change and go.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "plugins/auto/folder.h"
#include "plugins/common/file_zone.h"
#include "plugins/common/version_keeper.h"
#include "plugins/common/zone_answer.h"
#include "plugins/common/zone_labels.h"
#include "server/plugin.h"

namespace portolan::auto_zones {

struct Options {
  std::vector<dns::Name> zones;  // lower case: what may be asked
  std::string folder;            // empty: none was given
  FilePattern pattern;
  std::chrono::nanoseconds reload = std::chrono::minutes(1);
  bool zonemd = false;
};

/// One `auto` directive, for all workers. The folder is looked through on the main thread, which publishes the zones
/// that it has found.
class AutoZones : public server::Handler,
                  public server::Startable,
                  public server::Transferer,
                  public ZoneLabels,
                  private ZoneSource {
 public:
  AutoZones(Options options, const server::Block& block, Loop& background);
  ~AutoZones() override { published_.replace(nullptr); }

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  /// Secondaries hear of every zone that is served.
  void serving() override;
  void stop(server::Deadline) noexcept override { timer_.reset(); }

  /// A zone's own name only: what lies below it is no zone.
  Result<std::unique_ptr<server::RecordStream>> transfer(dns::NameView name, uint32_t serial) override;
  dns::NameView zone_label(dns::NameView lower) const override;

 private:
  /// Each has a tree: what cannot be read is not taken up, and a tree is only ever replaced by another.
  using Zones = std::unordered_map<dns::Name, std::shared_ptr<const FileZone>, dns::NameHash, dns::NameEqual>;

  const FileZone* find(dns::NameView lower, dns::NameView& origin) const;
  const zones::ZoneTree* tree(dns::NameView origin) const override;
  bool may_ask(dns::NameView lower) const;

  void look_later();
  std::vector<dns::Name> look();
  bool insert(const ZoneFile& file, std::set<std::string>& complaints);
  bool remove_unseen(const std::set<const FileZone*>& seen);
  void publish();
  void tell(const FileZone& zone) const;

  const Options options_;
  const server::Block& block_;
  Loop& background_;
  server::Notifier* notifier_ = nullptr;  // the block's; it may have none
  VersionKeeper* keeper_ = nullptr;       // the same
  std::optional<Timer> timer_;
  std::unordered_map<dns::Name, std::shared_ptr<FileZone>, dns::NameHash, dns::NameEqual> zones_;  // the main thread's
  rcu::Pointer<Zones> published_;
  std::set<std::string> complaints_;  // of the last look: nothing is said twice in a row
};

}  // namespace portolan::auto_zones
