// What clients are told of an answer's reason (RFC 8914), for the `errors` plugin to send.
#pragma once

#include "plugins/kubernetes/selection.h"
#include "server/query.h"

namespace portolan::kubernetes {

/// `outcome` of an answer from `context`, with the reason, if there is one: that the cluster is not known, that a
/// snapshot is answered from, that the configuration hides a namespace (`found`).
server::Outcome with_reason(const Context& context, const server::Query& query, Found found, server::Outcome outcome);

}  // namespace portolan::kubernetes
