// The contents of a hosts file, ready to be asked: addresses by name, wildcards by the name under them, names by
// address.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "dns/name.h"

namespace portolan::hosts {

/// Unchanging once parsed; shared by all workers.
class HostsData {
 public:
  struct Addresses {
    std::vector<IpAddress> v4, v6;  // in the file's order
  };

  /// Reads the form of hosts(5): an address, then names; `#` begins a comment. Lines and names that cannot be read are
  /// left out, as are names outside `zones` (lower case). IPv6 zone indexes are dropped.
  static HostsData parse(std::string_view text, const std::vector<dns::Name>& zones, bool reverse);

  /// The addresses of `lower`, from its own entry or from the wildcard above it; null when there is neither.
  const Addresses* addresses(dns::NameView lower) const;
  /// The names of an address; null when it has none.
  const std::vector<dns::Name>* names(const IpAddress& address) const;
  /// Addresses of names, and names of addresses: what coredns_hosts_entries counts.
  size_t entries() const { return entries_; }

 private:
  void add(const IpAddress& address, std::string_view name, const std::vector<dns::Name>& zones, bool reverse);

  using ByName = std::unordered_map<dns::Name, Addresses, dns::NameHash, dns::NameEqual>;
  ByName exact_;
  ByName wild_;  // by the name behind the asterisk
  std::unordered_map<IpAddress, std::vector<dns::Name>, AddressHash> names_;
  size_t entries_ = 0;
};

}  // namespace portolan::hosts
