// The zone's name servers. A machine that is an endpoint of services is known by these; one that is none is
// ns.dns.ZONE. Asked for so rarely that the sets may come from the heap.
#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "plugins/kubernetes/answers.h"
#include "plugins/kubernetes/local_endpoints.h"

namespace portolan::kubernetes {

using dns::NameView;
using dns::RRType;

namespace {

// Calls `visit(labels, octets)` for each name server and address: labels in front of the zone, 4 or 16 octets.
template <class Visit>
void each_name_server(const Context& context, Visit visit) {
  const bool is_endpoint = each_local_slice(context, [&](const Entry& entry, const SliceRow& slice) {
    if (entry.form() != Form::headless) {
      const Set& own = entry.own();
      for (uint32_t id = 0; id < own.v4_count + own.v6_count; ++id) visit(entry.key(), octets_of(entry, own, id));
      return;
    }
    const Set& set = entry.endpoints();
    for (const PairRow& pair : entry.pairs(set).subspan(slice.first_pair, slice.pairs)) {
      if (pair.address >= set.v4_count + set.v6_count || pair.host == kNoHost) continue;
      const std::string_view host = entry.text(entry.hosts(set)[pair.host]);
      const auto labels = context.arena.bytes(host.size() + entry.key().size());
      std::copy(entry.key().begin(), entry.key().end(), std::copy(host.begin(), host.end(), labels.begin()));
      visit(std::string_view(reinterpret_cast<const char*>(labels.data()), labels.size()),
            octets_of(entry, set, pair.address));
    }
  });
  if (is_endpoint) return;
  for (const IpAddress& local : context.settings.local) visit(std::string_view("\2ns\3dns"), local.octets());
}

RRType type_of(std::span<const uint8_t> octets) { return octets.size() == 4 ? RRType::a : RRType::aaaa; }

std::string_view text(std::span<const uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace

void add_name_servers(const Context& context, Records& answer, Records& additional) {
  const uint32_t ttl = context.settings.ttl;
  std::unordered_set<std::string_view> seen;  // in the arena
  each_name_server(context, [&](std::string_view labels, std::span<const uint8_t> octets) {
    const NameView name = under(context, labels, context.zone);
    if (name.is_root()) return;
    additional.push_back({name, type_of(octets), dns::RRClass::in, ttl, context.arena.copy(octets)});
    if (!seen.insert(text(name.wire())).second) return;
    answer.push_back({context.zone, RRType::ns, dns::RRClass::in, ttl, name.wire()});
  });
}

void add_name_server_addresses(const Context& context, RRType type, NameView owner, Records& out) {
  std::unordered_set<std::string_view> seen;  // in the arena
  each_name_server(context, [&](std::string_view, std::span<const uint8_t> octets) {
    if (type_of(octets) != type) return;
    const auto rdata = context.arena.copy(octets);
    if (!seen.insert(text(rdata)).second) return;
    out.push_back({owner, type, dns::RRClass::in, context.settings.ttl, rdata});
  });
}

}  // namespace portolan::kubernetes
