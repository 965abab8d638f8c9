// A set of IP addresses given as nets, made for lists of thousands: disjoint ranges in order, looked up by bisection.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"

namespace portolan::acl {

/// Unchanging once built; shared by all workers. IPv4-mapped IPv6 addresses and nets are their IPv4 ones.
class AddressSet {
 public:
  /// No address.
  AddressSet() = default;
  explicit AddressSet(std::span<const IpPrefix> nets);
  /// Every address of both families.
  static AddressSet everything();

  bool contains(const IpAddress& address) const;
  /// Adds what each of `others` has.
  void add(std::span<const AddressSet> others);
  /// How many ranges are kept: nets that touch or overlap are one.
  size_t ranges() const { return v4_.size() + v6_.size(); }

 private:
  using Number = unsigned __int128;  // an IPv6 address in host order
  template <class Key>
  struct Range {
    Key first, last;
  };
  template <class Key>
  static void join(std::vector<Range<Key>>& ranges);
  template <class Key>
  static bool within(const std::vector<Range<Key>>& ranges, Key key);

  std::vector<Range<uint32_t>> v4_;
  std::vector<Range<Number>> v6_;
  bool everything_ = false;
};

}  // namespace portolan::acl
