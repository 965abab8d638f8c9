// The plugin's metrics: CoreDNS's programming latency, and how well the cluster is known.
#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"

namespace portolan::kubernetes {

class ClusterState;

/// Registers the families, so that they are exposed from the start.
void register_metrics();
/// Counts the time since `trigger_time` (an annotation of endpoint slices, RFC 3339); anything else is left out.
void observe_programming(std::string_view trigger_time, bool headless, const Clock& clock);
/// Shows the state of `state`'s connections at each scrape, until it is gone.
void expose_state(const std::shared_ptr<ClusterState>& state);
void forget_state(const ClusterState& state);

}  // namespace portolan::kubernetes
