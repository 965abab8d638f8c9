// Gauges are set when they are asked for: reading a connection's state costs nothing, keeping it would.
#include "plugins/kubernetes/metrics.h"

#include <array>
#include <ctime>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/metrics.h"
#include "plugins/kubernetes/cluster_state.h"

namespace portolan::kubernetes {
namespace {

constexpr std::string_view kKindNames[] = {"service", "endpointslice", "pod", "namespace"};

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

void show(const ClusterState& state) {
  for (size_t i = 0; i < cluster::kKinds; ++i) {
    const auto kind = static_cast<cluster::Kind>(i);
    if (!state.wants(kind)) continue;
    const auto& connection = state.connection(kind);
    connected().with({state.label(), kKindNames[i]}).set(connection.working.load() == 1 ? 1 : 0);
    const int64_t read = connection.read.load();
    if (read == 0) continue;
    const std::chrono::nanoseconds since = state.clock().now().time_since_epoch() - std::chrono::nanoseconds(read);
    age().with({state.label(), kKindNames[i]}).set(std::chrono::duration<double>(since).count());
  }
}

void show_all() {
  std::vector<std::shared_ptr<ClusterState>> live;  // let go of after the lock
  {
    auto states = exposed_states().lock();
    std::erase_if(*states, [](const auto& state) { return state.expired(); });
    for (const auto& state : *states) {
      if (auto alive = state.lock()) live.push_back(std::move(alive));
    }
  }
  for (const auto& state : live) show(*state);
}

}  // namespace

void register_metrics() {
  programming();
  connected();
  age();
  [[maybe_unused]] static const uint64_t hook = metrics::before_scrape(show_all);
}

double parse_time(std::string_view text) {
  std::tm when{};
  const std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &when);
  if (!rest) return -1;
  double fraction = 0;
  if (*rest == '.') {
    double place = 0.1;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, place /= 10) fraction += (*rest - '0') * place;
  }
  double offset = 0;
  if (*rest == '+' || *rest == '-') {
    int hours = 0, minutes = 0;
    if (std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2) return -1;
    offset = (hours * 3600 + minutes * 60) * (*rest == '-' ? -1.0 : 1.0);
  } else if (*rest != 'Z' || rest[1] != '\0') {
    return -1;
  }
  return static_cast<double>(timegm(&when)) + fraction - offset;
}

void observe_programming(std::string_view trigger_time, bool headless, const Clock& clock) {
  const double triggered = parse_time(trigger_time);
  if (triggered < 0) return;
  const std::chrono::duration<double> now = clock.wall().time_since_epoch();
  programming().with({headless ? "headless_with_selector" : "cluster_ip"}).observe(now.count() - triggered);
}

void expose_state(const std::shared_ptr<ClusterState>& state) { exposed_states().lock()->push_back(state); }

// Another state of the same source shows itself again at the next scrape.
void forget_state(const ClusterState& state) {
  for (const std::string_view kind : kKindNames) {
    connected().remove({state.label(), kind});
    age().remove({state.label(), kind});
  }
}

}  // namespace portolan::kubernetes
