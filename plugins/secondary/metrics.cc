// Families of the metrics, and who still needs their children.
#include "plugins/secondary/metrics.h"

#include <map>

namespace portolan::secondary {
namespace {

const metrics::GaugeFamily& serials() {
  static const metrics::GaugeFamily family("portolan_secondary_zone_serial",
                                           "Serial of the version of a zone that was transferred last.", {"zone"});
  return family;
}

const metrics::GaugeFamily& expiries() {
  static const metrics::GaugeFamily family(
      "portolan_secondary_zone_expiry_timestamp_seconds",
      "When a zone expires if no primary answers until then; once that is past, it has.", {"zone"});
  return family;
}

std::map<std::string, unsigned>& users() {
  static std::map<std::string, unsigned> all;  // by zone
  return all;
}

}  // namespace

ZoneGauges::ZoneGauges(std::string zone) : zone_(std::move(zone)) { ++users()[zone_]; }

ZoneGauges::~ZoneGauges() {
  const auto found = users().find(zone_);
  if (--found->second > 0) return;
  users().erase(found);
  serials().remove({zone_});
  expiries().remove({zone_});
}

void ZoneGauges::set(uint32_t serial, double expiry) const {
  serials().with({zone_}).set(serial);
  expiries().with({zone_}).set(expiry);
}

void count_transfer(std::string_view result) {
  static const metrics::CounterFamily family("portolan_secondary_transfers_total",
                                             "Transfers of zones, by what they brought.", {"result"});
  family.with({result}).add();
}

}  // namespace portolan::secondary
