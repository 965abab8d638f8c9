// The way of a query through the core: router, chain, finishing touches, encoding.
#pragma once

#include <span>

#include "base/task.h"
#include "dns/message.h"
#include "server/query.h"

namespace portolan::server {

/// Finds the block for `query` and runs its chain. Every exception that escapes a plugin ends here: it is counted
/// (coredns_panics_total) and becomes SERVFAIL.
Task<Outcome> route(Query& query);

/// Gives `query` the metadata of `block`, in place of any it has; nothing when the block has no `metadata`. To be
/// called for a block before it is chosen.
void annotate(const Block& block, Query& query);

/// Serves a parsed query to its end: route, encode, hand to the query's responder.
void serve(Query& query);

/// Answers what `parse_query` did not take for a question, as recorded from CoreDNS.
void serve_malformed(Query& query, dns::QueryStatus status, const dns::ParsedQuery& parsed);

}  // namespace portolan::server
