// The walk from the question's name to the root, as CoreDNS does it: a block without plugins ends it, but for the
// root's.
#include "server/view_choice.h"

#include "server/metadata.h"
#include "server/serve.h"
#include "server/setup.h"

namespace portolan::server {
namespace {

// Makes `route` the query's, with its metadata.
void enter(Query& query, const Router::Route& route) {
  query.block = route.block;
  query.zone = route.zone.view();
  annotate(*route.block, query);
}

using Takes = Viewer::Takes;

Takes takes(Query& query, const Router::Route& route) {
  enter(query, route);
  return route.block->viewer_ ? route.block->viewer_->takes(query) : Takes::yes;
}

struct Found {
  const Router::Route* route = nullptr;
  bool later = false;
};

Found find(Query& query, const Router& router) {
  const dns::NameView asked = query.question.lower;
  Found parent_side;  // of a DS question, so far
  for (dns::NameView name = asked;; name = name.parent()) {
    const bool last_resort = name.is_root() && !asked.is_root();
    if (last_resort && parent_side.route) break;
    for (const Router::Route* route = router.at(name); route; route = router.after(*route)) {
      if (route->block->members().empty()) {
        if (last_resort) continue;
        return {};
      }
      const Takes answer = takes(query, *route);
      if (answer == Takes::later) return {nullptr, true};
      if (answer == Takes::no) continue;
      if (query.question.type != dns::RRType::ds || last_resort) return {route};
      parent_side.route = route;
    }
    if (name.is_root()) break;
  }
  if (parent_side.route) enter(query, *parent_side.route);
  return parent_side;
}

}  // namespace

ViewChoice choose_by_view(Query& query, const Router& router) {
  Metadata* const before = query.metadata;
  const Block* const block_before = query.block;
  const dns::NameView zone_before = query.zone;
  const Found found = find(query, router);
  if (!found.route) {  // as if no block had been asked
    query.metadata = before;
    query.block = block_before;
    query.zone = zone_before;
    return {nullptr, found.later ? dns::Rcode::servfail : dns::Rcode::refused};
  }
  // A block without `metadata` keeps what was collected for those in front of it, as in CoreDNS; but the view is its
  // own.
  const Block& block = *found.route->block;
  if (!block.has_metadata() && query.metadata != before) query.metadata->set("view/name", block.view());
  return {&block};
}

}  // namespace portolan::server
