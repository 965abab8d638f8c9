// The plugin's metrics: how well a part of etcd is known. All have the label `source`, its endpoints.
#pragma once

#include "base/metrics.h"

namespace portolan::etcd {

/// Each registers its family at the first call.
const metrics::GaugeFamily& connected_gauge();
const metrics::GaugeFamily& state_age();
const metrics::GaugeFamily& keys_gauge();

/// Registers all families, so that they are exposed from the start.
void register_metrics();

}  // namespace portolan::etcd
