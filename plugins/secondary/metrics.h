// What secondaries tell a scrape: the zones there are, until when they are good, and how transfers end.
#pragma once

#include <string>

#include "base/metrics.h"

namespace portolan::secondary {

/// The gauges of one zone while it lives. Several may have the same name, in two server blocks or during a reload: the
/// gauges then go with the last one. Used by the main thread.
class ZoneGauges {
 public:
  explicit ZoneGauges(std::string zone);
  ~ZoneGauges();
  ZoneGauges(const ZoneGauges&) = delete;
  ZoneGauges& operator=(const ZoneGauges&) = delete;

  /// `expiry`: seconds since the Unix epoch.
  void set(uint32_t serial, double expiry) const;

 private:
  const std::string zone_;
};

/// `result`: whole, changes, failed.
void count_transfer(std::string_view result);

}  // namespace portolan::secondary
