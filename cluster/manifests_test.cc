// Manifests: cutting files into documents, YAML and JSON alike, and what a set of files means together.
#include "cluster/manifests.h"

#include <doctest/doctest.h>

#include "cluster/yaml_json.h"

namespace portolan::cluster {
namespace {

std::vector<std::string> names(std::string_view text) {
  std::vector<std::string> found;
  const auto objects = read_manifest("f.yaml", text);
  if (!objects) return {objects.error().message};
  for (const auto& object : *objects) {
    found.push_back(std::to_string(static_cast<int>(kind(*object))) + " " + metadata(*object).space + "/" +
                    metadata(*object).name);
  }
  return found;
}

std::vector<std::string> keys(const ManifestSet& set, const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const auto& [key, object] : set.objects(paths)) {
    found.push_back(std::to_string(static_cast<int>(std::get<0>(key))) + " " + std::get<1>(key) + "/" +
                    std::get<2>(key));
  }
  return found;
}

void put(ManifestSet& set, const std::string& path, std::string_view text) {
  auto objects = read_manifest(path, text);
  REQUIRE(objects.has_value());
  set.put(path, std::move(*objects));
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("manifests: documents in YAML and JSON, lists and unknown kinds") {
  CHECK(names("") == Names{});
  CHECK(names("# nothing\n---\n---\n# more\n") == Names{});
  CHECK(names("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\napiVersion: apps/v1\nkind: "
              "Deployment\nmetadata: {name: d}\n"
              "---   # a comment\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n...\n") ==
        Names{"0 default/a", "3 /n"});
  CHECK(names("---\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":\"x\"}}\n"
              "--- {\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"}}\n") ==
        Names{"2 x/p", "0 default/s"});
  CHECK(names("{apiVersion: v1, kind: Service, metadata: {name: braces}}") == Names{"0 default/braces"});
  CHECK(names("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n"
              "- apiVersion: discovery.k8s.io/v1\n  kind: EndpointSlice\n  metadata: {name: b}\n") ==
        Names{"0 default/a", "1 default/b"});
  CHECK(names("  apiVersion: v1\n  kind: Service\n  metadata:\n    name: indented\n") == Names{"0 default/indented"});
  CHECK(names("\xEF\xBB\xBF"
              "apiVersion: v1\r\nkind: Service\r\nmetadata:\r\n  name: crlf\r\n---\r\n") == Names{"0 default/crlf"});
}

TEST_CASE("manifests: values mean what Kubernetes takes them for") {
  const auto objects = read_manifest(
      "f",
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: '123'\n  labels: {on: \"true\", text: x y}\n"
      "spec:\n  clusterIP: None\n  publishNotReadyAddresses: true\n  ports:\n  - {port: 80, name: \"a\"}\n");
  REQUIRE(objects.has_value());
  const auto& service = std::get<Service>(*objects->at(0));
  CHECK(service.meta.name == "123");
  CHECK(service.meta.labels == Labels{{"on", "true"}, {"text", "x y"}});
  CHECK(service.cluster_ips == std::vector<std::string>{"None"});
  CHECK(service.ports == std::vector<Port>{{"a", "TCP", 80}});
}

TEST_CASE("manifests: an error names the file and the line") {
  struct Case {
    const char* text;
    const char* start;
  };
  for (const Case& each : {
           Case{"apiVersion: v1\nkind: Service\nmetadata:\n  name: [a\n", "f.yaml:5: "},
           Case{"---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n# c\na: b\n c: d\n", "f.yaml:8: "},
           Case{"---\n{\"apiVersion\":\"v1\",\n\"kind\":]}\n", "f.yaml:3: "},
           Case{"\n\napiVersion: v1\nkind: Service\nmetadata: {}\n", "f.yaml:3: Service: metadata.name is missing"},
           Case{"--- \napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 70000}]}\n",
                "f.yaml:2: Service: default/a: a port is not a number"},
           Case{"text", "f.yaml:1: expected an object"},
       }) {
    CAPTURE(each.text);
    const Names found = names(each.text);
    REQUIRE(found.size() == 1);
    CHECK(found[0].substr(0, std::string(each.start).size()) == each.start);
  }
}

TEST_CASE("manifests: the last file with an object wins, and a file that goes takes its objects along") {
  auto set = ManifestSet::make({});
  REQUIRE(set.has_value());
  put(*set, "1", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: 10.0.0.1}}");
  put(*set, "2",
      "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: 10.0.0.2}}\n---\n"
      "{apiVersion: v1, kind: Namespace, metadata: {name: own}}");
  const auto address = [&](const std::vector<std::string>& paths) {
    return std::get<Service>(*set->objects(paths).at({Kind::service, "default", "a"})).cluster_ips.at(0);
  };
  CHECK(address({"1", "2"}) == "10.0.0.2");
  CHECK(address({"2", "1"}) == "10.0.0.1");
  set->erase("2");
  CHECK(address({"1", "2"}) == "10.0.0.1");
}

TEST_CASE("manifests: namespaces are implied as in a cluster") {
  auto set = ManifestSet::make({});
  REQUIRE(set.has_value());
  put(*set, "1", "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: prod}}");
  CHECK(keys(*set, {"1"}) ==
        Names{"0 prod/a", "3 /default", "3 /kube-node-lease", "3 /kube-public", "3 /kube-system", "3 /prod"});
  put(*set, "2", "{apiVersion: v1, kind: Namespace, metadata: {name: own}}");
  CHECK(keys(*set, {"1", "2"}) ==
        Names{"0 prod/a", "3 /default", "3 /kube-node-lease", "3 /kube-public", "3 /kube-system", "3 /own"});
}

TEST_CASE("manifests: selectors and ended pods are left out as an API server would") {
  Wanted wanted;
  wanted.pods = true;
  wanted.label_selector = "expose=dns";
  wanted.namespace_label_selector = "env=prod";
  auto set = ManifestSet::make(wanted);
  REQUIRE(set.has_value());
  put(*set, "1",
      "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {expose: dns}}}\n---\n"
      "{apiVersion: v1, kind: Service, metadata: {name: b}}\n---\n"
      "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {expose: dns}}, status: {phase: Pending}}\n---\n"
      "{apiVersion: v1, kind: Pod, metadata: {name: q, labels: {expose: dns}}, status: {phase: Failed}}\n---\n"
      "{apiVersion: v1, kind: Namespace, metadata: {name: n, labels: {env: prod}}}\n---\n"
      "{apiVersion: v1, kind: Namespace, metadata: {name: m}}\n");
  CHECK(keys(*set, {"1"}) == Names{"0 default/a", "2 default/p", "3 /n"});
}

TEST_CASE("manifests: ServiceImports are read when they are wanted, and with them their slices") {
  const char* const text =
      "{apiVersion: multicluster.x-k8s.io/v1alpha1, kind: ServiceImport, metadata: {name: mc, namespace: prod}}\n---\n"
      "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: own, namespace: prod,"
      " labels: {kubernetes.io/service-name: a}}}\n---\n"
      "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: other, namespace: prod,"
      " labels: {multicluster.kubernetes.io/service-name: mc}}}\n";
  const auto found = [&](Wanted wanted) {
    wanted.namespaces = false;
    auto set = ManifestSet::make(wanted);
    REQUIRE(set.has_value());
    put(*set, "1", text);
    return keys(*set, {"1"});
  };
  CHECK(found({}) == Names{"1 prod/other", "1 prod/own"});
  CHECK(found({.service_imports = true}) == Names{"1 prod/other", "1 prod/own", "4 prod/mc"});
  CHECK(found({.endpoint_slices = false}).empty());
  CHECK(found({.endpoint_slices = false, .service_imports = true}) == Names{"1 prod/other", "4 prod/mc"});
}

TEST_CASE("manifests: YAML that explodes is refused") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  std::string json;
  YamlProblem problem;
  CHECK(!yaml_to_json(text, json, problem));
  CHECK(problem.message == "the document is too large or too deep");
}

}  // namespace portolan::cluster
