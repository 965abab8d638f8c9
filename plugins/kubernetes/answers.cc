// Addresses, SRV, CNAME and SOA.
#include "plugins/kubernetes/answers.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "dns/rdata.h"
#include "dns/wire_writer.h"
#include "plugins/common/arena_copy.h"

namespace portolan::kubernetes {

using dns::NameView;
using dns::Record;
using dns::RRClass;
using dns::RRType;

namespace {

// `octets` cut into addresses, copied at once.
void add_all(const Context& context, std::span<const uint8_t> octets, size_t each, RRType type, NameView owner,
             Records& out) {
  const auto copy = context.arena.copy(octets);
  for (size_t at = 0; at < copy.size(); at += each) {
    out.push_back({owner, type, RRClass::in, context.settings.ttl, copy.subspan(at, each)});
  }
}

// Address number `id` of a set; false for a name.
bool add_address(const Context& context, const Selection& selection, uint32_t id, NameView owner, Records& out) {
  const Set& set = *selection.set;
  if (id < set.v4_count) {
    add_all(context, selection.entry->v4(set).subspan(id * 4, 4), 4, RRType::a, owner, out);
  } else if (id < set.v4_count + set.v6_count) {
    const auto octets = selection.entry->v6(set).subspan((id - set.v4_count) * 16, 16);
    add_all(context, octets, 16, RRType::aaaa, owner, out);
  } else {
    return false;
  }
  return true;
}

// A name LABELS.ZONE, or the root if that is longer than a name can be. Returns what is behind it.
uint8_t* put_under(uint8_t* at, std::string_view labels, std::span<const uint8_t> zone) {
  if (labels.size() + zone.size() > dns::kMaxName) {
    *at = 0;
    return at + 1;
  }
  std::memcpy(at, labels.data(), labels.size());
  std::memcpy(at + labels.size(), zone.data(), zone.size());
  return at + labels.size() + zone.size();
}

RRType type_of(const IpAddress& address) { return address.is_v4() ? RRType::a : RRType::aaaa; }

// Priority, weight, port and target in one piece; the target is also the owner of the additional addresses.
NameView add_srv(const Context& context, uint16_t weight, uint16_t port, std::string_view host, std::string_view key,
                 NameView owner, Records& out) {
  const size_t name_size = host.size() + key.size() + context.zone.size();
  if (name_size > dns::kMaxName) return {};
  const auto rdata = context.arena.bytes(6 + name_size);
  const uint8_t head[6] = {0,
                           0,
                           static_cast<uint8_t>(weight >> 8),
                           static_cast<uint8_t>(weight),
                           static_cast<uint8_t>(port >> 8),
                           static_cast<uint8_t>(port)};
  uint8_t* at = std::copy(std::begin(head), std::end(head), rdata.data());
  at = std::copy(host.begin(), host.end(), at);
  at = std::copy(key.begin(), key.end(), at);
  std::memcpy(at, context.zone.data(), context.zone.size());
  out.push_back({owner, RRType::srv, RRClass::in, context.settings.ttl, rdata});
  return {rdata.data() + 6, static_cast<uint8_t>(name_size)};
}

void add_pod_service(const Context& context, const Selection& selection, NameView owner, Records& answer,
                     Records& additional) {
  const NameView target = add_srv(context, weight_of(selection.pods), 0, {}, selection.key, owner, answer);
  if (target.is_root()) return;
  const IpAddress& pod = selection.pod;
  add_all(context, pod.octets(), pod.octets().size(), type_of(pod), target, additional);
}

// SRV records whose targets are names from elsewhere, each name and port once.
class AliasServices {
 public:
  AliasServices(const Context& context, const Selection& selection)
      : context_(context),
        selection_(selection),
        names_(context.arena.array<NameView>(selection.set->name_count)),
        has_srv_(context.arena.bytes(names_.size() * selection.set->number_count)) {
    std::fill(names_.begin(), names_.end(), NameView());
    std::fill(has_srv_.begin(), has_srv_.end(), uint8_t{0});
  }

  void add(uint16_t weight, const PortRow& port, uint32_t id, NameView owner, Records& out,
           ArenaVector<NameView>& aliases) {
    uint8_t& srv = has_srv_[id * selection_.set->number_count + port.number_index];
    if (srv) return;
    srv = 1;
    const auto number = static_cast<uint16_t>(port.number);
    if (names_[id].is_root()) {
      const auto wire = selection_.entry->text(selection_.entry->names(*selection_.set)[id]);
      names_[id] = name_copy(wire, context_.arena);
      aliases.push_back(names_[id]);
    }
    const auto rdata = dns::srv_rdata(0, weight, number, names_[id], context_.arena);
    out.push_back({owner, RRType::srv, RRClass::in, context_.settings.ttl, rdata});
  }

 private:
  const Context& context_;
  const Selection& selection_;
  const std::span<NameView> names_;
  const std::span<uint8_t> has_srv_;
};

}  // namespace

// As CoreDNS computes it, rounding included: everything has the same weight of 100.
uint16_t weight_of(size_t services) {
  const double share = 100.0 / static_cast<double>(100 * services) * 100;
  return static_cast<uint16_t>(std::max(1.0, std::floor(share)));
}

void add_addresses(const Context& context, const Selection& selection, RRType type, NameView owner, Records& out) {
  if (selection.kind == Selection::Kind::pod) {
    const auto octets = selection.pod.octets();
    if (type == type_of(selection.pod)) add_all(context, octets, octets.size(), type, owner, out);
    return;
  }
  if (!selection.set) return;
  const Set& set = *selection.set;
  // Every port of a service has all its addresses.
  if (selection.kind == Selection::Kind::own || selection.is_whole()) {
    if (type == RRType::a) return add_all(context, selection.entry->v4(set), 4, type, owner, out);
    return add_all(context, selection.entry->v6(set), 16, type, owner, out);
  }
  const auto seen = context.arena.bytes(set.v4_count + set.v6_count + set.name_count);
  std::fill(seen.begin(), seen.end(), uint8_t{0});
  selection.each([&](const PairRow& pair, const PortRow&) {
    const bool wanted = (pair.address < set.v4_count) == (type == RRType::a);
    if (wanted && !seen[pair.address]) {
      seen[pair.address] = 1;
      add_address(context, selection, pair.address, owner, out);
    }
    return true;
  });
}

void add_services(const Context& context, const Selection& selection, NameView owner, Records& answer,
                  Records& additional, ArenaVector<NameView>* aliases) {
  if (selection.kind == Selection::Kind::pod) return add_pod_service(context, selection, owner, answer, additional);
  if (!selection.set) return;
  const Set& set = *selection.set;
  const uint32_t addresses = set.v4_count + set.v6_count;
  size_t services = 0;  // before duplicates and missing ports are left out
  selection.each([&](const PairRow& pair, const PortRow&) {
    services += aliases || pair.address < addresses;
    return true;
  });
  if (services == 0) return;

  const uint16_t weight = weight_of(services);
  const auto hosts = selection.entry->hosts(set);
  const auto targets = context.arena.array<NameView>(hosts.size());
  const auto has_srv = context.arena.bytes(hosts.size() * set.number_count);
  const auto has_address = context.arena.bytes(set.pair_count);
  std::fill(targets.begin(), targets.end(), NameView());
  std::fill(has_srv.begin(), has_srv.end(), uint8_t{0});
  std::fill(has_address.begin(), has_address.end(), uint8_t{0});
  AliasServices alias_services(context, selection);
  selection.each([&](const PairRow& pair, const PortRow& port) {
    if (port.number < 0) return true;
    if (pair.address >= addresses) {
      if (aliases) alias_services.add(weight, port, pair.address - addresses, owner, answer, *aliases);
      return true;
    }
    if (pair.host == kNoHost) return true;
    uint8_t& srv = has_srv[pair.host * set.number_count + port.number_index];
    NameView& target = targets[pair.host];
    if (!srv) {
      srv = 1;
      target = add_srv(context, weight, static_cast<uint16_t>(port.number), selection.entry->text(hosts[pair.host]),
                       selection.key, owner, answer);
    }
    if (!has_address[pair.id] && !target.is_root()) {
      has_address[pair.id] = 1;
      add_address(context, selection, pair.address, target, additional);
    }
    return true;
  });
}

void add_alias(const Context& context, const Selection& selection, NameView owner, Records& out) {
  std::string_view target;
  if (selection.kind == Selection::Kind::external) target = selection.entry->external();
  if (selection.kind == Selection::Kind::endpoints) {
    const Set& set = *selection.set;
    selection.each([&](const PairRow& pair, const PortRow&) {
      const uint32_t addresses = set.v4_count + set.v6_count;
      if (pair.address >= addresses)
        target = selection.entry->text(selection.entry->names(set)[pair.address - addresses]);
      return false;
    });
  }
  if (target.empty()) return;
  const auto rdata = name_copy(target, context.arena).wire();
  out.push_back({owner, RRType::cname, RRClass::in, context.settings.ttl, rdata});
}

void add_soa(const Context& context, Records& out) {
  constexpr uint32_t kMostTtl = 300;
  constexpr std::string_view kServer("\2ns\3dns", 7), kMailbox("\12hostmaster", 11);
  constexpr uint32_t kRefresh = 7200, kRetry = 1800, kExpire = 86400;
  // Written in place: three of four answers to pods say that a name does not exist.
  const auto zone = context.zone.wire();
  const auto rdata = context.arena.bytes(kServer.size() + kMailbox.size() + 2 * zone.size() + 20);
  uint8_t* at = put_under(put_under(rdata.data(), kServer, zone), kMailbox, zone);
  const uint32_t numbers[] = {context.services().serial(), kRefresh, kRetry, kExpire, context.settings.ttl};
  for (const uint32_t number : numbers) at = dns::put32(at, number);
  const uint32_t ttl = std::min(context.settings.ttl, kMostTtl);
  const auto size = static_cast<size_t>(at - rdata.data());
  out.push_back({context.zone, RRType::soa, RRClass::in, ttl, rdata.first(size)});
}

NameView under(const Context& context, std::string_view labels, NameView zone) {
  const size_t size = labels.size() + zone.size();
  if (size > dns::kMaxName) return {};
  const auto wire = context.arena.bytes(size);
  std::memcpy(wire.data(), labels.data(), labels.size());
  std::memcpy(wire.data() + labels.size(), zone.data(), zone.size());
  return {wire.data(), static_cast<uint8_t>(size)};
}

}  // namespace portolan::kubernetes
