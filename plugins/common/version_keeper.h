// VersionKeeper: who keeps what changes between the versions of a zone.
#pragma once

#include <memory>

#include "zones/zone_tree.h"

namespace portolan {

/// What a plugin that hands out zones (server::Transferer) tells of each version, as Block::other("transfer"). On the
/// main thread.
class VersionKeeper {
 public:
  virtual ~VersionKeeper() = default;
  /// `tree` is the zone from now on. From serving() on, and before secondaries are told.
  virtual void keep(const std::shared_ptr<const zones::ZoneTree>& tree) = 0;
  /// The zone is no longer there.
  virtual void forget(const dns::Name& zone) = 0;
};

}  // namespace portolan
