// Setting the deadline; an earlier one stays.
#include "plugins/cancel/cancel.h"

#include <algorithm>

#include "server/worker.h"

namespace portolan::cancel {

Task<server::Outcome> Cancel::serve(server::Query& query, server::Next next) {
  const SteadyTime now = query.worker().now();
  if (timeout_ < SteadyTime::max() - now) query.deadline = std::min(query.deadline, now + timeout_);
  return next(query);
}

}  // namespace portolan::cancel
