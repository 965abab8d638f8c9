// minimal: takes from positive answers what was not asked for.
#pragma once

#include "server/plugin.h"

namespace portolan::minimal {

/// Holds nothing, so all workers share it freely.
class Minimal : public server::Handler {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
};

}  // namespace portolan::minimal
