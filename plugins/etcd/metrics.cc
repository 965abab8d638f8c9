// CoreDNS's plugin has none; the names are ours.
#include "plugins/etcd/metrics.h"

namespace portolan::etcd {

const metrics::GaugeFamily& connected_gauge() {
  static const metrics::GaugeFamily family("portolan_etcd_connected", "Whether an etcd is being read (1) or not (0).",
                                           {"source"});
  return family;
}

const metrics::GaugeFamily& state_age() {
  static const metrics::GaugeFamily family("portolan_etcd_state_age_seconds",
                                           "Seconds since something was last heard of an etcd.", {"source"});
  return family;
}

const metrics::GaugeFamily& keys_gauge() {
  static const metrics::GaugeFamily family("portolan_etcd_keys", "Keys that are known of an etcd.", {"source"});
  return family;
}

void register_metrics() {
  connected_gauge();
  state_age();
  keys_gauge();
}

}  // namespace portolan::etcd
