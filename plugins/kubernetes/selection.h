// What a name stands for: the service's own addresses, some of its endpoints, another name, or a pod.
#pragma once

#include <string_view>

#include "plugins/kubernetes/name_parse.h"
#include "plugins/kubernetes/settings.h"

namespace portolan::kubernetes {

/// records: something lives at the name. nothing: the name exists and has no data. no_name: it does not exist.
enum class Found : uint8_t { records, nothing, no_name };

/// Points into the index: not to be kept across a suspension.
struct Selection {
  enum class Kind : uint8_t { none, own, endpoints, external, pod };
  Kind kind = Kind::none;
  const Entry* entry = nullptr;     // all but pods
  const Set* set = nullptr;         // own, endpoints
  std::string_view port, protocol;  // empty: any
  bool one_host = false;            // an endpoint's own name
  uint32_t host = kNoHost;
  std::string_view key;  // labels of the service, or of the pod, in front of the zone
  IpAddress pod;
  uint32_t pods = 0;  // how many pods have the address

  bool any_port() const { return port.empty() && protocol.empty(); }
  bool matches(const PortRow& row) const {
    return (port.empty() || port == entry->name(row)) && (protocol.empty() || protocol == entry->protocol(row));
  }
  /// An alias, or endpoints that are names: to be followed.
  bool has_names() const { return kind == Kind::external || (set && set->name_count != 0); }

  /// Calls `visit(pair, port)` for each endpoint and port that match, until it returns false.
  template <class Visit>
  void each(Visit visit) const {
    const auto pairs = entry->pairs(*set);
    const auto ports = entry->ports(*set);
    for (const SliceRow& slice : entry->slices(*set)) {
      for (const PairRow& pair : pairs.subspan(slice.first_pair, slice.pairs)) {
        if (one_host && pair.host != host) continue;
        for (const PortRow& row : ports.subspan(slice.first_port, slice.ports)) {
          if (matches(row) && !visit(pair, row)) return;
        }
      }
    }
  }
};

/// What `name` (lower case, under the context's zone) stands for.
Found select(const Context& context, dns::NameView name, Selection& selection);

}  // namespace portolan::kubernetes
