// The walk along aliases. A target in the zone is answered from the index, and left out with its alias when nothing is
// there; any other is asked of the server, and the alias stands even when that fails.
#include "plugins/kubernetes/aliases.h"

#include "base/rcu.h"
#include "dns/rdata.h"
#include "plugins/common/alias_path.h"
#include "plugins/common/arena_copy.h"

namespace portolan::kubernetes {

using dns::NameView;

namespace {

// For one question: slices of addressType FQDN may name many services, and these name one another.
constexpr unsigned kMostFollowed = 64;

}  // namespace

// Addresses of `name` from the index, and copies of the names it is an alias of.
Found AliasWalk::here(NameView name, Records& out, Targets& targets) {
  Arena& arena = query_.arena();
  const rcu::ReadGuard reading;
  const Context context{settings_, standing_.content(), arena, zone_, multicluster_};
  Selection selection;
  const Found found = select(context, dns::lower(name, arena), selection);
  if (found == Found::no_name && !context.is_sure) sure_ = false;
  if (found != Found::records) return found;
  const size_t before = out.size();
  add_addresses(context, selection, type_, name, out);
  if (out.size() > before) (selection.is_headless() ? any_headless_ : any_other_) = true;
  if (selection.kind == Selection::Kind::external) targets.push_back(name_copy(selection.entry->external(), arena));
  if (selection.kind == Selection::Kind::endpoints && selection.has_names()) {
    const Set& set = *selection.set;
    const uint32_t addresses = set.v4_count + set.v6_count;
    selection.each([&](const PairRow& pair, const PortRow&) {
      if (pair.address >= addresses) {
        const auto names = selection.entry->names(set);
        targets.push_back(name_copy(selection.entry->text(names[pair.address - addresses]), arena));
      }
      return true;
    });
  }
  return found;
}

Task<bool> AliasWalk::walk(NameView name, Records* out) {
  Targets targets(query_.arena());
  const Found found = here(name, *out, targets);
  if (is_missing(found)) co_return false;
  const NameView lower = dns::lower(name, query_.arena());
  for (size_t i = 0; i < targets.size(); ++i) {
    const NameView target = targets[i];
    if (is_alias_loop(lower, target, path_)) continue;
    if (followed_ == kMostFollowed) break;
    ++followed_;
    const dns::Record alias{name, dns::RRType::cname, dns::RRClass::in, settings_.ttl, target.wire()};
    if (target.is_under(zone_)) {
      Records behind(query_.arena());
      path_.push_back(target);
      Task<bool> walking = walk(target, &behind);
      const bool exists = co_await walking;
      path_.resize_down(path_.size() - 1);
      if (!exists || behind.empty()) continue;
      out->push_back(alias);
      for (const dns::Record& record : behind) out->push_back(record);
      continue;
    }
    Task<server::Lookup> asking = query_.lookup(target, type_);
    const server::Lookup elsewhere = co_await asking;
    if (!elsewhere.query) continue;
    const server::Reply& reply = elsewhere.query->reply();
    truncated_ |= reply.header.tc;
    any_other_ = true;
    out->push_back(alias);
    for (const dns::Record& record : reply.answer) out->push_back(record_copy(record, query_.arena()));
  }
  co_return true;
}

}  // namespace portolan::kubernetes
