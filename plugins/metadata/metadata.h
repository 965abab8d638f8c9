// The `metadata` plugin's place in the chain. The core asks the annotators before the chain runs, since views choose
// the server block by what they say; what is left to do here is to pass queries on.
#pragma once

#include "server/plugin.h"

namespace portolan::metadata {

class Metadata : public server::Handler {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
};

}  // namespace portolan::metadata
