// CoreDNS's plugin has none; the names are ours. Gauges are set when they are asked for.
#include "plugins/etcd/metrics.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/metrics.h"
#include "plugins/etcd/state.h"

namespace portolan::etcd {
namespace {

const metrics::GaugeFamily& connected() {
  static const metrics::GaugeFamily family("portolan_etcd_connected", "Whether an etcd is being read (1) or not (0).",
                                           {"source"});
  return family;
}

const metrics::GaugeFamily& age() {
  static const metrics::GaugeFamily family("portolan_etcd_state_age_seconds",
                                           "Seconds since something was last heard of an etcd.", {"source"});
  return family;
}

const metrics::GaugeFamily& keys() {
  static const metrics::GaugeFamily family("portolan_etcd_keys", "Keys that are known of an etcd.", {"source"});
  return family;
}

using States = std::map<std::string, std::vector<const State*>>;  // by label, none of them empty
Guarded<States>& exposed() {
  static auto* const states = new Guarded<States>;
  return *states;
}

void show(const std::string& label, const std::vector<const State*>& states) {
  bool all_work = true;
  size_t sum = 0;
  std::optional<std::chrono::nanoseconds> oldest;
  for (const State* state : states) {
    all_work &= state->is_working();
    sum += state->keys();
    oldest = std::max(oldest, state->age());  // nothing is the least
  }
  connected().with({label}).set(all_work ? 1 : 0);
  keys().with({label}).set(static_cast<double>(sum));
  if (oldest) {
    age().with({label}).set(std::chrono::duration<double>(*oldest).count());
  } else {
    age().remove({label});  // it was that of a state that is gone
  }
}

}  // namespace

void register_metrics() {
  connected();
  age();
  keys();
  [[maybe_unused]] static const uint64_t hook = metrics::before_scrape([] {
    auto states = exposed().lock();
    for (const auto& [label, each] : *states) show(label, each);
  });
}

void expose_state(const State& state) { (*exposed().lock())[state.label()].push_back(&state); }

// What others of the same endpoints show stays: after a reload there may be one.
void forget_state(const State& state) {
  auto states = exposed().lock();
  const auto found = states->find(state.label());
  std::erase(found->second, &state);
  if (!found->second.empty()) return;
  states->erase(found);
  for (const auto* gauge : {&connected(), &age(), &keys()}) gauge->remove({state.label()});
}

}  // namespace portolan::etcd
