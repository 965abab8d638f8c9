// For this folder's tests: objects in one line each, and answers of an index as text.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/arena.h"
#include "cluster/objects.h"
#include "dns/rdata_text.h"
#include "plugins/kubernetes/answers.h"

namespace portolan::kubernetes::testing {

inline cluster::Namespace space_object(std::string name) {
  cluster::Namespace space;
  space.meta.name = std::move(name);
  return space;
}

/// `ips` {"None"}: headless.
inline cluster::Service service_object(std::string space, std::string name, std::vector<std::string> ips,
                                       std::vector<cluster::Port> ports = {{"http", "TCP", 80}}) {
  cluster::Service service;
  service.meta.space = std::move(space);
  service.meta.name = std::move(name);
  service.cluster_ips = std::move(ips);
  service.ports = std::move(ports);
  return service;
}

inline cluster::Service alias_object(std::string space, std::string name, std::string target) {
  cluster::Service service = service_object(std::move(space), std::move(name), {""}, {});
  service.type = "ExternalName";
  service.external_name = std::move(target);
  return service;
}

/// Endpoints as "address" or "address=hostname".
inline cluster::EndpointSlice slice_object(std::string space, std::string service, std::string name,
                                           const std::vector<std::string>& endpoints,
                                           std::vector<cluster::Port> ports = {{"http", "TCP", 80}}) {
  cluster::EndpointSlice slice;
  slice.meta.space = std::move(space);
  slice.meta.name = std::move(name);
  slice.service = std::move(service);
  slice.ports = std::move(ports);
  for (const std::string& text : endpoints) {
    cluster::Endpoint endpoint;
    const size_t equals = text.find('=');
    endpoint.addresses = {text.substr(0, equals)};
    if (equals != text.npos) endpoint.hostname = text.substr(equals + 1);
    slice.endpoints.push_back(std::move(endpoint));
  }
  return slice;
}

inline cluster::Pod pod_object(std::string space, std::string name, std::string ip, std::string phase = "Running") {
  cluster::Pod pod;
  pod.meta.space = std::move(space);
  pod.meta.name = std::move(name);
  pod.ip = std::move(ip);
  pod.phase = std::move(phase);
  return pod;
}

inline cluster::ServiceImport import_object(std::string space, std::string name, std::vector<std::string> ips,
                                            std::vector<cluster::Port> ports = {{"http", "TCP", 80}}) {
  cluster::ServiceImport import;
  import.meta.space = std::move(space);
  import.meta.name = std::move(name);
  import.headless = ips == std::vector<std::string>{"None"};
  if (!import.headless) import.ips = std::move(ips);
  import.ports = std::move(ports);
  return import;
}

/// The endpoints that `cluster` exports for an import.
inline cluster::EndpointSlice imported_slice(std::string space, std::string import, std::string cluster,
                                             const std::vector<std::string>& endpoints) {
  cluster::EndpointSlice slice = slice_object(std::move(space), "", import + "-" + cluster, endpoints);
  slice.import = std::move(import);
  slice.source_cluster = std::move(cluster);
  return slice;
}

inline Settings settings_for(std::string_view zone) {
  Settings settings;
  settings.zones = {dns::Name::parse(zone).value()};
  settings.primary = settings.zones.front();
  settings.pods = PodMode::verified;
  return settings;
}

inline void snapshot_all(Index& index) {
  for (size_t i = 0; i < cluster::kKinds; ++i) {
    index.begin_snapshot(static_cast<cluster::Kind>(i));
    index.end_snapshot(static_cast<cluster::Kind>(i));
  }
}

/// Name, answer and additional records, sorted, or "NXDOMAIN" / "NODATA".
inline std::vector<std::string> ask(const Index& index, const Settings& settings, std::string_view text,
                                    dns::RRType type) {
  Arena arena;
  const dns::Name name = dns::Name::parse(text).value();
  const dns::Name zone = settings.zones.front();
  const Context context{settings, index, arena, name.view().suffix(zone.view().label_count()),
                        settings.is_multicluster(zone)};
  Records answer(arena), additional(arena);
  Found found = Found::no_name;
  if (type == dns::RRType::ptr) {
    found = add_reverse(context, name.lower(), name, answer);
  } else {
    Selection selection;
    const dns::Name lower = name.lower();
    found = select(context, lower, selection);
    if (found == Found::records && type == dns::RRType::srv)
      add_services(context, selection, name, answer, additional);
    else if (found == Found::records && type == dns::RRType::cname)
      add_alias(context, selection, name, answer);
    else if (found == Found::records)
      add_addresses(context, selection, type, name, answer);
  }
  if (found == Found::hidden) return {"hidden"};
  if (found == Found::no_name) return {"NXDOMAIN"};
  if (answer.empty()) return {"NODATA"};
  std::vector<std::string> result;
  for (const auto& record : answer) result.push_back(dns::record_text(record));
  for (const auto& record : additional) result.push_back("+ " + dns::record_text(record));
  for (std::string& line : result) std::replace(line.begin(), line.end(), '\t', ' ');
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace portolan::kubernetes::testing
