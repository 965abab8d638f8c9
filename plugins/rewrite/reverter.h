// The way back: what the rules want of a reply is done to it.
#pragma once

#include <span>

#include "base/task.h"
#include "plugins/rewrite/rule.h"

namespace portolan::rewrite {

/// Whether doing `changes` to the reply needs look-ups.
bool needs_lookups(std::span<const ReplyChange> changes, const server::Reply& reply);

/// Does `changes` to the reply, the last one first. False: a name comes out that is none. Changes of aliases are left
/// out.
bool change_reply(server::Query& query, std::span<const ReplyChange> changes);

/// The same, aliases too. `query.question` is what the plugins behind were asked; `changes` lie in the query's arena.
Task<bool> change_reply_and_follow(server::Query& query, std::span<const ReplyChange> changes);

}  // namespace portolan::rewrite
