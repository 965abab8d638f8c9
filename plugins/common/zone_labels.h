// Zones that come and go while the server runs (`auto`): `prometheus` counts queries by them, since the zones of the
// Corefile do not name them.
#pragma once

#include "dns/name.h"

namespace portolan {

/// Asked on any worker, once a query.
class ZoneLabels {
 public:
  virtual ~ZoneLabels() = default;
  /// The zone of this plugin that `lower` lies in, as a suffix of it; the root when there is none.
  virtual dns::NameView zone_label(dns::NameView lower) const = 0;
};

}  // namespace portolan
