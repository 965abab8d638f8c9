// The way of a query through the core: router, chain, finishing touches, encoding.
#pragma once

#include <span>

#include "base/task.h"
#include "server/query.h"

namespace portolan::server {

class CoreWorker;

/// Finds the block for `query` and runs its chain. Every exception that escapes a plugin ends here: it is counted
/// (coredns_panics_total) and becomes SERVFAIL.
Task<Outcome> route(Query& query);

/// Gives `query` the metadata of `block`, in place of any it has; nothing when the block has no `metadata`. To be
/// called for a block before it is chosen.
void annotate(const Block& block, Query& query);

/// Serves `query.packet`, whatever it holds, to its end: parse, route, encode, hand to the query's responder. What is
/// no question is answered as recorded from CoreDNS; SERVFAIL when `worker` has more queries under way than it may.
void serve(CoreWorker& worker, Query& query);

}  // namespace portolan::server
