// Decoding: the fields of objects.h out of the API server's JSON, events and lists, in pieces of any size.
#include "cluster/decode.h"

#include <doctest/doctest.h>

#include "cluster/stream.h"

namespace portolan::cluster {
namespace {

constexpr const char* kServiceJson = R"({"kind":"Service","apiVersion":"v1",
  "metadata":{"name":"web","namespace":"prod","uid":"x","resourceVersion":"42","labels":{"app":"web","q":"a\"}{"},
    "managedFields":[{"manager":"kubectl","fieldsV1":{"f:spec":{"f:ports":{}}}}]},
  "spec":{"type":"LoadBalancer","clusterIP":"10.96.0.7","clusterIPs":["10.96.0.7","fd00::7"],
    "externalIPs":["192.0.2.1"],
    "publishNotReadyAddresses":true,
    "ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":8080},{"port":53,"protocol":"UDP"}]},
  "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.2"},{"hostname":"lb.example"}]}}})";

}  // namespace

TEST_CASE("decode: a Service gives the fields that DNS uses") {
  Decoder decoder;
  const auto object = decoder.object(Kind::service, kServiceJson);
  REQUIRE(object.has_value());
  Service expected;
  expected.meta = {"web", "prod", "42", {{"app", "web"}, {"q", "a\"}{"}}, false};
  expected.type = "LoadBalancer";
  expected.cluster_ips = {"10.96.0.7", "fd00::7"};
  expected.ports = {{"http", "TCP", 80}, {"", "UDP", 53}};
  expected.external_ips = {"192.0.2.1", "192.0.2.2", "lb.example"};
  CHECK(std::get<Service>(*object) == expected);
}

TEST_CASE("decode: what an API server fills in is filled in") {
  Decoder decoder;
  const auto object = decoder.object(
      Kind::service, R"({"metadata":{"name":"a"},"spec":{"clusterIP":"None","ports":[{"name":"x","port":1}]}})");
  REQUIRE(object.has_value());
  const auto& service = std::get<Service>(*object);
  CHECK(service.meta.space == "default");
  CHECK(service.type == "ClusterIP");
  CHECK(service.cluster_ips == std::vector<std::string>{"None"});
  CHECK(service.ports == std::vector<Port>{{"x", "TCP", 1}});
}

TEST_CASE("decode: an EndpointSlice keeps readiness, names and ports without a number") {
  Decoder decoder;
  const auto object = decoder.object(Kind::endpoint_slice, R"({"metadata":{"name":"web-1","namespace":"prod",
    "labels":{"kubernetes.io/service-name":"web"},
    "annotations":{"endpoints.kubernetes.io/last-change-trigger-time":"2026-01-02T03:04:05Z"}},
    "addressType":"IPv4","endpoints":[
    {"addresses":["10.0.0.1","10.0.0.2"],"conditions":{"ready":null},"hostname":"h","zone":"z1","nodeName":"n",
     "targetRef":{"kind":"Pod","name":"web-abc"}},
    {"addresses":["10.0.0.3"],"conditions":{"ready":false}},{"addresses":["10.0.0.4"]}],
    "ports":[{"name":"","port":null},{"name":"http","port":8080,"protocol":"SCTP"}]})");
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
  const auto bare = decoder.object(Kind::endpoint_slice, R"({"metadata":{"name":"b"},"ports":null})");
  REQUIRE(bare.has_value());
  CHECK(std::get<EndpointSlice>(*bare).ports.empty());
}

TEST_CASE("decode: a Pod and a Namespace, the first being deleted") {
  Decoder decoder;
  const auto pod =
      decoder.object(Kind::pod, R"({"metadata":{"name":"p","namespace":"n","deletionTimestamp":"2026-01-01T00:00:00Z"},
    "status":{"phase":"Pending","podIP":"10.0.0.9","podIPs":[{"ip":"10.0.0.9"},{"ip":"fd00::9"}]}})");
  REQUIRE(pod.has_value());
  CHECK(std::get<Pod>(*pod).meta.terminating);
  CHECK(std::get<Pod>(*pod).ip == "10.0.0.9");
  CHECK(std::get<Pod>(*pod).ips == std::vector<std::string>{"10.0.0.9", "fd00::9"});
  CHECK(std::get<Pod>(*pod).phase == "Pending");
  const auto space = decoder.object(Kind::namespace_, R"({"metadata":{"name":"n","labels":{"env":"prod"}}})");
  REQUIRE(space.has_value());
  CHECK(std::get<Namespace>(*space).meta == Metadata{"n", "", "", {{"env", "prod"}}, false});
}

TEST_CASE("decode: a ServiceImport, and the slices that belong to one") {
  Decoder decoder;
  const auto read = decoder.object(Kind::service_import, R"({"metadata":{"name":"mc","namespace":"prod"},
    "spec":{"type":"ClusterSetIP","ips":["10.96.5.1","fd00::1"],"ports":[{"name":"http","port":80},
      {"name":"dns","port":53,"protocol":"UDP"}]},"status":{"clusters":[{"cluster":"east"}]}})");
  REQUIRE(read.has_value());
  const auto& import = std::get<ServiceImport>(*read);
  CHECK(import.meta.space == "prod");
  CHECK_FALSE(import.headless);
  CHECK(import.ips == std::vector<std::string>{"10.96.5.1", "fd00::1"});
  CHECK(import.ports == std::vector<Port>{{"http", "TCP", 80}, {"dns", "UDP", 53}});
  const auto headless = decoder.object(Kind::service_import, R"({"metadata":{"name":"h"},"spec":{"type":"Headless"}})");
  CHECK(std::get<ServiceImport>(*headless).headless);
  CHECK(
      decoder.object(Kind::service_import, R"({"metadata":{"name":"h"},"spec":{"ports":[{"port":-1}]}})").has_error());

  const auto slice = decoder.object(Kind::endpoint_slice, R"({"metadata":{"name":"s","labels":
    {"multicluster.kubernetes.io/service-name":"mc","multicluster.kubernetes.io/source-cluster":"east"}}})");
  REQUIRE(slice.has_value());
  CHECK(std::get<EndpointSlice>(*slice).service.empty());
  CHECK(std::get<EndpointSlice>(*slice).import == "mc");
  CHECK(std::get<EndpointSlice>(*slice).source_cluster == "east");
}

TEST_CASE("decode: broken objects are errors, odd ones are not") {
  Decoder decoder;
  for (const char* json :
       {"", "{", "{}", "null", "[]", R"({"metadata":{}})",
        R"({"metadata":{"name":"a"},"spec":{"ports":[{"port":65536}]}})",
        R"({"metadata":{"name":"a"},"spec":{"ports":[{"port":"http"}]}})", "{\"metadata\":{\"name\":\"\xff\"}}"}) {
    CAPTURE(json);
    CHECK(decoder.object(Kind::service, json).has_error());
  }
  CHECK(decoder.object(Kind::service, R"({"metadata":{"name":"a","labels":[]},"spec":[],"status":{"loadBalancer":7}})")
            .has_value());
}

TEST_CASE("decode: the events of a watch") {
  Decoder decoder;
  auto added = decoder.event(Kind::service, std::string(R"({"type":"ADDED","object":)") + kServiceJson + "}");
  REQUIRE(added.has_value());
  CHECK(added->type == Event::Type::added);
  CHECK(added->resource_version == "42");
  CHECK(metadata(*added->object).name == "web");
  auto deleted =
      decoder.event(Kind::namespace_, R"({"type":"DELETED","object":{"metadata":{"name":"n","resourceVersion":"7"}}})");
  REQUIRE(deleted.has_value());
  CHECK(deleted->type == Event::Type::deleted);
  auto bookmark = decoder.event(Kind::pod, R"({"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":
    {"resourceVersion":"12746","annotations":{"k8s.io/initial-events-end":"true"}},
    "spec":{"containers":null},"status":{}}})");
  REQUIRE(bookmark.has_value());
  CHECK(bookmark->type == Event::Type::bookmark);
  CHECK(bookmark->resource_version == "12746");
  CHECK(bookmark->initial_events_end);
  auto gone = decoder.event(Kind::pod, R"j({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},
    "status":"Failure","message":"too old resource version: 1 (2)","reason":"Expired","code":410}})j");
  REQUIRE(gone.has_value());
  CHECK(gone->code == 410);
  CHECK(gone->message == "too old resource version: 1 (2)");
  auto unreadable = decoder.event(Kind::service, R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"9"}}})");
  REQUIRE(unreadable.has_value());  // the watch goes on behind an object that makes no sense
  CHECK(!unreadable->object.has_value());
  CHECK(unreadable->resource_version == "9");
  CHECK(decoder.event(Kind::service, R"({"type":"OTHER","object":{}})").has_error());
}

TEST_CASE("decode: lines come out whole, however the stream is cut") {
  const std::string stream = "{\"a\":1}\n\n{\"b\":\"x\\n\"}\r\n{\"c\":3}\n{\"rest\"";
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    CAPTURE(piece);
    LineCutter cutter;
    std::vector<std::string> lines;
    for (size_t at = 0; at < stream.size(); at += piece) {
      REQUIRE(cutter
                  .feed(std::string_view(stream).substr(at, piece),
                        [&](std::string_view line) {
                          lines.emplace_back(line);
                          return true;
                        })
                  .has_value());
    }
    CHECK(lines == std::vector<std::string>{"{\"a\":1}", "{\"b\":\"x\\n\"}\r", "{\"c\":3}"});
    CHECK(cutter.inside());
  }
}

TEST_CASE("decode: items of a list come out whole, however the reply is cut") {
  const std::string list =
      R"({"kind":"ServiceList","metadata":{"resourceVersion":"99","continue":"tok\"}"},"other":{"items":[{"no":1}]},
    "items":[{"a":"}{][\"","l":[{"x":[]}]}, {"metadata":{"name":"b"}},{}],"remaining":[{"n":1}]})";
  for (size_t piece = 1; piece <= list.size(); ++piece) {
    CAPTURE(piece);
    ListCutter cutter;
    std::vector<std::string> items;
    std::string meta;
    const ListCutter::Receiver receiver{[&](std::string_view item) { items.emplace_back(item); },
                                        [&](std::string_view text) { meta = text; }};
    for (size_t at = 0; at < list.size(); at += piece) {
      CHECK(!cutter.complete());
      REQUIRE(cutter.feed(std::string_view(list).substr(at, piece), receiver).has_value());
    }
    CHECK(cutter.complete());
    CHECK(items == std::vector<std::string>{R"({"a":"}{][\"","l":[{"x":[]}]})", R"({"metadata":{"name":"b"}})", "{}"});
    Decoder decoder;
    const auto decoded = decoder.list_metadata(meta);
    REQUIRE(decoded.has_value());
    CHECK(decoded->resource_version == "99");
    CHECK(decoded->continue_token == "tok\"}");
  }
  ListCutter cutter;
  CHECK(cutter.feed("}", {}).has_error());
}

TEST_CASE("decode: a Status says what went wrong") {
  Decoder decoder;
  const auto status =
      decoder.status(R"({"kind":"Status","message":"services is forbidden","reason":"Forbidden","code":403})");
  CHECK(status.reason == "Forbidden");
  CHECK(status.message == "services is forbidden");
  CHECK(decoder.status("<html>").message.empty());
}

}  // namespace portolan::cluster
