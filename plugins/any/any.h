// any: one short answer to every question of type ANY.
#pragma once

#include "server/plugin.h"

namespace portolan::any {

/// Holds nothing, so all workers share it freely.
class Any : public server::Handler {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
};

}  // namespace portolan::any
