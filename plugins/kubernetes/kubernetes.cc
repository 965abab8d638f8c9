// The way of a query: find the zone, answer by type, then tell a name without data from one that does not exist.
#include "plugins/kubernetes/kubernetes.h"

#include <algorithm>

#include "base/rcu.h"
#include "dns/rdata.h"
#include "plugins/kubernetes/aliases.h"
#include "plugins/kubernetes/reasons.h"

namespace portolan::kubernetes {

using dns::NameView;
using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

constexpr std::string_view kSchemaVersion = "1.1.0";
constexpr uint32_t kSchemaTtl = 28800;

bool starts_with(NameView name, std::string_view labels) {
  return name.size() > labels.size() &&
         std::string_view(reinterpret_cast<const char*>(name.data()), name.size()).starts_with(labels);
}

// `lower` is exactly LABELS.ZONE.
bool is_under_zone(NameView lower, std::string_view labels, NameView zone) {
  return lower.size() == labels.size() + zone.size() && starts_with(lower, labels);
}

}  // namespace

Kubernetes::Kubernetes(Options options, server::Process& process) : options_(std::move(options)), process_(process) {
  for (const dns::Name& zone : options_.settings.zones) by_size_.push_back(&zone);
  std::stable_sort(by_size_.begin(), by_size_.end(),
                   [](const auto* a, const auto* b) { return a->view().size() > b->view().size(); });
}

Task<Outcome> Kubernetes::serve(Query& query, server::Next next) {
  const dns::Name* const zone = zone_of(query.question.lower);
  if (!zone) return next(query);
  if (query.question.type == RRType::axfr || query.question.type == RRType::ixfr) {
    return query.fail(dns::Rcode::refused);
  }
  const NameView name = query.question.name;
  const auto before_zone = static_cast<uint8_t>(name.size() - zone->view().size());
  const NameView as_asked(name.data() + before_zone, static_cast<uint8_t>(zone->view().size()));
  bool has_aliases = false;
  bool is_sure = true;
  {
    const rcu::ReadGuard guard;
    const Context context{options_.settings, index(), query.arena(), as_asked,
                          options_.settings.is_multicluster(*zone)};
    const Found found = answer(context, query, *zone, has_aliases);
    const bool goes_on = is_missing(found) && options_.settings.fallthrough.through(query.question.lower);
    if (!has_aliases && !goes_on) return finish(context, query, found);
    is_sure = context.is_sure;
  }
  if (has_aliases) return answer_aliases(query, as_asked, options_.settings.is_multicluster(*zone));
  return is_sure ? next(query) : pass_on_unsure(query, next, as_asked, options_.settings.is_multicluster(*zone));
}

const dns::Name* Kubernetes::zone_of(NameView lower) const {
  for (const dns::Name* zone : by_size_) {
    if (lower.is_under_lower(*zone)) return zone;
  }
  return nullptr;
}

Found Kubernetes::answer(const Context& context, Query& query, const dns::Name& zone, bool& has_aliases) const {
  auto& reply = query.reply();
  const NameView name = query.question.name;
  const NameView lower = query.question.lower;
  const RRType type = query.question.type;
  const bool at_apex = name.size() == zone.view().size();
  // CoreDNS compares these two names with the zone as asked, so that they exist in lower case only.
  const bool lower_zone = context.zone.identical(zone.view());
  const bool is_ns_name = lower_zone && !zone.view().is_root() && is_under_zone(lower, "\2ns\3dns", zone);

  switch (type) {
    case RRType::soa:
      if (at_apex) add_soa(context, reply.answer);
      return Found::nothing;
    case RRType::ns:
      if (!at_apex || !lower_zone) break;
      add_name_servers(context, reply.answer, reply.additional);
      return Found::nothing;
    case RRType::txt:
      return answer_text(context, query);
    case RRType::ptr:
      if (const Found found = add_reverse(context, lower, name, reply.answer); found != Found::nothing) return found;
      break;
    default:
      break;
  }
  if (is_ns_name && type != RRType::ptr) {
    if (type == RRType::a || type == RRType::aaaa) add_name_server_addresses(context, type, name, reply.answer);
    return Found::nothing;
  }

  Selection selection;
  const Found found = select(context, lower, selection);
  if (found != Found::records) return found;
  reply.part_will_do = context.settings.headless_fit && selection.is_headless();
  if (type == RRType::a || type == RRType::aaaa) {
    has_aliases = selection.has_names();
    if (!has_aliases) add_addresses(context, selection, type, name, reply.answer);
  } else if (type == RRType::srv) {
    add_services(context, selection, name, reply.answer, reply.additional);
  } else if (type == RRType::cname) {
    add_alias(context, selection, name, reply.answer);
  }
  return Found::nothing;
}

// Only dns-version has a text. Another name exists for this type when it has records of any kind.
Found Kubernetes::answer_text(const Context& context, Query& query) const {
  const NameView lower = query.question.lower;
  if (starts_with(lower, "\13dns-version") && lower.size() == 12 + context.zone.size()) {
    const std::string_view text[] = {kSchemaVersion};
    query.reply().answer.push_back(
        {query.question.name, RRType::txt, dns::RRClass::in, kSchemaTtl, dns::txt_rdata(text, query.arena())});
    return Found::records;
  }
  Selection selection;
  const Found found = select(context, lower, selection);
  // A service without endpoints in a topology zone has no data, of whatever type.
  if (found == Found::hidden || (found == Found::nothing && selection.entry)) return found;
  if (found != Found::records) return Found::no_name;
  const bool is_bare = selection.kind == Selection::Kind::own && selection.set->pair_count == 0;
  return is_bare ? Found::no_name : Found::nothing;
}

Task<Outcome> Kubernetes::answer_aliases(Query& query, NameView zone, bool multicluster) {
  AliasWalk walk(query, options_.settings, *standing_, zone, multicluster, query.question.type);
  Records records(query.arena());
  Task<bool> walking = walk.walk(query.question.name, &records);
  co_await walking;
  const rcu::ReadGuard reading;
  const Index& known = index();
  const bool is_sure = walk.is_sure() && known.synced_for(multicluster);
  const Context context{options_.settings, known, query.arena(), zone, multicluster, is_sure};
  // A target that is not known yet does not count as missing either.
  if (!walk.is_sure()) co_return finish(context, query, Found::no_name);
  auto& reply = query.reply();
  for (const dns::Record& record : records) reply.answer.push_back(record);
  reply.part_will_do = options_.settings.headless_fit && walk.ends_headless();
  reply.header.tc = walk.truncated();
  co_return finish(context, query, Found::nothing);
}

// A name that is not known here, while not all is known, and that others are asked for: they may have it, but that they
// do not does not make it one that does not exist.
Task<Outcome> Kubernetes::pass_on_unsure(Query& query, server::Next next, NameView zone, bool multicluster) {
  Task<Outcome> asking = next(query);
  const Outcome outcome = co_await asking;
  if (outcome.verdict != server::Verdict::answered || outcome.rcode != dns::Rcode::nxdomain) co_return outcome;
  query.reply().clear();
  const rcu::ReadGuard reading;
  const Context context{options_.settings, index(), query.arena(), zone, multicluster, false};
  co_return finish(context, query, Found::no_name);
}

Outcome Kubernetes::finish(const Context& context, Query& query, Found found) const {
  auto& reply = query.reply();
  reply.header.aa = true;
  if (reply.answer.empty()) add_soa(context, reply.authority);
  if (!is_missing(found)) return with_reason(context, query, found, query.answer());
  // What is not known yet does not count as missing.
  const dns::Rcode rcode = context.is_sure ? dns::Rcode::nxdomain : dns::Rcode::servfail;
  return with_reason(context, query, found, query.answer(rcode));
}

}  // namespace portolan::kubernetes
