// Deciding, answering and counting.
#include "plugins/acl/acl.h"

#include <algorithm>
#include <optional>

#include "server/configuration.h"

namespace portolan::acl {

using dns::NameView;
using server::Outcome;
using server::Query;

namespace {

const metrics::CounterFamily kBlocked("coredns_acl_blocked_requests_total", "Counter of DNS requests being blocked.",
                                      {"server", "zone", "view"});
const metrics::CounterFamily kFiltered("coredns_acl_filtered_requests_total", "Counter of DNS requests being filtered.",
                                       {"server", "zone", "view"});
const metrics::CounterFamily kAllowed("coredns_acl_allowed_requests_total", "Counter of DNS requests being allowed.",
                                      {"server", "view"});
const metrics::CounterFamily kDropped("coredns_acl_dropped_requests_total", "Counter of DNS requests being dropped.",
                                      {"server", "zone", "view"});

const metrics::CounterFamily* family_of(Action action) {
  switch (action) {
    case Action::block:
      return &kBlocked;
    case Action::filter:
      return &kFiltered;
    case Action::drop:
      return &kDropped;
    default:
      return nullptr;
  }
}

// The longest zone that the name lies in.
std::optional<size_t> zone_of(const Rule& rule, NameView lower) {
  std::optional<size_t> found;
  for (size_t i = 0; i < rule.zones.size(); ++i) {
    const NameView zone = rule.zones[i].view();
    const bool within = zone.is_root() || lower.is_under(zone);  // the root is the rule
    if (within && (!found || zone.size() > rule.zones[*found].view().size())) found = i;
  }
  return found;
}

Action decide(const Rule& rule, dns::RRType type, const IpAddress& source) {
  for (const Policy& policy : rule.policies) {
    if (policy.match.matches(type, source)) return policy.action;
  }
  return Action::none;
}

// As CoreDNS: the answer has an OPT with the reason and DO set, whether the client has EDNS or not (RFC 8914 section
// 2: the code alone, without a text).
constexpr uint8_t kBlockedCode[] = {0, static_cast<uint8_t>(dns::EdeCode::blocked)};
constexpr uint8_t kFilteredCode[] = {0, static_cast<uint8_t>(dns::EdeCode::filtered)};
constexpr dns::EdnsOption kBlockedOption[] = {{static_cast<uint16_t>(dns::OptionCode::ede), kBlockedCode}};
constexpr dns::EdnsOption kFilteredOption[] = {{static_cast<uint16_t>(dns::OptionCode::ede), kFilteredCode}};

Outcome refuse(Query& query, Action action) {
  if (action == Action::drop) return Outcome::dropped();
  const bool blocked = action == Action::block;
  dns::Edns& edns = query.reply().edns.emplace();
  edns.udp_size = 4096;
  edns.dnssec_ok = true;
  edns.options = blocked ? kBlockedOption : kFilteredOption;
  return query.answer(blocked ? dns::Rcode::refused : dns::Rcode::noerror);
}

}  // namespace

Task<Outcome> Acl::serve(Query& query, server::Next next) {
  const IpAddress source = query.client.ip.unmapped();
  for (size_t i = 0; i < rules_.size(); ++i) {
    const auto zone = zone_of(rules_[i], query.question.lower);
    if (!zone) continue;
    const Action action = decide(rules_[i], query.question.type, source);
    if (action == Action::allow) break;
    if (action == Action::none) continue;
    count_refused(query, i, *zone, action);
    return refuse(query, action);
  }
  if (const OfListener* counters = counters_of(query)) counters->allowed.add();
  return next(query);
}

const Acl::OfListener* Acl::counters_of(const Query& query) const {
  for (const OfListener& each : counters_) {
    if (each.listener == &query.listener()) return &each;
  }
  return nullptr;
}

void Acl::count_refused(const Query& query, size_t rule, size_t zone, Action action) const {
  if (const OfListener* counters = counters_of(query)) {
    counters->refused[rule][zone][static_cast<size_t>(action)].add();
  }
}

Result<void> Acl::prepare() {
  for (const auto& listener : configuration_.listeners()) {
    const auto& routes = listener->router.routes();
    const bool ours =
        std::any_of(routes.begin(), routes.end(), [&](const auto& route) { return route.block == &block_; });
    if (ours) counters_.push_back(counters_of(*listener));
  }
  return {};
}

// Only for what a list can do: a list that blocks has no counters of drops.
Acl::OfListener Acl::counters_of(const server::ListenerPlan& listener) const {
  OfListener made{&listener, kAllowed.with({listener.label, block_.view()}), {}};
  for (const Rule& rule : rules_) {
    auto& zones = made.refused.emplace_back(rule.zones.size());
    for (const Policy& policy : rule.policies) {
      const metrics::CounterFamily* family = family_of(policy.action);
      for (size_t i = 0; family != nullptr && i < zones.size(); ++i) {
        zones[i][static_cast<size_t>(policy.action)] =
            family->with({listener.label, rule.zones[i].text(), block_.view()});
      }
    }
  }
  return made;
}

}  // namespace portolan::acl
