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
#include "plugins/kubernetes/name_parse.h"

namespace portolan::kubernetes {

enum class PodMode : uint8_t { disabled, insecure, verified };

struct Settings {
  std::vector<dns::Name> zones;  // lower case
  dns::Name primary;             // domain of PTR targets: the first zone that is no reverse zone
  uint32_t ttl = 5;
  PodMode pods = PodMode::disabled;
  bool all_pod_ips = false;             // `pods verified` knows every address of a pod
  std::vector<IpPrefix> pod_ranges;     // `pods insecure` answers for no address outside; empty: for all
  std::vector<std::string> pod_labels;  // what stands for `pod` in names; empty: `pod`
  bool pods_under_svc = false;          // `svc` does too, where no service has the name
  std::vector<std::string> namespaces;  // empty: all
  bool ignore_empty_service = false;
  std::vector<dns::Name> multicluster;  // those of the zones that hold ServiceImports instead of services
  bool zonal = false;
  bool headless_fit = false;
  Fallthrough fallthrough;
  std::vector<IpAddress> local;  // the machine's own addresses, for the zone's name servers

  /// Whether `name`, which lies in one of the zones, lies in one of ServiceImports.
  bool is_multicluster(dns::NameView name) const;
};

/// One question on its way through the lookup. `zone` has the case of the question.
struct Context {
  const Settings& settings;
  const Index& index;
  Arena& arena;
  dns::NameView zone;
  bool multicluster = false;
  // Looked at before the index is: what is not found, and complete by then, does not exist.
  bool is_sure = index.synced_for(multicluster);

  const Services& services() const { return multicluster ? index.imports() : index.services(); }
  Grammar grammar() const { return {multicluster, settings.zonal, settings.pod_labels}; }
};

/// Whether names in a namespace are answered. `hidden`: `namespaces` leaves it out, whether there is one or not. What
/// `namespace_labels` leaves out is never heard of, so it counts as missing.
enum class Exposure : uint8_t { shown, hidden, missing };
Exposure exposure(const Settings& settings, const Index& index, std::string_view space);

}  // namespace portolan::kubernetes
