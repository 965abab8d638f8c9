// Cancel: gives each query a deadline.
#pragma once

#include <chrono>

#include "server/plugin.h"

namespace portolan::cancel {

/// Whoever waits for a query looks at query.deadline before beginning anything new.
class Cancel : public server::Handler {
 public:
  explicit Cancel(std::chrono::nanoseconds timeout) : timeout_(timeout) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;

 private:
  std::chrono::nanoseconds timeout_;
};

}  // namespace portolan::cancel
