// The records of a transfer, as CoreDNS sends them: SOA, name servers, then service after service by name. They are not
// quite those that queries get: SRV weights count a slice, glue has TTL 0, pods and reverse names are left out.
#include "plugins/kubernetes/transfer.h"

#include <algorithm>
#include <utility>

#include "base/rcu.h"
#include "dns/rdata.h"
#include "plugins/common/arena_copy.h"
#include "plugins/kubernetes/answers.h"
#include "plugins/kubernetes/kubernetes.h"

namespace portolan::kubernetes {

using dns::NameView;
using dns::Record;
using dns::RRClass;
using dns::RRType;
using server::RecordStream;

namespace {

constexpr uint16_t kOwnWeight = 100;  // of a service's own SRV records

std::string_view name_of(std::string_view key) { return key.substr(1, static_cast<uint8_t>(key[0])); }
std::string_view space_of(std::string_view key) { return name_of(key.substr(1 + name_of(key).size())); }

// By name, then by namespace, as CoreDNS sorts them.
bool comes_later(std::string_view a, std::string_view b) {
  const int order = name_of(a).compare(name_of(b));
  return order != 0 ? order > 0 : a > b;
}

/// The records of one service.
class ServiceRecords {
 public:
  ServiceRecords(const Context& context, const Entry& entry, Records& out)
      : context_(context), entry_(entry), name_(under(context, entry.key(), context.zone)), out_(out) {}

  void add();

 private:
  void add_own();
  void add_endpoints();
  void add_addresses(const Set& set);
  void add_service(NameView owner, uint16_t weight, const PortRow& port, NameView target);
  NameView port_name(const PortRow& port) const;
  void add(NameView owner, RRType type, std::span<const uint8_t> rdata) {
    if (!owner.is_root()) out_.push_back({owner, type, RRClass::in, context_.settings.ttl, rdata});
  }
  // Address number `id` of a set; empty for a name.
  std::span<const uint8_t> address(const Set& set, uint32_t id) const;

  const Context& context_;
  const Entry& entry_;
  const NameView name_;
  Records& out_;
};

void ServiceRecords::add() {
  if (name_.is_root()) return;  // longer than a name may be
  switch (entry_.form()) {
    case Form::cluster_ip:
      return add_own();
    case Form::headless:
      return add_endpoints();
    case Form::external_name:
      if (const auto target = entry_.external(); !target.empty()) {
        add(name_, RRType::cname, name_copy(target, context_.arena).wire());
      }
  }
}

// A port's number stands under the service's name, and under the port's name if it has one.
void ServiceRecords::add_own() {
  const Set& set = entry_.own();
  if (set.v4_count + set.v6_count == 0) return;
  add_addresses(set);
  const auto ports = entry_.ports(set);
  for (const PortRow& port : ports) {
    if (port.number < 0) continue;  // a service without ports
    const bool repeats =
        std::any_of(ports.data(), &port, [&](const PortRow& before) { return before.number == port.number; });
    if (!repeats) add_service(name_, kOwnWeight, port, name_);
    if (port.name_size != 0) add_service(port_name(port), kOwnWeight, port, name_);
  }
}

void ServiceRecords::add_endpoints() {
  const Set& set = entry_.endpoints();
  add_addresses(set);
  const auto all_pairs = entry_.pairs(set);
  const auto all_ports = entry_.ports(set);
  // The weight that a host's SRV record of a port had last, so that a host with two addresses has one record.
  const auto weights = context_.arena.array<uint16_t>(size_t{set.host_count} * set.port_count);
  std::fill(weights.begin(), weights.end(), uint16_t{0});
  for (const SliceRow& slice : entry_.slices(set)) {
    if (slice.pairs == 0) continue;
    const uint16_t weight = weight_of(slice.pairs);
    for (uint32_t i = slice.first_pair; i < slice.first_pair + slice.pairs; ++i) {
      const PairRow& pair = all_pairs[i];
      const NameView host =
          pair.host == kNoHost ? NameView() : under(context_, entry_.text(entry_.hosts(set)[pair.host]), name_);
      const auto octets = address(set, pair.address);
      const bool is_name = octets.empty();
      if (!is_name && pair.id == i) add(host, octets.size() == 4 ? RRType::a : RRType::aaaa, octets);
      for (uint32_t at = slice.first_port; at < slice.first_port + slice.ports; ++at) {
        const PortRow& port = all_ports[at];
        if (port.name_size == 0 || pair.host == kNoHost) continue;
        uint16_t& last = weights[size_t{pair.host} * set.port_count + at];
        if (std::exchange(last, weight) == weight) continue;
        // An endpoint that is a name has no address of its own here, and its SRV record no target: as CoreDNS.
        add_service(port_name(port), weight, port, is_name ? NameView() : host);
      }
    }
  }
}

void ServiceRecords::add_addresses(const Set& set) {
  for (uint32_t id = 0; id < set.v4_count + set.v6_count; ++id) {
    const auto octets = address(set, id);
    add(name_, octets.size() == 4 ? RRType::a : RRType::aaaa, octets);
  }
}

std::span<const uint8_t> ServiceRecords::address(const Set& set, uint32_t id) const {
  if (id < set.v4_count) return context_.arena.copy(entry_.v4(set).subspan(size_t{id} * 4, 4));
  id -= set.v4_count;
  if (id < set.v6_count) return context_.arena.copy(entry_.v6(set).subspan(size_t{id} * 16, 16));
  return {};
}

void ServiceRecords::add_service(NameView owner, uint16_t weight, const PortRow& port, NameView target) {
  add(owner, RRType::srv, dns::srv_rdata(0, weight, static_cast<uint16_t>(port.number), target, context_.arena));
}

// _NAME._PROTOCOL in front of the service; the root when that is longer than a name may be.
NameView ServiceRecords::port_name(const PortRow& port) const {
  uint8_t labels[2 * (1 + dns::kMaxLabel)];
  uint8_t* at = labels;
  for (const std::string_view text : {entry_.name(port), entry_.protocol(port)}) {
    if (text.size() >= dns::kMaxLabel) return {};
    *at++ = static_cast<uint8_t>(text.size() + 1);
    *at++ = '_';
    at = std::copy(text.begin(), text.end(), at);
  }
  return under(context_, {reinterpret_cast<const char*>(labels), static_cast<size_t>(at - labels)}, name_);
}

class ClusterStream : public RecordStream {
 public:
  ClusterStream(std::shared_ptr<const Index> index, const Settings& settings, NameView zone, uint32_t serial);

  bool next(Arena& arena, Records& out) override;

 private:
  enum class Step : uint8_t { soa, name_servers, services, last_soa, end };

  void add_glued_name_servers(const Context& context, Records& out) const;
  bool add_service(const Context& context, Records& out);

  const std::shared_ptr<const Index> index_;
  const Settings& settings_;
  const dns::Name zone_;
  const bool multicluster_;
  Arena kept_;  // SOA and keys
  Records soa_;
  std::vector<std::string_view> keys_;  // a heap, so that no step has to sort them all
  std::string_view last_key_;
  Step step_ = Step::soa;
};

ClusterStream::ClusterStream(std::shared_ptr<const Index> index, const Settings& settings, NameView zone,
                             uint32_t serial)
    : index_(std::move(index)),
      settings_(settings),
      zone_(zone),
      multicluster_(settings.is_multicluster(zone)),
      soa_(kept_) {
  const rcu::ReadGuard guard;
  const Context context{settings_, *index_, kept_, zone_, multicluster_};
  add_soa(context, soa_);
  dns::Soa soa;
  dns::parse_soa(soa_[0].rdata, soa);
  if (serial != 0 && serial == soa.serial) {
    step_ = Step::last_soa;
    return;
  }
  keys_ = context.services().keys(kept_);
  std::make_heap(keys_.begin(), keys_.end(), comes_later);
}

bool ClusterStream::next(Arena& arena, Records& out) {
  const rcu::ReadGuard guard;
  const Context context{settings_, *index_, arena, zone_, multicluster_};
  switch (step_) {
    case Step::soa:
      out.push_back(soa_[0]);
      step_ = Step::name_servers;
      return true;
    case Step::name_servers:
      step_ = Step::services;
      add_glued_name_servers(context, out);
      return true;
    case Step::services:
      if (add_service(context, out)) return true;
      [[fallthrough]];
    case Step::last_soa:
      out.push_back(soa_[0]);
      step_ = Step::end;
      return true;
    case Step::end:
      break;
  }
  return false;
}

void ClusterStream::add_glued_name_servers(const Context& context, Records& out) const {
  Records glue(context.arena);
  add_name_servers(context, out, glue);
  for (Record record : glue) {
    record.ttl = 0;  // as CoreDNS
    out.push_back(record);
  }
}

// The next service that is still there and shown; false behind the last.
bool ClusterStream::add_service(const Context& context, Records& out) {
  while (!keys_.empty()) {
    std::pop_heap(keys_.begin(), keys_.end(), comes_later);
    const std::string_view key = keys_.back();
    keys_.pop_back();
    if (std::exchange(last_key_, key) == key) continue;  // it was put into the index anew while the keys were gathered
    const Entry* const entry = context.services().find(key);
    if (!entry || exposure(settings_, *index_, space_of(key)) != Exposure::shown) continue;
    ServiceRecords(context, *entry, out).add();
    return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<RecordStream> cluster_records(std::shared_ptr<const Index> index, const Settings& settings,
                                              NameView zone, uint32_t serial) {
  return std::make_unique<ClusterStream>(std::move(index), settings, zone, serial);
}

// Any name in a zone: what lies under it is the whole cluster, as CoreDNS has it.
Result<std::unique_ptr<RecordStream>> Kubernetes::transfer(NameView name, uint32_t serial) {
  if (!zone_of(name)) return std::unique_ptr<RecordStream>();
  StatePtr state = standing_->answering();
  const Index* const index = &state->index();
  // A secondary would take a part for the whole.
  if (!index->synced_for(options_.settings.is_multicluster(name)))
    return fail("plugin/kubernetes: the cluster is not known yet, " + name.text() + " cannot be transferred");
  return cluster_records(std::shared_ptr<const Index>(std::move(state), index), options_.settings, name, serial);
}

}  // namespace portolan::kubernetes
