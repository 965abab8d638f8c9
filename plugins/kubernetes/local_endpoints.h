// Which services this machine is an endpoint of: they name the servers of a zone.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_set>

#include "plugins/kubernetes/settings.h"

namespace portolan::kubernetes {

/// The 4 or 16 octets of address number `id` of a set, which is no name.
inline std::span<const uint8_t> octets_of(const Entry& entry, const Set& set, uint32_t id) {
  return id < set.v4_count ? entry.v4(set).subspan(id * 4, 4) : entry.v6(set).subspan((id - set.v4_count) * 16, 16);
}

/// Calls `visit(entry, slice)` for each slice with an address of this machine; false when there is no such slice. Asked
/// for so rarely that the set may come from the heap.
template <class Visit>
bool each_local_slice(const Context& context, Visit visit) {
  bool is_endpoint = false;
  for (const IpAddress& local : context.settings.local) {
    const ReverseNode* const node = context.index.names_of(local);
    if (!node) continue;
    std::unordered_set<std::string_view> seen;
    node->each([&](const ReverseNode::Target& target) {
      if (!target.endpoint) return true;
      is_endpoint = true;
      const Entry* const entry = seen.insert(target.key).second ? context.index.services().find(target.key) : nullptr;
      if (!entry) return true;
      const Set& set = entry->endpoints();
      const auto pairs = entry->pairs(set);
      for (const SliceRow& slice : entry->slices(set)) {
        const auto of_slice = pairs.subspan(slice.first_pair, slice.pairs);
        const bool is_here = std::any_of(of_slice.begin(), of_slice.end(), [&](const PairRow& pair) {
          if (pair.address >= set.v4_count + set.v6_count) return false;
          const auto octets = octets_of(*entry, set, pair.address), mine = local.octets();
          return std::equal(octets.begin(), octets.end(), mine.begin(), mine.end());
        });
        if (is_here) visit(*entry, slice);
      }
      return true;
    });
  }
  return is_endpoint;
}

}  // namespace portolan::kubernetes
