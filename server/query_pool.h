// QueryPool: the queries of one worker. Taken and given back on its thread only, so a warm pool costs a pointer swap.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "server/query.h"

namespace portolan::server {

class Configuration;

/// A worker's hold on a configuration: how many of its queries still run on it.
struct ConfigurationHold {
  std::shared_ptr<Configuration> configuration;
  size_t queries = 0;
  bool retired = false;
};

class QueryPool {
 public:
  /// `most`: queries under way, beyond which full() is true.
  QueryPool(Worker& worker, size_t most) : worker_(&worker), most_(most) {}
  ~QueryPool();
  QueryPool(const QueryPool&) = delete;
  QueryPool& operator=(const QueryPool&) = delete;

  /// An empty query, on no configuration yet.
  Query& take();
  /// From now on `query` runs on `hold`'s configuration, until it is given back.
  void enter(Query& query, ConfigurationHold& hold) {
    query.hold_ = &hold;
    ++hold.queries;
    ++in_flight_;
  }
  void give_back(Query& query);
  /// Queries under way.
  size_t in_flight() const { return in_flight_; }
  bool full() const { return in_flight_ > most_; }
  /// Called when the last query of a retired configuration has ended.
  void on_drained(std::function<void(ConfigurationHold&)> drained) { drained_ = std::move(drained); }

 private:
  Worker* worker_;
  const size_t most_;
  Query* free_ = nullptr;
  size_t kept_ = 0;
  size_t in_flight_ = 0;
  std::function<void(ConfigurationHold&)> drained_;
};

}  // namespace portolan::server
