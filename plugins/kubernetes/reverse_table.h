// Which names an address has: the services with this cluster address, and the endpoints. For PTR, and for the name
// servers of the zone.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "plugins/kubernetes/rcu_table.h"

namespace portolan::kubernetes {

/// The names of one address: labels in wire form in front of the zone, those of services first.
class ReverseNode {
 public:
  uint64_t hash;
  IpAddress address;

  struct Target {
    bool endpoint;
    std::string_view labels;  // [host.]service.namespace.svc
    std::string_view key;     // service.namespace.svc
    bool operator==(const Target& other) const { return endpoint == other.endpoint && labels == other.labels; }
  };

  size_t octets() const { return size_; }
  /// Calls `visit(target)` until it returns false.
  template <class Visit>
  void each(Visit visit) const {
    const char* at = reinterpret_cast<const char*>(this) + sizeof(ReverseNode);
    for (uint32_t i = 0; i < count_; ++i) {
      const auto size = static_cast<uint8_t>(at[0]);
      const auto host = static_cast<uint8_t>(at[1]);
      const std::string_view labels(at + 3, size);
      if (!visit(Target{at[2] != 0, labels, labels.substr(host)})) return;
      at += 3 + size;
    }
  }

 private:
  friend class ReverseTable;
  uint32_t size_;
  uint32_t count_;
};

/// find() is for any thread, change() for the writer.
class ReverseTable {
 public:
  using Target = ReverseNode::Target;

  ~ReverseTable();
  const ReverseNode* find(const IpAddress& address) const;
  /// Takes `removed` from the names of `address` and adds `added`.
  void change(const IpAddress& address, std::span<const Target> removed, std::span<const Target> added,
              Retired& retired);

 private:
  static ReverseNode* make(const IpAddress& address, uint64_t hash, std::span<const Target> targets);
  RcuTable<ReverseNode> table_;
};

}  // namespace portolan::kubernetes
