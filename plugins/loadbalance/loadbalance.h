// loadbalance: changes the order of the records in answers, so that clients spread over the addresses.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "plugins/loadbalance/order.h"
#include "server/plugin.h"

namespace portolan::loadbalance {

struct Options {
  corefile::Position at;                                       // of the directive, for errors
  std::string weight_file;                                     // empty: round robin
  std::chrono::nanoseconds reload = std::chrono::seconds(30);  // of the weight file; 0: never
  std::vector<IpPrefix> preferred;
};

/// Workers read, without a lock; the weight file is looked at on the background loop only.
class LoadBalance : public server::Handler, public server::Startable {
 public:
  LoadBalance(Options options, Loop& background);
  ~LoadBalance() override;

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void stop(server::Deadline deadline) noexcept override;

  /// Reads the weight file if its content has changed. On the background loop. False: it cannot be opened.
  Result<bool> read_weights();

 private:
  Task<server::Outcome> wait_for(server::Query& query, Task<server::Outcome> task);
  server::Outcome order(server::Query& query, const server::Outcome& outcome) const;
  void order_by_weight(server::Query& query) const;
  void schedule();

  const Options options_;
  Loop& background_;
  std::atomic<const Weights*> weights_;  // replaced as a whole
  std::string content_;                  // of the weight file when it was read
  std::optional<Timer> timer_;
};

}  // namespace portolan::loadbalance
