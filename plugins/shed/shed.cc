// One question to the socket that the query came through.
#include "plugins/shed/shed.h"

namespace portolan::shed {

Task<server::Outcome> Shed::serve(server::Query& query, server::Next next) {
  const bool from_client = query.responder_ != nullptr;  // branches and lookups belong to a query that was begun
  if (from_client && query.responder_->sheds()) return server::Outcome::dropped();
  return next(query);
}

}  // namespace portolan::shed
