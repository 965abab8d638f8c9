// The search path that a pod has in its resolv.conf (`dnsPolicy: ClusterFirst`), for autopath.
#include <cstring>

#include "base/rcu.h"
#include "plugins/kubernetes/kubernetes.h"

namespace portolan::kubernetes {

using dns::NameView;

std::string_view Kubernetes::search_needs() const {
  return options_.settings.pods == PodMode::verified ? std::string_view() : "pods verified";
}

// NAMESPACE.svc.ZONE, svc.ZONE, ZONE, and the domains of the machine.
std::span<const NameView> Kubernetes::search(server::Query& query) const {
  constexpr std::string_view kServices = "\3svc";
  const dns::Name* zone = zone_of(query.question.lower);
  if (!zone || options_.settings.pods != PodMode::verified) return {};
  Arena& arena = query.arena();
  NameView first;
  {
    const rcu::ReadGuard reading;
    const ClientPod* pod = index().client(query.client.ip.unmapped());
    if (!pod) return {};
    const std::string_view space = pod->client().space;
    const NameView below = zone->view();
    const size_t size = 1 + space.size() + kServices.size() + below.size();
    if (space.empty() || space.size() > dns::kMaxLabel || size > dns::kMaxName) return {};
    const std::span<uint8_t> wire = arena.bytes(size);
    wire[0] = static_cast<uint8_t>(space.size());
    std::memcpy(wire.data() + 1, space.data(), space.size());
    std::memcpy(wire.data() + 1 + space.size(), kServices.data(), kServices.size());
    std::memcpy(wire.data() + size - below.size(), below.data(), below.size());
    first = NameView(wire.data(), static_cast<uint8_t>(size));
  }
  const auto& host = options_.host_search;
  const auto path = arena.array<NameView>(3 + host.size());
  path[0] = first;
  path[1] = first.parent();
  path[2] = path[1].parent();
  for (size_t i = 0; i < host.size(); ++i) path[3 + i] = host[i];
  return path;
}

}  // namespace portolan::kubernetes
