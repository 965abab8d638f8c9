// `rewrite cname`: CNAMEs of the answer lead elsewhere, and what they lead to is looked up anew.
#pragma once

#include <span>

#include "base/task.h"
#include "plugins/rewrite/rule.h"

namespace portolan::rewrite {

/// Does all `changes` to the records of the answer, the last one first; changed aliases are followed through the whole
/// server. False: a name comes out that is none.
Task<bool> change_aliases(server::Query& query, std::span<const ReplyChange> changes);

}  // namespace portolan::rewrite
