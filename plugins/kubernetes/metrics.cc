// Gauges are set when they are asked for: reading a connection's state costs nothing, keeping it would.
#include "plugins/kubernetes/metrics.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/metrics.h"
#include "base/rfc3339.h"
#include "plugins/kubernetes/cluster_state.h"

namespace portolan::kubernetes {
namespace {

constexpr std::string_view kKindNames[] = {"service", "endpointslice", "pod", "namespace", "serviceimport"};

const metrics::HistogramFamily& programming() {
  static const metrics::HistogramFamily family("coredns_kubernetes_dns_programming_duration_seconds",
                                               "Histogram of the time (in seconds) it took to program a dns instance.",
                                               {"service_kind"}, metrics::exponential_bounds(0.001, 2, 20));
  return family;
}

const metrics::GaugeFamily& connected() {
  static const metrics::GaugeFamily family(
      "portolan_kubernetes_connected", "Whether objects of a kind are being read (1) or not (0).", {"source", "kind"});
  return family;
}

const metrics::GaugeFamily& age() {
  static const metrics::GaugeFamily family("portolan_kubernetes_state_age_seconds",
                                           "Seconds since something was last read about objects of a kind.",
                                           {"source", "kind"});
  return family;
}

Guarded<std::vector<std::weak_ptr<ClusterState>>>& exposed_states() {
  static auto* const states = new Guarded<std::vector<std::weak_ptr<ClusterState>>>;
  return *states;
}

/// What is shown of all states of a source, of one kind: as connected as the least of them, as old as the oldest.
struct Shown {
  bool connected = true;
  std::optional<std::chrono::nanoseconds> age;  // none: nothing was read yet
};
using AllShown = std::map<std::pair<std::string, size_t>, Shown>;  // by label and kind

void add(const ClusterState& state, AllShown& all) {
  for (size_t i = 0; i < cluster::kKinds; ++i) {
    const auto kind = static_cast<cluster::Kind>(i);
    if (!state.wants(kind)) continue;
    const auto& connection = state.connection(kind);
    Shown& shown = all[{state.label(), i}];
    shown.connected &= connection.working.load() == 1;
    const int64_t read = connection.read.load();
    if (read == 0) continue;
    const std::chrono::nanoseconds since = state.clock().now().time_since_epoch() - std::chrono::nanoseconds(read);
    shown.age = std::max(shown.age, std::optional(since));  // none is the least
  }
}

// To be let go of when no lock is held.
std::vector<std::shared_ptr<ClusterState>> live_states() {
  std::vector<std::shared_ptr<ClusterState>> live;
  auto states = exposed_states().lock();
  std::erase_if(*states, [](const auto& state) { return state.expired(); });
  for (const auto& state : *states) {
    if (auto alive = state.lock()) live.push_back(std::move(alive));
  }
  return live;
}

void show_all() {
  AllShown all;
  for (const auto& state : live_states()) add(*state, all);
  for (const auto& [place, shown] : all) {
    const auto& [label, kind] = place;
    connected().with({label, kKindNames[kind]}).set(shown.connected ? 1 : 0);
    if (shown.age) age().with({label, kKindNames[kind]}).set(std::chrono::duration<double>(*shown.age).count());
  }
}

}  // namespace

void register_metrics() {
  programming();
  connected();
  age();
  [[maybe_unused]] static const uint64_t hook = metrics::before_scrape(show_all);
}

void observe_programming(std::string_view trigger_time, bool headless, const Clock& clock) {
  const double triggered = rfc3339_seconds(trigger_time);
  if (triggered < 0) return;
  const std::chrono::duration<double> now = clock.wall().time_since_epoch();
  programming().with({headless ? "headless_with_selector" : "cluster_ip"}).observe(now.count() - triggered);
}

void expose_state(const std::shared_ptr<ClusterState>& state) { exposed_states().lock()->push_back(state); }

// After a reload another state of the same source may be there: what it shows stays.
void forget_state(const ClusterState& state) {
  const auto others = live_states();
  for (size_t i = 0; i < cluster::kKinds; ++i) {
    const auto shown = [&](const auto& other) {
      return other->label() == state.label() && other->wants(static_cast<cluster::Kind>(i));
    };
    if (std::any_of(others.begin(), others.end(), shown)) continue;
    connected().remove({state.label(), kKindNames[i]});
    age().remove({state.label(), kKindNames[i]});
  }
}

}  // namespace portolan::kubernetes
