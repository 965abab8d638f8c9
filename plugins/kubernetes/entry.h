// What one service answers, prebuilt in one piece of memory: addresses as rdata, ports, endpoints and their names.
// Built anew when the service or one of its slices changes; never written afterwards.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "plugins/kubernetes/packed.h"

namespace portolan::kubernetes {

/// Rows of a set. Offsets count from the start of the entry.
struct PortRow {
  int32_t number;  // -1: none
  uint32_t text;   // name, then protocol, lower case
  uint8_t name_size, protocol_size;
  uint16_t number_index;  // which of the set's distinct numbers
};
struct TextRow {
  uint32_t text, size;
};
/// A name with an address. `id` is that of the first pair of the set with the same content.
struct PairRow {
  uint32_t host, address, id;
};
struct SliceRow {
  uint32_t first_pair, pairs, first_port, ports;
};

constexpr uint32_t kNoHost = 0xffffffff;  // an endpoint whose name would be none
constexpr uint16_t kNoZone = 0xffff;      // an endpoint without a topology zone

/// Names, addresses and ports: those of the service itself, or those of its endpoints. Addresses count v4 first, then
/// v6, then names (slices of address type FQDN).
struct Set {
  uint32_t v4, v4_count, v6, v6_count, names, name_count;
  uint32_t hosts, host_count;  // TextRow: labels in wire form, sorted by their octets
  uint32_t pairs, pair_count, slices, slice_count, ports, port_count;
  uint32_t number_count;
};

class Entry {
 public:
  uint64_t hash;

  Form form() const { return form_; }
  size_t octets() const { return size_; }
  /// The labels SERVICE.NAMESPACE.svc in wire form, lower case: key of the index and middle of every name.
  std::string_view key() const { return {base() + sizeof(Entry), key_size_}; }
  /// Target of an ExternalName service, in wire form; empty when it is no name.
  std::string_view external() const { return {base() + external_, external_size_}; }
  const Set& own() const { return own_; }
  const Set& endpoints() const { return endpoints_; }
  /// External addresses, and addresses and names of load balancers, with the service's own ports; null when there are
  /// none.
  const Set* external_addresses() const {
    return external_addresses_ ? &rows<Set>(external_addresses_, 1).front() : nullptr;
  }

  template <class Row>
  std::span<const Row> rows(uint32_t at, uint32_t count) const {
    return {reinterpret_cast<const Row*>(base() + at), count};
  }
  std::string_view text(uint32_t at, uint32_t size) const { return {base() + at, size}; }
  std::span<const uint8_t> v4(const Set& set) const { return rows<uint8_t>(set.v4, set.v4_count * 4); }
  std::span<const uint8_t> v6(const Set& set) const { return rows<uint8_t>(set.v6, set.v6_count * 16); }
  std::span<const TextRow> names(const Set& set) const { return rows<TextRow>(set.names, set.name_count); }
  std::span<const TextRow> hosts(const Set& set) const { return rows<TextRow>(set.hosts, set.host_count); }
  std::span<const PairRow> pairs(const Set& set) const { return rows<PairRow>(set.pairs, set.pair_count); }
  std::span<const SliceRow> slices(const Set& set) const { return rows<SliceRow>(set.slices, set.slice_count); }
  std::span<const PortRow> ports(const Set& set) const { return rows<PortRow>(set.ports, set.port_count); }
  std::string_view text(const TextRow& row) const { return text(row.text, row.size); }
  std::string_view name(const PortRow& port) const { return text(port.text, port.name_size); }
  std::string_view protocol(const PortRow& port) const { return text(port.text + port.name_size, port.protocol_size); }
  /// The host with exactly these labels (wire form without the root), or kNoHost.
  uint32_t find_host(const Set& set, std::string_view labels) const;
  /// The number of the endpoints' topology zone with these labels, or kNoZone.
  uint16_t find_zone(std::string_view labels) const;
  /// The topology zone of the endpoint at this place among the pairs.
  uint16_t zone_of(size_t pair) const {
    return zone_count_ == 0 ? kNoZone : rows<uint16_t>(pair_zones_, static_cast<uint32_t>(pair) + 1)[pair];
  }

 private:
  friend class EntryBuilder;
  const char* base() const { return reinterpret_cast<const char*>(this); }

  uint32_t size_;
  uint32_t external_;
  uint32_t external_addresses_;  // where their Set lies; 0: there is none
  uint32_t zones_, pair_zones_;  // TextRow each; which of them, for each pair of the endpoints
  uint16_t zone_count_;
  uint8_t external_size_;
  uint8_t key_size_;
  Form form_;
  Set own_, endpoints_;
};

/// The entry of the service with key `key` from its packed form and that of its slices. From ::operator new.
Entry* build_entry(std::string_view key, uint64_t hash, std::string_view service,
                   std::span<const std::string_view> slices);

}  // namespace portolan::kubernetes
