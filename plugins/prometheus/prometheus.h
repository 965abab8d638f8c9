// The `prometheus` plugin: counts queries and answers scrapes.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/per_worker.h"
#include "dns/name.h"
#include "plugins/common/zone_labels.h"
#include "plugins/prometheus/series.h"
#include "server/http/endpoint.h"
#include "server/plugin.h"
#include "server/setup.h"

namespace portolan::prometheus {

struct Options {
  std::string address = "localhost:9153";
  bool runtime_metrics = false;
};

/// What the instances of one configuration do together: the coredns_plugin_enabled of the configuration before goes
/// once.
struct Together {
  bool enabled_cleared = false;
};

/// One instance for all workers; they share tables that do not change and count in cells of their own.
class Prometheus : public server::Handler, public server::Startable {
 public:
  Prometheus(Options options, const server::Block& block, const server::Configuration& configuration,
             const Clock& clock, std::shared_ptr<Together> together, unsigned workers);
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void serving() override;
  void stop(server::Deadline) noexcept override;

  /// Where it listens; for tests.
  const server::http::Endpoint* endpoint() const { return endpoint_.get(); }

 private:
  /// A listener and a zone, as a query knows them: by the addresses of their data in the configuration.
  struct Place {
    const void* listener;
    const void* zone;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    size_t operator()(const Place& place) const {
      return std::hash<const void*>()(place.listener) * 31 + std::hash<const void*>()(place.zone);
    }
  };

  Task<server::Outcome> count_later(server::Query& query, Task<server::Outcome> rest, Series& series,
                                    size_t request_size) const;
  void count(const server::Query& query, const server::Outcome& outcome, Series& series, size_t request_size) const;
  Series& series_of(const server::Query& query, const server::Next& next);
  Series* series_of_label(const server::Query& query, const server::Next& next);
  std::string_view next_plugin() const;

  Options options_;
  const server::Block& block_;
  const server::Configuration& configuration_;
  const Clock& clock_;
  std::shared_ptr<Together> together_;
  std::unordered_map<Place, Series*, PlaceHash> series_;
  std::vector<const ZoneLabels*> zone_labels_;  // of the block's plugins whose zones come and go
  using ByZone = std::unordered_map<dns::Name, Series*, dns::NameHash, dns::NameEqual>;
  PerWorker<std::unordered_map<const void*, ByZone>> by_label_;  // by listener; what has been looked up for them
  std::shared_ptr<server::http::Endpoint> endpoint_;
  server::http::Endpoint::Route route_;
};

/// Counts a query that no server block took, with zone "dropped".
void count_unrouted(const server::Query& query, dns::Rcode rcode, size_t reply_size);

/// Registers coredns_build_info and process_*; with `runtime` also portolan_runtime_*. To be called any number of
/// times.
void register_process_metrics(bool runtime);

}  // namespace portolan::prometheus
