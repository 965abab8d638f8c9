// A block has a handful of listeners at most, so that a worker's list is short.
#include "plugins/common/listener_counter.h"

#include <algorithm>

#include "server/configuration.h"
#include "server/query.h"
#include "server/worker.h"

namespace portolan {

void ListenerCounter::add(const server::Query& query) {
  auto& known = known_[query.worker().index()];
  const server::ListenerPlan* listener = &query.listener();
  auto found = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.first == listener; });
  if (found == known.end()) found = known.insert(known.end(), {listener, family_.with({listener->label})});
  found->second.add();
}

}  // namespace portolan
