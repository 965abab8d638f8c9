// rewrite: changes questions on their way in and replies on their way out, so that the client sees nothing of it.
#pragma once

#include <vector>

#include "plugins/rewrite/rule.h"
#include "server/plugin.h"

namespace portolan::rewrite {

/// All `rewrite` directives of a block, for all workers.
class Rewrite : public server::Handler {
 public:
  explicit Rewrite(std::vector<RulePtr> rules) : rules_(std::move(rules)) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;

 private:
  const std::vector<RulePtr> rules_;  // in the Corefile's order
};

}  // namespace portolan::rewrite
