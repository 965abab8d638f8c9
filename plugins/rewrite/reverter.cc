// Changes of records and of the reply as a whole.
#include "plugins/rewrite/reverter.h"

#include <algorithm>

#include "plugins/rewrite/alias.h"
#include "plugins/rewrite/edns_options.h"
#include "plugins/rewrite/record_changer.h"

namespace portolan::rewrite {

using dns::Record;
using server::Query;
using Changes = std::span<const ReplyChange>;

namespace {

// What is not about records. The client's OPT is changed as well: a reply without an OPT of its own repeats it.
struct MessageChanger {
  Query& query;

  void operator()(const SwapRcode& swap) const {
    if (query.reply().rcode == swap.from) query.reply().rcode = swap.to;
  }
  void operator()(const DropOption& drop) const {
    for (auto* edns : {&query.reply().edns, &query.edns}) {
      if (!*edns) continue;
      if (const auto at = find_option(**edns, drop.code)) remove_option(**edns, *at, query.arena());
    }
  }
  void operator()(const RestoreOption& restore) const {
    for (auto* edns : {&query.reply().edns, &query.edns}) {
      if (!*edns) continue;
      const auto at = find_option(**edns, restore.before.code);
      if (at) replace_option(**edns, *at, restore.before, query.arena());
    }
  }
  template <class Other>
  void operator()(const Other&) const {}
};

void change_message(Query& query, Changes changes) {
  for (size_t i = changes.size(); i-- > 0;) std::visit(MessageChanger{query}, changes[i]);
}

bool change_records(ArenaVector<Record>& records, Changes changes, Arena& arena) {
  for (Record& record : records) {
    if (!change_record(record, changes, arena)) return false;
  }
  return true;
}

}  // namespace

bool needs_lookups(Changes changes, const server::Reply& reply) {
  const auto is_alias = [](const ReplyChange& change) { return std::holds_alternative<MapAlias>(change); };
  if (std::none_of(changes.begin(), changes.end(), is_alias)) return false;
  return std::any_of(reply.answer.begin(), reply.answer.end(),
                     [](const Record& record) { return record.type == dns::RRType::cname; });
}

bool change_reply(Query& query, Changes changes) {
  server::Reply& reply = query.reply();
  change_message(query, changes);
  return change_records(reply.answer, changes, query.arena()) &&
         change_records(reply.authority, changes, query.arena()) &&
         change_records(reply.additional, changes, query.arena());
}

Task<bool> change_reply_and_follow(Query& query, Changes changes) {
  server::Reply& reply = query.reply();
  change_message(query, changes);
  Task<bool> following = change_aliases(query, changes);
  const bool followed = co_await following;
  co_return followed&& change_records(reply.authority, changes, query.arena()) &&
      change_records(reply.additional, changes, query.arena());
}

}  // namespace portolan::rewrite
