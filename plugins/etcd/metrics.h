// The plugin's metrics: how well a part of etcd is known. All have the label `source`, its endpoints. States with the
// same endpoints are shown as one: as connected as the least of them, as old as the oldest, with the keys of all.
#pragma once

namespace portolan::etcd {

class State;

/// Registers all families, so that they are exposed from the start.
void register_metrics();
/// Shows `state` at each scrape, until it is forgotten. Any thread.
void expose_state(const State& state);
void forget_state(const State& state);

}  // namespace portolan::etcd
