// The grammar of names in the cluster's zone:
//   [ENDPOINT. | _PORT._PROTOCOL.]SERVICE.NAMESPACE.svc.ZONE and [...]ADDRESS.NAMESPACE.pod.ZONE
// with `zonal` also TOPOLOGYZONE.pin._zone.SERVICE.NAMESPACE.svc.ZONE (or prefer), and in multicluster zones
// ENDPOINT.CLUSTER.SERVICE.NAMESPACE.svc.ZONE.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dns/name.h"

namespace portolan::kubernetes {

enum class NameKind : uint8_t {
  empty,  // the zone itself, or svc and pod right under it: nothing lives there, but the names exist
  service,
  pod,
  invalid,  // no name of the grammar
};

/// What the options add to the grammar.
struct Grammar {
  bool multicluster = false;
  bool zonal = false;
  std::span<const std::string> pod_labels;  // what stands for `pod`; empty: `pod`
};

/// Views into the name that was parsed, in lower case. What is not there is empty and matches everything.
struct ParsedName {
  NameKind kind = NameKind::invalid;
  std::string_view port, protocol;  // without their underscores
  std::string_view endpoint;
  std::string_view cluster;  // of an endpoint in a multicluster zone
  std::string_view host;     // endpoint and cluster in wire form
  std::string_view zone;     // the topology zone's labels in wire form
  bool prefer_zone = false;  // all endpoints will do when the zone has none
  std::string_view service;  // of a pod: its address label
  std::string_view space;    // the namespace
  std::string_view key;      // the labels SERVICE.NAMESPACE.svc in wire form, if there is a service
};

/// Takes apart the labels of `lower`, a name in lower case, in front of `zone`; needs lower.is_under(zone).
ParsedName parse_name(dns::NameView lower, dns::NameView zone, const Grammar& grammar = {});

}  // namespace portolan::kubernetes
