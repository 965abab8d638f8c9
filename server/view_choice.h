// Which server block answers a query where some have views: each block of a zone is asked in the Corefile's order, and
// where none takes the query the search goes on with the parent zone.
#pragma once

#include "server/router.h"

namespace portolan::server {

/// A block, or why there is none: REFUSED, or SERVFAIL while a view does not know yet.
struct ViewChoice {
  const Block* block = nullptr;
  dns::Rcode rcode = dns::Rcode::refused;
};

/// The block for the query, which is set in it together with the zone and the metadata. A DS question goes to the
/// shortest zone with a block that takes it, as in Router::find().
ViewChoice choose_by_view(Query& query, const Router& router);

}  // namespace portolan::server
