// Shed: does not begin a query whose answer could not leave.
#pragma once

#include "server/plugin.h"

namespace portolan::shed {

/// The listener keeps the answers that wait and knows when there are too many (server/listen/unsent.h).
class Shed : public server::Handler {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
};

}  // namespace portolan::shed
