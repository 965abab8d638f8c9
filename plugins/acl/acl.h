// acl: who may ask for what. Lists are looked at in the Corefile's order, and in each the first line that matches
// decides.
#pragma once

#include <array>
#include <vector>

#include "base/metrics.h"
#include "plugins/acl/policy.h"
#include "server/plugin.h"
#include "server/setup.h"

namespace portolan::acl {

/// One occurrence of the directive.
struct Rule {
  std::vector<dns::Name> zones;  // lower case
  std::vector<Policy> policies;
};

/// Unchanging once prepared, shared by all workers.
class Acl : public server::Handler, public server::Startable {
 public:
  Acl(std::vector<Rule> rules, const server::Block& block, const server::Configuration& configuration)
      : rules_(std::move(rules)), block_(block), configuration_(configuration) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;

 private:
  /// What is counted where: by listener, rule and zone of the rule. All children are made at the start.
  using OfZone = std::array<metrics::Counter, kActions>;
  struct OfListener {
    const server::ListenerPlan* listener;
    metrics::Counter allowed;
    std::vector<std::vector<OfZone>> refused;
  };

  OfListener counters_of(const server::ListenerPlan& listener) const;
  const OfListener* counters_of(const server::Query& query) const;
  void count_refused(const server::Query& query, size_t rule, size_t zone, Action action) const;

  const std::vector<Rule> rules_;
  const server::Block& block_;
  const server::Configuration& configuration_;
  std::vector<OfListener> counters_;
};

}  // namespace portolan::acl
