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

bool accepts(Query& query, const Router::Route& route) {
  enter(query, route);
  return !route.block->viewer_ || route.block->viewer_->accepts(query);
}

const Router::Route* find(Query& query, const Router& router) {
  const dns::NameView asked = query.question.lower;
  const Router::Route* parent_side = nullptr;  // of a DS question, so far
  for (dns::NameView name = asked;; name = name.parent()) {
    const bool last_resort = name.is_root() && !asked.is_root();
    if (last_resort && parent_side) break;
    for (const Router::Route* route = router.at(name); route; route = router.after(*route)) {
      if (route->block->members().empty()) {
        if (last_resort) continue;
        return nullptr;
      }
      if (!accepts(query, *route)) continue;
      if (query.question.type != dns::RRType::ds || last_resort) return route;
      parent_side = route;
    }
    if (name.is_root()) break;
  }
  if (parent_side) enter(query, *parent_side);
  return parent_side;
}

}  // namespace

const Block* choose_by_view(Query& query, const Router& router) {
  const Metadata* before = query.metadata;
  const Router::Route* found = find(query, router);
  if (!found) return nullptr;
  // A block without `metadata` keeps what was collected for those in front of it, as in CoreDNS; but the view is its
  // own.
  if (!found->block->has_metadata() && query.metadata != before) {
    query.metadata->set("view/name", found->block->view());
  }
  return found->block;
}

}  // namespace portolan::server
