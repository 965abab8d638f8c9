// A counter with the one label `server`, for plugins that count queries by the listener that was asked.
#pragma once

#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/per_worker.h"

namespace portolan {
namespace server {
class Query;
struct ListenerPlan;
}  // namespace server

/// The family's children of one block's listeners. Each comes into being with its first count, so that the exposition
/// shows what has happened only, as CoreDNS's does. For all workers; each looks into a list of its own.
class ListenerCounter {
 public:
  /// `family` has the label `server` alone and lives as long as the process.
  ListenerCounter(const metrics::CounterFamily& family, unsigned workers) : family_(family), known_(workers) {}
  /// Counts one for the listener of `query`.
  void add(const server::Query& query);

 private:
  const metrics::CounterFamily& family_;
  PerWorker<std::vector<std::pair<const server::ListenerPlan*, metrics::Counter>>> known_;
};

}  // namespace portolan
