// Changes of one record: its owner, the name in its rdata, its TTL.
#pragma once

#include <span>

#include "plugins/rewrite/rule.h"

namespace portolan::rewrite {

/// Does one change; false: a name comes out that is none. What is not about single records does nothing.
bool change_record(dns::Record& record, const ReplyChange& change, Arena& arena);
/// Does all, the last one first.
bool change_record(dns::Record& record, std::span<const ReplyChange> changes, Arena& arena);

}  // namespace portolan::rewrite
