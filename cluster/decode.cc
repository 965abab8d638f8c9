// simdjson's document model, an object at a time: it finds the structure of 1 GB/s of JSON, several times what a SAX
// reader does, and passes over what is not used (managedFields, a pod's spec) without a look.
#include "cluster/decode.h"

#include <simdjson.h>

namespace portolan::cluster {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

/// The member `key` of `value`, when `value` is an object and has it and it is not null.
std::optional<element> member(const element& value, std::string_view key) {
  element found;
  if (value.is_object() && value.at_key(key).get(found) == simdjson::SUCCESS && !found.is_null()) return found;
  return std::nullopt;
}

template <class... Keys>
std::optional<element> member(const element& value, std::string_view key, Keys... rest) {
  const auto found = member(value, key);
  return found ? member(*found, rest...) : std::nullopt;
}

/// The text of a string; empty for everything else.
std::string_view text(const std::optional<element>& value) {
  std::string_view found;
  return value && value->get(found) == simdjson::SUCCESS ? found : std::string_view{};
}

bool truth(const std::optional<element>& value, bool otherwise) {
  bool found = otherwise;
  return value && value->get(found) == simdjson::SUCCESS ? found : otherwise;
}

template <class Each>
void each_element(const std::optional<element>& value, Each&& each) {
  array elements;
  if (!value || value->get(elements) != simdjson::SUCCESS) return;
  for (const element one : elements) each(one);
}

std::vector<std::string> texts(const std::optional<element>& value) {
  std::vector<std::string> found;
  each_element(value, [&](const element& one) { found.emplace_back(text(one)); });
  return found;
}

Metadata read_metadata(const element& root, bool namespaced) {
  Metadata meta;
  if (namespaced) meta.space = "default";
  const auto source = member(root, "metadata");
  if (!source) return meta;
  meta.name = text(member(*source, "name"));
  if (const auto space = text(member(*source, "namespace")); namespaced && !space.empty()) meta.space = space;
  meta.resource_version = text(member(*source, "resourceVersion"));
  meta.terminating = member(*source, "deletionTimestamp").has_value();
  simdjson::dom::object labels;
  if (const auto value = member(*source, "labels"); value && value->get(labels) == simdjson::SUCCESS) {
    for (const auto& [key, label] : labels) meta.labels.emplace_back(key, text(label));
  }
  return meta;
}

Result<std::vector<Port>> read_ports(const std::optional<element>& value) {
  std::vector<Port> ports;
  bool outside = false;
  each_element(value, [&](const element& one) {
    Port& port = ports.emplace_back();
    port.name = text(member(one, "name"));
    if (const auto protocol = text(member(one, "protocol")); !protocol.empty()) port.protocol = protocol;
    const auto number = member(one, "port");
    if (!number) return;
    int64_t found = -1;
    if (number->get(found) != simdjson::SUCCESS || found < 0 || found > 65535)
      outside = true;
    else
      port.number = static_cast<uint16_t>(found);
  });
  if (outside) return fail("a port is not a number between 0 and 65535");
  return ports;
}

Result<Object> read_service(const element& root) {
  Service service;
  service.meta = read_metadata(root, true);
  if (const auto spec = member(root, "spec")) {
    if (const auto type = text(member(*spec, "type")); !type.empty()) service.type = type;
    service.cluster_ips = texts(member(*spec, "clusterIPs"));
    if (service.cluster_ips.empty()) {
      if (const auto ip = text(member(*spec, "clusterIP")); !ip.empty()) service.cluster_ips.emplace_back(ip);
    }
    service.external_name = text(member(*spec, "externalName"));
    auto ports = read_ports(member(*spec, "ports"));
    if (!ports) return ports.error();
    service.ports = std::move(*ports);
    service.external_ips = texts(member(*spec, "externalIPs"));
  }
  each_element(member(root, "status", "loadBalancer", "ingress"), [&](const element& one) {
    const auto ip = text(member(one, "ip"));
    service.external_ips.emplace_back(ip.empty() ? text(member(one, "hostname")) : ip);
  });
  return Object(std::move(service));
}

Endpoint read_endpoint(const element& value) {
  Endpoint endpoint;
  endpoint.addresses = texts(member(value, "addresses"));
  endpoint.hostname = text(member(value, "hostname"));
  endpoint.target_pod = text(member(value, "targetRef", "name"));
  endpoint.zone = text(member(value, "zone"));
  endpoint.ready = truth(member(value, "conditions", "ready"), true);
  return endpoint;
}

Result<Object> read_endpoint_slice(const element& root) {
  EndpointSlice slice;
  slice.meta = read_metadata(root, true);
  take_owner(slice);
  slice.address_type = text(member(root, "addressType"));
  slice.change_triggered =
      text(member(root, "metadata", "annotations", "endpoints.kubernetes.io/last-change-trigger-time"));
  auto ports = read_ports(member(root, "ports"));
  if (!ports) return ports.error();
  slice.ports = std::move(*ports);
  each_element(member(root, "endpoints"), [&](const element& one) { slice.endpoints.push_back(read_endpoint(one)); });
  return Object(std::move(slice));
}

Result<Object> read_pod(const element& root) {
  Pod pod;
  pod.meta = read_metadata(root, true);
  pod.ip = text(member(root, "status", "podIP"));
  pod.phase = text(member(root, "status", "phase"));
  each_element(member(root, "status", "podIPs"),
               [&](const element& one) { pod.ips.emplace_back(text(member(one, "ip"))); });
  return Object(std::move(pod));
}

Result<Object> read_service_import(const element& root) {
  ServiceImport import;
  import.meta = read_metadata(root, true);
  if (const auto spec = member(root, "spec")) {
    import.headless = text(member(*spec, "type")) == "Headless";
    import.ips = texts(member(*spec, "ips"));
    auto ports = read_ports(member(*spec, "ports"));
    if (!ports) return ports.error();
    import.ports = std::move(*ports);
  }
  return Object(std::move(import));
}

Result<Object> read_object(Kind kind, const element& root) {
  Result<Object> object = kind == Kind::service          ? read_service(root)
                          : kind == Kind::endpoint_slice ? read_endpoint_slice(root)
                          : kind == Kind::pod            ? read_pod(root)
                          : kind == Kind::service_import ? read_service_import(root)
                                                         : Object(Namespace{read_metadata(root, false)});
  if (object && metadata(*object).name.empty()) return fail("metadata.name is missing or no string");
  if (!object) {
    const auto meta = read_metadata(root, kind != Kind::namespace_);
    return fail(meta.space + "/" + meta.name + ": " + object.error().message);
  }
  return object;
}

/// The kind of a manifest's document, when it is one that DNS uses.
std::optional<Kind> known_kind(std::string_view api_version, std::string_view kind) {
  if (api_version == "v1" && kind == "Service") return Kind::service;
  if (api_version == "v1" && kind == "Pod") return Kind::pod;
  if (api_version == "v1" && kind == "Namespace") return Kind::namespace_;
  if (api_version.starts_with("discovery.k8s.io/") && kind == "EndpointSlice") return Kind::endpoint_slice;
  if (api_version == "multicluster.x-k8s.io/v1alpha1" && kind == "ServiceImport") return Kind::service_import;
  return std::nullopt;
}

constexpr int kDeepestList = 4;  // a List inside a List is legal, a tower of them is an attack

Result<void> read_document(const element& root, Decoder::Receiver& receiver, int depth) {
  const auto api_version = text(member(root, "apiVersion"));
  const auto kind_name = text(member(root, "kind"));
  if (!root.is_object()) return fail("expected an object with apiVersion and kind");
  if (const auto kind = known_kind(api_version, kind_name)) {
    auto object = read_object(*kind, root);
    if (!object) return fail(std::string(kind_name) + ": " + object.error().message);
    receiver.take(std::move(*object));
    return {};
  }
  if (!kind_name.ends_with("List") || !member(root, "items")) return {};
  if (depth == kDeepestList) return fail("lists inside lists are too deep");
  Result<void> result;
  each_element(member(root, "items"), [&](const element& one) {
    if (!result) return;
    result = read_document(one, receiver, depth + 1);
  });
  return result;
}

}  // namespace

std::optional<Event::Type> event_type(std::string_view name) {
  if (name == "ADDED") return Event::Type::added;
  if (name == "MODIFIED") return Event::Type::modified;
  if (name == "DELETED") return Event::Type::deleted;
  if (name == "BOOKMARK") return Event::Type::bookmark;
  if (name == "ERROR") return Event::Type::error;
  return std::nullopt;
}

struct Decoder::Impl {
  /// The text is copied into the parser's buffer, which has the padding that simdjson reads beyond the end.
  Result<element> parse(std::string_view json) {
    element root;
    if (const auto error = parser.parse(json.data(), json.size(), true).get(root); error != simdjson::SUCCESS) {
      return fail(std::string("invalid JSON: ") + simdjson::error_message(error));
    }
    return root;
  }
  simdjson::dom::parser parser;
};

Decoder::Decoder() : impl_(std::make_unique<Impl>()) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;

Result<Object> Decoder::object(Kind kind, std::string_view json) {
  const auto root = impl_->parse(json);
  if (!root) return root.error();
  return read_object(kind, *root);
}

Result<Event> Decoder::event(Kind kind, std::string_view json) {
  const auto root = impl_->parse(json);
  if (!root) return root.error();
  const auto type = event_type(text(member(*root, "type")));
  const auto value = member(*root, "object");
  if (!type || !value) return fail("expected a watch event with a known type and an object");
  Event event;
  event.type = *type;
  if (*type == Event::Type::error) {
    int64_t code = 0;
    if (const auto number = member(*value, "code"); number && number->get(code) == simdjson::SUCCESS) {
      event.code = static_cast<int>(code);
    }
    event.message = text(member(*value, "message"));
    return event;
  }
  event.resource_version = text(member(*value, "metadata", "resourceVersion"));
  if (*type == Event::Type::bookmark) {
    event.initial_events_end = text(member(*value, "metadata", "annotations", "k8s.io/initial-events-end")) == "true";
    return event;
  }
  auto object = read_object(kind, *value);
  if (object)
    event.object = std::move(*object);
  else
    event.message = object.error().message;
  return event;
}

Result<ListMetadata> Decoder::list_metadata(std::string_view json) {
  const auto root = impl_->parse(json);
  if (!root) return root.error();
  ListMetadata meta;
  meta.resource_version = text(member(*root, "resourceVersion"));
  meta.continue_token = text(member(*root, "continue"));
  return meta;
}

StatusReply Decoder::status(std::string_view json) {
  StatusReply reply;
  if (const auto root = impl_->parse(json); root && text(member(*root, "kind")) == "Status") {
    reply.reason = text(member(*root, "reason"));
    reply.message = text(member(*root, "message"));
  }
  return reply;
}

Result<void> Decoder::document(std::string_view json, Receiver& receiver) {
  const auto root = impl_->parse(json);
  if (!root) return root.error();
  return read_document(*root, receiver, 0);
}

}  // namespace portolan::cluster
