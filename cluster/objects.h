// The few fields of cluster objects that DNS needs. A decoder fills one at a time and hands it on; nothing keeps the
// JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace portolan::cluster {

enum class Kind : uint8_t { service, endpoint_slice, pod, namespace_, service_import };
constexpr size_t kKinds = 5;

/// The label by which a slice belongs to a ServiceImport.
constexpr const char* kImportLabel = "multicluster.kubernetes.io/service-name";

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Metadata {
  std::string name;
  std::string space;  // namespace; empty for cluster-scoped objects
  std::string resource_version;
  Labels labels;
  bool terminating = false;  // has a deletionTimestamp

  bool operator==(const Metadata&) const = default;
};

struct Port {
  std::string name;
  std::string protocol = "TCP";
  std::optional<uint16_t> number;  // an endpoint port may have none

  bool operator==(const Port&) const = default;
};

/// v1 Service. What an API server fills in is filled in by the decoder for manifests: type ClusterIP, protocol TCP,
/// clusterIPs from clusterIP.
struct Service {
  Metadata meta;
  std::string type = "ClusterIP";
  std::vector<std::string> cluster_ips;  // {"None"}: headless
  std::string external_name;
  std::vector<Port> ports;
  std::vector<std::string>
      external_ips;  // spec.externalIPs, then each load balancer ingress: its IP, else its hostname

  bool operator==(const Service&) const = default;
};

struct Endpoint {
  std::vector<std::string> addresses;
  std::string hostname;
  std::string target_pod;  // targetRef.name, whatever its kind, as CoreDNS takes it
  std::string zone;
  bool ready = true;  // null counts as ready

  bool operator==(const Endpoint&) const = default;
};

/// discovery.k8s.io/v1 EndpointSlice.
struct EndpointSlice {
  Metadata meta;
  std::string service;         // label kubernetes.io/service-name
  std::string import;          // label multicluster.kubernetes.io/service-name: a ServiceImport's endpoints
  std::string source_cluster;  // label multicluster.kubernetes.io/source-cluster
  std::string address_type;    // IPv4, IPv6, FQDN
  std::vector<Endpoint> endpoints;
  std::vector<Port> ports;
  std::string change_triggered;  // annotation endpoints.kubernetes.io/last-change-trigger-time, as it stands

  bool operator==(const EndpointSlice&) const = default;
};

/// Takes what a slice's labels say of whose endpoints it holds.
inline void take_owner(EndpointSlice& slice) {
  for (const auto& [key, value] : slice.meta.labels) {
    if (key == "kubernetes.io/service-name") slice.service = value;
    if (key == kImportLabel) slice.import = value;
    if (key == "multicluster.kubernetes.io/source-cluster") slice.source_cluster = value;
  }
}

struct Pod {
  Metadata meta;
  std::string ip;                // status.podIP
  std::vector<std::string> ips;  // status.podIPs
  std::string phase;

  bool operator==(const Pod&) const = default;
};

struct Namespace {
  Metadata meta;

  bool operator==(const Namespace&) const = default;
};

/// multicluster.x-k8s.io/v1alpha1 ServiceImport: a service that other clusters of a cluster set export.
struct ServiceImport {
  Metadata meta;
  bool headless = false;  // type Headless, else ClusterSetIP
  std::vector<std::string> ips;
  std::vector<Port> ports;

  bool operator==(const ServiceImport&) const = default;
};

using Object = std::variant<Service, EndpointSlice, Pod, Namespace, ServiceImport>;

inline const Metadata& metadata(const Object& object) {
  return std::visit([](const auto& each) -> const Metadata& { return each.meta; }, object);
}
inline Kind kind(const Object& object) { return static_cast<Kind>(object.index()); }

}  // namespace portolan::cluster
