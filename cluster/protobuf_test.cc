// Decoding protobuf: the fields of objects.h out of messages written by hand after k8s.io's generated.proto.
#include "cluster/protobuf.h"

#include <doctest/doctest.h>

#include "cluster/protobuf_message.h"

namespace portolan::cluster {
namespace {

/// ObjectMeta: name = 1, namespace = 3, uid = 5, resourceVersion = 6, creationTimestamp = 8, labels = 11,
/// managedFields = 17.
std::string object_meta(std::string_view name, std::string_view space, std::string_view more = "") {
  return bytes(1, bytes(1, name) + bytes(2, "") + bytes(3, space) + bytes(4, "") + bytes(5, "x") + bytes(6, "42") +
                      number(7, 0) + bytes(8, number(1, 1790000000) + number(2, 0)) + std::string(more) +
                      bytes(17, bytes(1, "kubectl") + bytes(7, bytes(1, "{}"))));
}

}  // namespace

TEST_CASE("protobuf: a Service gives the fields that DNS uses") {
  // ServicePort: name = 1, protocol = 2, port = 3, targetPort = 4, nodePort = 5.
  const std::string ports = bytes(1, bytes(1, "http") + bytes(2, "TCP") + number(3, 80) +
                                         bytes(4, number(1, 0) + number(2, 8080)) + number(5, 30080)) +
                            bytes(1, bytes(1, "") + bytes(2, "UDP") + number(3, 53));
  // ServiceSpec: ports = 1, selector = 2, clusterIP = 3, type = 4, externalIPs = 5, sessionAffinity = 7,
  // externalName = 10, publishNotReadyAddresses = 13, ipFamilyPolicy = 17, clusterIPs = 18.
  const std::string spec = bytes(2, ports + entry(2, "app", "web") + bytes(3, "10.96.0.7") + bytes(4, "LoadBalancer") +
                                        bytes(5, "192.0.2.1") + bytes(7, "None") + bytes(10, "") + number(13, 1) +
                                        bytes(17, "PreferDualStack") + bytes(18, "10.96.0.7") + bytes(18, "fd00::7"));
  // ServiceStatus: loadBalancer = 1; LoadBalancerStatus: ingress = 1; LoadBalancerIngress: ip = 1, hostname = 2.
  const std::string status = bytes(
      3, bytes(1, bytes(1, bytes(1, "192.0.2.2") + bytes(2, "")) + bytes(1, bytes(1, "") + bytes(2, "lb.example"))));
  const auto object = protobuf::object(
      Kind::service, object_meta("web", "prod", entry(11, "app", "web") + entry(11, "q", "a\"}{")) + spec + status);
  REQUIRE(object.has_value());
  Service expected;
  expected.meta = {"web", "prod", "42", {{"app", "web"}, {"q", "a\"}{"}}, false};
  expected.type = "LoadBalancer";
  expected.cluster_ips = {"10.96.0.7", "fd00::7"};
  expected.ports = {{"http", "TCP", 80}, {"", "UDP", 53}};
  expected.external_ips = {"192.0.2.1", "192.0.2.2", "lb.example"};
  CHECK(std::get<Service>(*object) == expected);
}

TEST_CASE("protobuf: fields may come in any order, be unknown, and be left out") {
  const std::string unknown = number(900, UINT64_MAX) + bytes(901, std::string(300, 'x')) + varint(902 << 3 | 1) +
                              "12345678" + varint(903 << 3 | 5) + "1234";
  const auto object = protobuf::object(
      Kind::service, bytes(3, bytes(1, bytes(1, bytes(2, "lb.example")))) + unknown +
                         bytes(2, bytes(5, "192.0.2.1") + bytes(3, "None") + bytes(1, bytes(1, "x") + number(3, 1))) +
                         bytes(1, unknown + bytes(1, "a")));
  REQUIRE(object.has_value());
  const auto& service = std::get<Service>(*object);
  CHECK(service.meta == Metadata{"a", "default", "", {}, false});
  CHECK(service.type == "ClusterIP");
  CHECK(service.cluster_ips == std::vector<std::string>{"None"});
  CHECK(service.ports == std::vector<Port>{{"x", "TCP", 1}});
  CHECK(service.external_ips == std::vector<std::string>{"192.0.2.1", "lb.example"});
}

TEST_CASE("protobuf: an EndpointSlice keeps readiness, names and ports without a number") {
  // Endpoint: addresses = 1, conditions = 2 (ready = 1, serving = 2, terminating = 3), hostname = 3,
  // targetRef = 4 (kind = 1, namespace = 2, name = 3), nodeName = 6, zone = 7.
  const std::string endpoints = bytes(2, bytes(1, "10.0.0.1") + bytes(1, "10.0.0.2") + bytes(2, "") + bytes(3, "h") +
                                             bytes(4, bytes(1, "Pod") + bytes(2, "prod") + bytes(3, "web-abc")) +
                                             bytes(6, "n") + bytes(7, "z1")) +
                                bytes(2, bytes(1, "10.0.0.3") + bytes(2, number(1, 0) + number(2, 1))) +
                                bytes(2, bytes(1, "10.0.0.4") + bytes(2, number(1, 1)));
  // EndpointSlice: metadata = 1, endpoints = 2, ports = 3, addressType = 4; EndpointPort: name = 1, protocol = 2,
  // port = 3.
  const std::string ports = bytes(3, bytes(1, "")) + bytes(3, bytes(1, "http") + bytes(2, "SCTP") + number(3, 8080));
  const auto object = protobuf::object(
      Kind::endpoint_slice,
      object_meta("web-1", "prod",
                  entry(11, "kubernetes.io/service-name", "web") +
                      entry(12, "endpoints.kubernetes.io/last-change-trigger-time", "2026-01-02T03:04:05Z")) +
          endpoints + ports + bytes(4, "IPv4"));
  REQUIRE(object.has_value());
  const auto& slice = std::get<EndpointSlice>(*object);
  CHECK(slice.service == "web");
  CHECK(slice.change_triggered == "2026-01-02T03:04:05Z");
  CHECK(slice.address_type == "IPv4");
  REQUIRE(slice.endpoints.size() == 3);
  CHECK(slice.endpoints[0] == Endpoint{{"10.0.0.1", "10.0.0.2"}, "h", "web-abc", "z1", true});
  CHECK(slice.endpoints[1].ready == false);
  CHECK(slice.endpoints[2].ready == true);
  CHECK(slice.ports == std::vector<Port>{{"", "TCP", std::nullopt}, {"http", "SCTP", 8080}});
  const auto bare = protobuf::object(Kind::endpoint_slice, object_meta("b", "prod"));
  REQUIRE(bare.has_value());
  CHECK(std::get<EndpointSlice>(*bare).ports.empty());
}

TEST_CASE("protobuf: a Pod and a Namespace, the first being deleted") {
  // PodStatus: phase = 1, conditions = 2, hostIP = 5, podIP = 6, podIPs = 12.
  const auto pod = protobuf::object(
      Kind::pod, object_meta("p", "n", bytes(9, number(1, 1790000000))) + bytes(2, bytes(2, std::string(500, 'c'))) +
                     bytes(3, bytes(1, "Pending") + bytes(2, "") + bytes(5, "192.0.2.9") + bytes(6, "10.0.0.9") +
                                  bytes(12, bytes(1, "10.0.0.9")) + bytes(12, bytes(1, "fd00::9"))));
  REQUIRE(pod.has_value());
  CHECK(std::get<Pod>(*pod).meta.terminating);
  CHECK(std::get<Pod>(*pod).ip == "10.0.0.9");
  CHECK(std::get<Pod>(*pod).ips == std::vector<std::string>{"10.0.0.9", "fd00::9"});
  CHECK(std::get<Pod>(*pod).phase == "Pending");
  // Octet by octet: metadata { name: "n", resourceVersion: "7", labels { key: "env", value: "prod" } }.
  const std::string_view octets =
      "\x0a\x13"
      "\x0a\x01n"
      "\x32\x01"
      "7"
      "\x5a\x0b\x0a\x03"
      "env\x12\x04prod";
  const auto space = protobuf::object(Kind::namespace_, octets);
  REQUIRE(space.has_value());
  CHECK(std::get<Namespace>(*space).meta == Metadata{"n", "", "7", {{"env", "prod"}}, false});
}

TEST_CASE("protobuf: broken objects are errors") {
  const auto error = [](const std::string& message) {
    const auto object = protobuf::object(Kind::service, message);
    return object ? std::string() : object.error().message;
  };
  const std::string meta = object_meta("a", "prod");
  const auto port = [](uint64_t value) { return bytes(2, bytes(1, number(3, value))); };
  CHECK(error("") == "metadata.name is missing");
  CHECK(error(meta + port(65535)).empty());
  CHECK(error(meta + port(65536)) == "prod/a: a port is not a number between 0 and 65535");
  CHECK(error(meta + port(UINT64_MAX)) == "prod/a: a port is not a number between 0 and 65535");
  for (size_t length = 1; length < meta.size(); ++length) {
    CAPTURE(length);
    CHECK(!error(meta.substr(0, length)).empty());
  }
  for (const std::string& broken : {
           std::string("\x0a\xff\xff\xff\xff\x0f", 6),                          // a length beyond the end
           meta + std::string("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),  // a number without an end
           meta + "\x0b\x0c",                                                   // a group
           meta + std::string(2, '\0'),                                         // a field without a number
           meta + "\x11" + "1234567",                                           // eight octets of which one is missing
       }) {
    CAPTURE(broken);
    CHECK(error(broken).starts_with("invalid protobuf: "));
  }
}

TEST_CASE("protobuf: the events of a watch") {
  const std::string service = small_service("web", 42, "10.96.0.7");
  auto added = protobuf::event(Kind::service, watch_event("ADDED", standing("Service", service)));
  REQUIRE(added.has_value());
  CHECK(added->type == Event::Type::added);
  CHECK(added->resource_version == "42");
  CHECK(metadata(*added->object).name == "web");
  auto deleted = protobuf::event(
      Kind::namespace_, watch_event("DELETED", standing("Namespace", bytes(1, bytes(1, "n") + bytes(6, "7")))));
  REQUIRE(deleted.has_value());
  CHECK(deleted->type == Event::Type::deleted);
  CHECK(deleted->resource_version == "7");
  for (const bool initial_end : {false, true}) {
    const std::string meta =
        bytes(6, "12746") + (initial_end ? entry(12, "k8s.io/initial-events-end", "true") : std::string());
    auto bookmark = protobuf::event(Kind::pod, watch_event("BOOKMARK", standing("Pod", bytes(1, meta))));
    REQUIRE(bookmark.has_value());
    CHECK(bookmark->type == Event::Type::bookmark);
    CHECK(bookmark->resource_version == "12746");
    CHECK(bookmark->initial_events_end == initial_end);
  }
  auto gone = protobuf::event(
      Kind::pod, watch_event("ERROR", standing("Status", status(410, "Expired", "too old resource version: 1 (2)"))));
  REQUIRE(gone.has_value());
  CHECK(gone->type == Event::Type::error);
  CHECK(gone->code == 410);
  CHECK(gone->message == "too old resource version: 1 (2)");
  auto unreadable = protobuf::event(Kind::service, watch_event("ADDED", standing("Service", bytes(1, bytes(6, "9")))));
  REQUIRE(unreadable.has_value());  // the watch goes on behind an object that makes no sense
  CHECK(!unreadable->object.has_value());
  CHECK(unreadable->message == "metadata.name is missing");
  CHECK(unreadable->resource_version == "9");
}

TEST_CASE("protobuf: what is no event is an error") {
  const std::string service = standing("Service", small_service("web", 42, "10.96.0.7"));
  std::string compressed = std::string("k8s\0", 4) + bytes(2, "x") + bytes(3, "gzip");
  for (const std::string& broken :
       {std::string(), watch_event("OTHER", service), watch_event("ADDED", ""), watch_event("ADDED", service.substr(1)),
        watch_event("ADDED", service.substr(0, 20)), watch_event("ADDED", compressed),
        watch_event("ADDED", service).substr(0, 30)}) {
    CAPTURE(broken);
    CHECK(protobuf::event(Kind::service, broken).has_error());
  }
}

TEST_CASE("protobuf: a Status says what went wrong") {
  const auto said = protobuf::status(standing("Status", status(403, "Forbidden", "services is forbidden")));
  CHECK(said.reason == "Forbidden");
  CHECK(said.message == "services is forbidden");
  CHECK(protobuf::status(standing("Service", status(403, "Forbidden", "x"))).message.empty());
  CHECK(protobuf::status("<html>").message.empty());
  CHECK(protobuf::status("").message.empty());
}

TEST_CASE("protobuf: a list's metadata") {
  // ListMeta: selfLink = 1, resourceVersion = 2, continue = 3, remainingItemCount = 4.
  const auto meta = protobuf::list_metadata(bytes(1, "") + bytes(2, "99") + bytes(3, "tok\"}") + number(4, 7));
  REQUIRE(meta.has_value());
  CHECK(meta->resource_version == "99");
  CHECK(meta->continue_token == "tok\"}");
  CHECK(protobuf::list_metadata("\x0a\x05x").has_error());
}

}  // namespace portolan::cluster
