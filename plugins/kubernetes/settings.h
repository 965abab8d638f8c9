// What the directive says, as the query path needs it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/arena.h"
#include "dns/name.h"
#include "plugins/common/fallthrough.h"
#include "plugins/kubernetes/index.h"

namespace portolan::kubernetes {

enum class PodMode : uint8_t { disabled, insecure, verified };

struct Settings {
  std::vector<dns::Name> zones;  // lower case
  dns::Name primary;             // domain of PTR targets: the first zone that is no reverse zone
  uint32_t ttl = 5;
  PodMode pods = PodMode::disabled;
  std::vector<std::string> namespaces;  // empty: all
  bool ignore_empty_service = false;
  Fallthrough fallthrough;
  std::vector<IpAddress> local;  // the machine's own addresses, for the zone's name servers
};

/// One question on its way through the lookup. `zone` has the case of the question.
struct Context {
  const Settings& settings;
  const Index& index;
  Arena& arena;
  dns::NameView zone;
};

/// Whether the configuration and the cluster show this namespace.
bool exposed(const Settings& settings, const Index& index, std::string_view space);

}  // namespace portolan::kubernetes
