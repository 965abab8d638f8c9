// What kind of answer a reply is, for the classes of the `log` plugin.
#pragma once

#include <cstdint>
#include <ctime>

#include "server/query.h"

namespace portolan::query_log {

/// Bits, so that a rule can want several. `all` includes what belongs to no other class.
enum Class : uint8_t { kSuccess = 1, kDenial = 2, kError = 4, kAll = 8 };

/// The class of what the client gets; `now` is for signatures that have expired.
Class classify(const server::Query& query, const server::Outcome& outcome, std::time_t now);

}  // namespace portolan::query_log
