// Builds entries: merges a service's slices, finds what is the same, and lays everything out behind the header.
#include "plugins/kubernetes/entry.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <numeric>
#include <string>
#include <unordered_map>

namespace portolan::kubernetes {

uint32_t Entry::find_host(const Set& set, std::string_view labels) const {
  const auto all = hosts(set);
  const auto below = [&](const TextRow& row, std::string_view wanted) { return text(row) < wanted; };
  const auto found = std::lower_bound(all.begin(), all.end(), labels, below);
  if (found == all.end() || text(*found) != labels) return kNoHost;
  return static_cast<uint32_t>(found - all.begin());
}

uint16_t Entry::find_zone(std::string_view labels) const {
  const auto all = rows<TextRow>(zones_, zone_count_);
  for (uint16_t i = 0; i < zone_count_; ++i) {
    if (text(all[i]) == labels) return i;
  }
  return kNoZone;
}

class EntryBuilder {
 public:
  EntryBuilder(std::string_view key, Form form) : bytes_(sizeof(Entry), '\0') {
    head_.key_size_ = static_cast<uint8_t>(key.size());
    head_.form_ = form;
    bytes_.append(key);
  }

  void set_external(std::string_view wire) {
    head_.external_ = put(wire);
    head_.external_size_ = static_cast<uint8_t>(wire.size());
  }
  void set_own(std::span<const Unpacked> parts) { head_.own_ = build_set(parts); }
  void set_endpoints(std::span<const Unpacked> parts) {
    head_.endpoints_ = build_set(parts);
    put_zones(parts);
  }
  void set_external_addresses(const Unpacked& own) {
    if (own.external_addresses.empty()) return;
    const Unpacked part{own.form, {}, own.ports, own.external_addresses, {}};
    const std::vector<Set> set = {build_set({&part, 1})};
    head_.external_addresses_ = put_rows(set);
  }

  Entry* finish(uint64_t hash) {
    head_.hash = hash;
    head_.size_ = static_cast<uint32_t>(bytes_.size());
    void* memory = ::operator new(bytes_.size());
    std::memcpy(memory, bytes_.data(), bytes_.size());
    return new (memory) Entry(head_);
  }

 private:
  struct Address {
    AddressKind kind;
    std::string_view octets;
    bool operator<(const Address& other) const {
      return kind != other.kind ? kind < other.kind : octets < other.octets;
    }
  };

  uint32_t put(std::string_view octets) {
    const auto at = static_cast<uint32_t>(bytes_.size());
    bytes_.append(octets);
    return at;
  }
  template <class Row>
  uint32_t put_rows(const std::vector<Row>& rows) {
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
    return put({reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(Row)});
  }

  Set build_set(std::span<const Unpacked> parts);
  void put_addresses(Set& set, std::span<const Unpacked> parts, std::map<Address, uint32_t>& ids);
  void put_hosts(Set& set, std::span<const Unpacked> parts, std::map<std::string_view, uint32_t>& ids);
  void put_slices(Set& set, std::span<const Unpacked> parts);
  void put_zones(std::span<const Unpacked> parts);
  std::vector<PortRow> port_rows(const Unpacked& part, std::vector<int32_t>& numbers);

  Entry head_{};
  std::string bytes_;
};

// Distinct addresses in the order they come, a kind after the other, as they will be copied into answers.
void EntryBuilder::put_addresses(Set& set, std::span<const Unpacked> parts, std::map<Address, uint32_t>& ids) {
  std::vector<std::string_view> found[3];
  for (const Unpacked& part : parts) {
    for (const PackedAddress& address : part.addresses) {
      auto& same_kind = found[static_cast<size_t>(address.kind)];
      if (ids.try_emplace({address.kind, address.octets}, same_kind.size()).second) same_kind.push_back(address.octets);
    }
  }
  set.v4_count = static_cast<uint32_t>(found[0].size());
  set.v6_count = static_cast<uint32_t>(found[1].size());
  set.name_count = static_cast<uint32_t>(found[2].size());
  for (auto& [address, id] : ids) {
    if (address.kind != AddressKind::v4) id += set.v4_count;
    if (address.kind == AddressKind::name) id += set.v6_count;
  }
  set.v4 = static_cast<uint32_t>(bytes_.size());
  for (const auto octets : found[0]) put(octets);
  set.v6 = static_cast<uint32_t>(bytes_.size());
  for (const auto octets : found[1]) put(octets);
  std::vector<TextRow> names;
  for (const auto wire : found[2]) names.push_back({put(wire), static_cast<uint32_t>(wire.size())});
  set.names = put_rows(names);
}

// Distinct names of endpoints, in the order of their octets, which find_host() expects.
void EntryBuilder::put_hosts(Set& set, std::span<const Unpacked> parts, std::map<std::string_view, uint32_t>& ids) {
  for (const Unpacked& part : parts) {
    for (const PackedAddress& address : part.addresses) {
      if (address.named) ids.try_emplace(address.host, 0);
    }
  }
  std::vector<TextRow> rows;
  for (auto& [host, id] : ids) {
    id = static_cast<uint32_t>(rows.size());
    rows.push_back({put(host), static_cast<uint32_t>(host.size())});
  }
  set.hosts = put_rows(rows);
  set.host_count = static_cast<uint32_t>(rows.size());
}

std::vector<PortRow> EntryBuilder::port_rows(const Unpacked& part, std::vector<int32_t>& numbers) {
  std::vector<PortRow> rows;
  for (const PackedPort& port : part.ports) {
    PortRow row{port.number, put(port.name), static_cast<uint8_t>(port.name.size()),
                static_cast<uint8_t>(port.protocol.size()), 0};
    put(port.protocol);
    if (port.number >= 0) {
      const auto known = std::find(numbers.begin(), numbers.end(), port.number);
      row.number_index = static_cast<uint16_t>(known - numbers.begin());
      if (known == numbers.end()) numbers.push_back(port.number);
    }
    rows.push_back(row);
  }
  return rows;
}

// Slices of one service mostly have the same ports, which are then kept once.
void EntryBuilder::put_slices(Set& set, std::span<const Unpacked> parts) {
  const auto same_ports = [](const Unpacked& a, const Unpacked& b) {
    return std::equal(a.ports.begin(), a.ports.end(), b.ports.begin(), b.ports.end(),
                      [](const PackedPort& x, const PackedPort& y) {
                        return x.number == y.number && x.name == y.name && x.protocol == y.protocol;
                      });
  };
  std::vector<SliceRow> slices;
  std::vector<PortRow> ports;
  std::vector<int32_t> numbers;
  uint32_t first_pair = 0;
  for (const Unpacked& part : parts) {
    SliceRow row{first_pair, static_cast<uint32_t>(part.addresses.size()), 0, 0};
    first_pair += row.pairs;
    if (!slices.empty() && same_ports(part, (&part)[-1])) {
      row.first_port = slices.back().first_port;
      row.ports = slices.back().ports;
    } else {
      const auto fresh = port_rows(part, numbers);
      row.first_port = static_cast<uint32_t>(ports.size());
      row.ports = static_cast<uint32_t>(fresh.size());
      ports.insert(ports.end(), fresh.begin(), fresh.end());
    }
    slices.push_back(row);
  }
  set.slices = put_rows(slices);
  set.slice_count = static_cast<uint32_t>(slices.size());
  set.ports = put_rows(ports);
  set.port_count = static_cast<uint32_t>(ports.size());
  set.number_count = static_cast<uint32_t>(numbers.size());
}

// Few zones, many endpoints: each zone once, and a number per endpoint. Nothing at all when no endpoint has one.
void EntryBuilder::put_zones(std::span<const Unpacked> parts) {
  std::vector<std::string_view> zones;
  std::vector<uint16_t> of_pairs;
  for (const Unpacked& part : parts) {
    for (const PackedAddress& each : part.addresses) {
      size_t id = kNoZone;
      if (!each.zone.empty())
        id = static_cast<size_t>(std::find(zones.begin(), zones.end(), each.zone) - zones.begin());
      if (id == zones.size() && id < kNoZone) zones.push_back(each.zone);
      of_pairs.push_back(static_cast<uint16_t>(std::min(id, size_t{kNoZone})));
    }
  }
  if (zones.empty()) return;
  std::vector<TextRow> rows;
  for (const auto zone : zones) rows.push_back({put(zone), static_cast<uint32_t>(zone.size())});
  head_.zones_ = put_rows(rows);
  head_.zone_count_ = static_cast<uint16_t>(rows.size());
  head_.pair_zones_ = put_rows(of_pairs);
}

Set EntryBuilder::build_set(std::span<const Unpacked> parts) {
  Set set{};
  std::map<Address, uint32_t> address_ids;
  std::map<std::string_view, uint32_t> host_ids;
  put_addresses(set, parts, address_ids);
  put_hosts(set, parts, host_ids);
  put_slices(set, parts);

  std::vector<PairRow> pairs;
  std::unordered_map<uint64_t, uint32_t> first;
  for (const Unpacked& part : parts) {
    for (const PackedAddress& each : part.addresses) {
      PairRow pair{each.named ? host_ids.at(each.host) : kNoHost, address_ids.at({each.kind, each.octets}), 0};
      pair.id = first.try_emplace(uint64_t{pair.host} << 32 | pair.address, pairs.size()).first->second;
      pairs.push_back(pair);
    }
  }
  set.pairs = put_rows(pairs);
  set.pair_count = static_cast<uint32_t>(pairs.size());
  return set;
}

Entry* build_entry(std::string_view key, uint64_t hash, std::string_view service,
                   std::span<const std::string_view> slices) {
  const Unpacked own = unpack(service);
  EntryBuilder builder(key, own.form);
  builder.set_external(own.external);
  builder.set_own({&own, 1});
  builder.set_external_addresses(own);
  std::vector<Unpacked> parts;
  parts.reserve(slices.size());
  for (const auto packed : slices) parts.push_back(unpack(packed));
  builder.set_endpoints(parts);
  return builder.finish(hash);
}

}  // namespace portolan::kubernetes
