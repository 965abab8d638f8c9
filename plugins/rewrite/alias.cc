// As in CoreDNS: of the answer stay the CNAMEs up to the one that is changed, then comes what its new target is.
#include "plugins/rewrite/alias.h"

#include "base/log.h"
#include "dns/rdata.h"
#include "plugins/rewrite/record_changer.h"

namespace portolan::rewrite {

using dns::Record;
using dns::RRType;
using server::Query;

namespace {

// Aliases followed for a client's question, and within each such look-up: rules that lead back multiply.
constexpr unsigned kMostAliases = 8;
constexpr unsigned kMostNested = 1;

/// The answer while aliases are changed. Records that have been dropped from it are still gone through, since what
/// follows them may be an alias too.
struct Answer {
  ArenaVector<Record*> records;
  unsigned followed = 0;
};

dns::NameView copied(dns::NameView name, Arena& arena) {
  return {arena.copy(name.wire()).data(), static_cast<uint8_t>(name.size())};
}

void take_answer(const server::Reply& theirs, Answer& answer, Arena& arena) {
  for (const Record& from : theirs.answer) {
    auto* record = arena.make<Record>(from);
    record->owner = copied(from.owner, arena);
    record->rdata = arena.copy(from.rdata);
    answer.records.push_back(record);
  }
}

// The CNAMEs up to the first that leads to `from`, which leads to `to` from now on.
void cut_behind(dns::NameView from, dns::NameView to, Answer& answer) {
  size_t kept = 0;
  for (Record* record : answer.records) {
    if (record->type != RRType::cname) continue;
    answer.records[kept++] = record;
    if (!dns::target_name(*record).equals(from)) continue;
    record->rdata = dns::name_rdata(to);
    break;
  }
  answer.records.resize_down(kept);
}

Task<bool> follow(Query& query, const MapAlias& alias, const Record& record, Answer& answer) {
  const dns::NameView before = dns::target_name(record);
  dns::NameView target = before;
  const Mapped mapped = alias.map->map(target, query.arena());
  if (mapped != Mapped::changed) co_return mapped == Mapped::same;
  if (answer.followed == (query.depth() == 0 ? kMostAliases : kMostNested)) co_return true;
  ++answer.followed;
  Task<server::Lookup> asking = query.lookup(target, query.question.type);
  const server::Lookup found = co_await asking;
  if (!found.query) {
    log::limited(log::Level::error, "plugin/rewrite: upstream lookup returned nothing");
    co_return true;
  }
  const server::Reply& theirs = found.query->reply();
  cut_behind(before, target, answer);
  take_answer(theirs, answer, query.arena());
  query.reply().header.tc = theirs.header.tc;
  co_return true;
}

}  // namespace

Task<bool> change_aliases(Query& query, std::span<const ReplyChange> changes) {
  Arena& arena = query.arena();
  ArenaVector<Record>& records = query.reply().answer;
  const auto old = arena.array<Record>(records.size());
  Answer answer{ArenaVector<Record*>(arena)};
  for (size_t i = 0; i < old.size(); ++i) {
    old[i] = records[i];
    answer.records.push_back(&old[i]);
  }
  for (Record& record : old) {
    for (size_t i = changes.size(); i-- > 0;) {
      const MapAlias* alias = std::get_if<MapAlias>(&changes[i]);
      if (!alias) {
        if (!change_record(record, changes[i], arena)) co_return false;
      } else if (record.type == RRType::cname) {
        Task<bool> following = follow(query, *alias, record, answer);
        const bool done = co_await following;
        if (!done) co_return false;
      }
    }
  }
  records.clear();
  for (const Record* record : answer.records) records.push_back(*record);
  co_return true;
}

}  // namespace portolan::rewrite
