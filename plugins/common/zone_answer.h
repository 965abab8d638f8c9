// Answering from authoritative zones: what `file`, `auto` and `secondary` do with a tree, aliases that lead out of it
// included.
#pragma once

#include "plugins/common/fallthrough.h"
#include "server/plugin.h"
#include "zones/lookup.h"

namespace portolan {

/// A plugin's zones, by name. Used by all workers.
class ZoneSource {
 public:
  virtual ~ZoneSource() = default;
  /// The version of zone `origin` (lower case) that is served; null when there is none. Inside an rcu::ReadGuard.
  virtual const zones::ZoneTree* tree(dns::NameView origin) const = 0;
};

/// What a tree had to say. It holds nothing of the tree: what was found lies in the query's reply.
struct ZoneFinding {
  zones::Status status = zones::Status::server_failure;
  dns::NameView target;  // with Status::outside
};

/// Looks the question up in `tree`, which it lies under. Inside an rcu::ReadGuard.
ZoneFinding find_in(const zones::ZoneTree& tree, server::Query& query);

/// Makes the answer of what was found in `origin`, a suffix of the question's name. An alias out of the zone is
/// followed through the whole server; what is not there may go on to the next plugin.
Task<server::Outcome> finish_zone(server::Query& query, const ZoneFinding& finding, dns::NameView origin,
                                  const ZoneSource& zones, const Fallthrough& fallthrough, server::Next next);

/// For a question that lies in no zone of the plugin: the next plugin's, or refused when there is none.
Task<server::Outcome> no_zone(server::Query& query, server::Next next);

/// A NOTIFY that is not meant for this server is not answered, only logged.
server::Outcome drop_notify(const server::Query& query, std::string_view plugin, dns::NameView origin);

}  // namespace portolan
