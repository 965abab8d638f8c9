// All records of an external zone, service by service, as CoreDNS transfers them: a service seen from outside has its
// SRV records for the first address only, one seen by its endpoints has all of them.
#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/rcu.h"
#include "dns/rdata.h"
#include "plugins/common/arena_copy.h"
#include "plugins/kubernetes/answers.h"
#include "plugins/kubernetes/external.h"
#include "plugins/kubernetes/kubernetes.h"
#include "plugins/kubernetes/local_endpoints.h"

namespace portolan::kubernetes {

using dns::NameView;
using dns::RRClass;
using dns::RRType;

namespace {

// The records of one service. The index is read while it works.
class ServiceRecords {
 public:
  ServiceRecords(const Context& context, const Entry& entry, uint32_t ttl, Records& out)
      : context_(context),
        entry_(entry),
        ttl_(ttl),
        out_(out),
        service_(entry.key().substr(0, entry.key().size() - 4)) {}  // without svc

  void add_external(const Set& set) const {
    const NameView owner = name({service_});
    add_all_addresses(set, owner);
    if (set.pair_count == 0) return;
    const PairRow& first = entry_.pairs(set).front();
    const NameView alias = alias_of(set, first.address);
    bool is_first = true;
    for (const PortRow& port : entry_.ports(set)) {
      if (port.number < 0) continue;
      const auto number = static_cast<uint16_t>(port.number);
      if (std::exchange(is_first, false)) add_srv(owner, 100, number, alias.is_root() ? owner : alias);
      // CoreDNS shortens a load balancer's own name by these two labels too, and so do the recorded transfers.
      const NameView target = alias.is_root() ? owner : alias.parent().parent();
      if (port.name_size != 0) add_srv(port_name(port), 100, number, target);
    }
  }

  void add_endpoints(const Set& set) const {
    Selection all;
    all.kind = Selection::Kind::endpoints;
    all.entry = &entry_;
    all.set = &set;
    all.key = service_;
    const NameView owner = name({service_});
    Records extra(context_.arena);
    ArenaVector<NameView> aliases(context_.arena);
    add_all_addresses(set, owner);
    add_services(context_, all, owner, out_, extra, &aliases);
    all.each([&](const PairRow& pair, const PortRow& port) {
      add_endpoint(set, pair, port);
      return true;
    });
    const auto ports = entry_.ports(set);
    for (size_t i = 0; i < ports.size(); ++i) {
      const auto same = [&](const PortRow& other) { return is_same(ports[i], other); };
      if (ports[i].name_size == 0 || std::any_of(ports.begin(), ports.begin() + i, same)) continue;
      all.port = entry_.name(ports[i]);
      all.protocol = entry_.protocol(ports[i]);
      add_port(set, all, port_name(ports[i]));
    }
  }

 private:
  // The root if it would be too long for a name: such records are left out.
  NameView name(std::initializer_list<std::string_view> parts) const {
    size_t size = 0;
    for (const auto part : parts) size += part.size();
    const auto labels = context_.arena.bytes(size);
    auto at = labels.begin();
    for (const auto part : parts) at = std::copy(part.begin(), part.end(), at);
    return under(context_, {reinterpret_cast<const char*>(labels.data()), size}, context_.zone);
  }

  NameView port_name(const PortRow& port) const {
    if (port.name_size >= dns::kMaxLabel || port.protocol_size >= dns::kMaxLabel) return {};
    const char name_head[] = {static_cast<char>(port.name_size + 1), '_'};
    const char protocol_head[] = {static_cast<char>(port.protocol_size + 1), '_'};
    return name({{name_head, 2}, entry_.name(port), {protocol_head, 2}, entry_.protocol(port), service_});
  }

  NameView host_name(const Set& set, uint32_t host) const {
    return name({entry_.text(entry_.hosts(set)[host]), service_});
  }

  // The name that address number `id` is, or the root when it is none.
  NameView alias_of(const Set& set, uint32_t id) const {
    if (id < set.v4_count + set.v6_count) return {};
    return name_copy(entry_.text(entry_.names(set)[id - set.v4_count - set.v6_count]), context_.arena);
  }

  void add_address(const Set& set, uint32_t id, NameView owner) const {
    if (owner.is_root()) return;
    if (const NameView alias = alias_of(set, id); !alias.is_root()) {
      out_.push_back({owner, RRType::cname, RRClass::in, context_.settings.ttl, alias.wire()});
      return;
    }
    const auto octets = octets_of(entry_, set, id);
    const RRType type = octets.size() == 4 ? RRType::a : RRType::aaaa;
    out_.push_back({owner, type, RRClass::in, ttl_, context_.arena.copy(octets)});
  }

  void add_all_addresses(const Set& set, NameView owner) const {
    for (uint32_t id = 0; id < set.v4_count + set.v6_count + set.name_count; ++id) add_address(set, id, owner);
  }

  void add_srv(NameView owner, uint16_t weight, uint16_t port, NameView target) const {
    if (owner.is_root()) return;
    const auto rdata = dns::srv_rdata(0, weight, port, target, context_.arena);
    out_.push_back({owner, RRType::srv, RRClass::in, context_.settings.ttl, rdata});
  }

  // ENDPOINT.SERVICE.NAMESPACE
  void add_endpoint(const Set& set, const PairRow& pair, const PortRow& port) const {
    if (pair.host == kNoHost) return;
    const NameView owner = host_name(set, pair.host), alias = alias_of(set, pair.address);
    add_address(set, pair.address, owner);
    if (port.number >= 0) {
      add_srv(owner, 100, static_cast<uint16_t>(port.number), alias.is_root() ? owner : alias);
    }
  }

  // _PORT._PROTOCOL.SERVICE.NAMESPACE: every endpoint by its own name.
  void add_port(const Set& set, const Selection& port_of_all, NameView owner) const {
    size_t services = 0;
    port_of_all.each([&](const PairRow&, const PortRow&) { return ++services != 0; });
    const auto seen = context_.arena.bytes(size_t{set.host_count} * set.number_count);
    std::fill(seen.begin(), seen.end(), uint8_t{0});
    port_of_all.each([&](const PairRow& pair, const PortRow& port) {
      if (port.number < 0 || pair.host == kNoHost) return true;
      uint8_t& known = seen[pair.host * set.number_count + port.number_index];
      if (std::exchange(known, uint8_t{1}) == 0) {
        add_srv(owner, weight_of(services), static_cast<uint16_t>(port.number), host_name(set, pair.host));
      }
      return true;
    });
  }

  bool is_same(const PortRow& a, const PortRow& b) const {
    return entry_.name(a) == entry_.name(b) && entry_.protocol(a) == entry_.protocol(b);
  }

  const Context& context_;
  const Entry& entry_;
  const uint32_t ttl_;
  Records& out_;
  const std::string_view service_;
};

std::string_view space_of(std::string_view key) {
  const size_t at = static_cast<uint8_t>(key[0]) + 1u;
  return key.substr(at + 1, static_cast<uint8_t>(key[at]));
}

}  // namespace

std::vector<std::string> ExternalNames::services() const {
  std::vector<std::string> found;
  Arena arena;
  const rcu::ReadGuard reading;
  const Index& index = cluster_->index();
  for (const std::string_view key : index.services().keys(arena)) {
    const Entry* const entry = index.services().find(key);
    if (!entry || (!entry->external_addresses() && entry->form() != Form::headless)) continue;
    if (exposure(cluster_->options().settings, index, space_of(key)) == Exposure::shown) found.emplace_back(key);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());  // a table that grows may show one twice
  return found;
}

void ExternalNames::add_all(std::string_view service, dns::NameView zone, bool headless, uint32_t ttl, Arena& arena,
                            ArenaVector<dns::Record>& out) const {
  const rcu::ReadGuard reading;
  const Context context{cluster_->options().settings, cluster_->index(), arena, zone};
  const Entry* const entry = context.index.services().find(service);
  if (!entry) return;
  const ServiceRecords records(context, *entry, ttl, out);
  if (const Set* set = entry->external_addresses()) {
    records.add_external(*set);
  } else if (headless && entry->form() == Form::headless) {
    records.add_endpoints(entry->endpoints());
  }
}

bool ExternalNames::synced() const {
  const rcu::ReadGuard reading;
  return cluster_->index().synced_for(false);
}

}  // namespace portolan::kubernetes
