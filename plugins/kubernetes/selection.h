// What a name stands for: the service's own addresses, some of its endpoints, another name, or a pod.
#pragma once

#include <string_view>

#include "plugins/kubernetes/name_parse.h"
#include "plugins/kubernetes/settings.h"

namespace portolan::kubernetes {

/// records: something lives at the name. nothing: the name exists and has no data. no_name: it does not exist. hidden:
/// it is answered as if it did not exist, because the configuration leaves its namespace out.
enum class Found : uint8_t { records, nothing, no_name, hidden };

inline bool is_missing(Found found) { return found == Found::no_name || found == Found::hidden; }

/// Points into the index: not to be kept across a suspension.
struct Selection {
  enum class Kind : uint8_t { none, own, endpoints, external, pod };
  Kind kind = Kind::none;
  const Entry* entry = nullptr;     // all but pods
  const Set* set = nullptr;         // own, endpoints
  std::string_view port, protocol;  // empty: any
  bool one_host = false;            // an endpoint's own name
  uint32_t host = kNoHost;
  uint16_t zone = kNoZone;  // endpoints of this topology zone only; kNoZone: any
  std::string_view key;     // labels of the service, or of the pod, in front of the zone
  IpAddress pod;
  uint32_t pods = 0;  // how many pods have the address

  /// Every address of the set, no endpoint left out.
  bool is_whole() const { return any_port() && !one_host && zone == kNoZone; }
  bool any_port() const { return port.empty() && protocol.empty(); }
  bool matches(const PortRow& row) const {
    return (port.empty() || port == entry->name(row)) && (protocol.empty() || protocol == entry->protocol(row));
  }
  /// The endpoints of a headless service.
  bool is_headless() const { return kind == Kind::endpoints && !one_host && entry->form() == Form::headless; }
  /// An alias, or endpoints that are names: to be followed.
  bool has_names() const { return kind == Kind::external || (set && set->name_count != 0); }

  /// Calls `visit(pair, port)` for each endpoint and port that match, until it returns false.
  template <class Visit>
  void each(Visit visit) const {
    const auto pairs = entry->pairs(*set);
    const auto ports = entry->ports(*set);
    for (const SliceRow& slice : entry->slices(*set)) {
      for (size_t at = slice.first_pair; at < size_t{slice.first_pair} + slice.pairs; ++at) {
        const PairRow& pair = pairs[at];
        if (one_host && pair.host != host) continue;
        if (zone != kNoZone && entry->zone_of(at) != zone) continue;
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
