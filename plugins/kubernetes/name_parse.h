// The grammar of names in the cluster's zone:
//   [ENDPOINT. | _PORT._PROTOCOL.]SERVICE.NAMESPACE.svc.ZONE and [...]ADDRESS.NAMESPACE.pod.ZONE
#pragma once

#include <string_view>

#include "dns/name.h"

namespace portolan::kubernetes {

enum class NameKind : uint8_t {
  empty,  // the zone itself, or svc and pod right under it: nothing lives there, but the names exist
  service,
  pod,
  invalid,  // no name of the grammar
};

/// Views into the name that was parsed, in lower case. What is not there is empty and matches everything.
struct ParsedName {
  NameKind kind = NameKind::invalid;
  std::string_view port, protocol;  // without their underscores
  std::string_view endpoint;
  std::string_view service;  // of a pod: its address label
  std::string_view space;    // the namespace
  std::string_view key;      // the labels SERVICE.NAMESPACE.svc in wire form, if there is a service
};

/// Takes apart the labels of `lower`, a name in lower case, in front of `zone`; needs lower.is_under(zone).
ParsedName parse_name(dns::NameView lower, dns::NameView zone);

}  // namespace portolan::kubernetes
