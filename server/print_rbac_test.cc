// The role that -print-rbac prints: rights of several plugins become few rules, each object once.
#include "server/print_rbac.h"

#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan::server {
namespace {

using Rights = std::vector<ApiRight>;

// A plugin that has rights and passes every query on.
class Reader : public Handler, public RightsUser {
 public:
  explicit Reader(Rights rights) : rights_(std::move(rights)) {}
  Task<Outcome> serve(Query& query, Next next) override { return next(query); }
  void rights(Rights& all) const override { all.insert(all.end(), rights_.begin(), rights_.end()); }

 private:
  const Rights rights_;
};

Result<void> setup_services(Setup& setup) {
  setup.add(std::make_unique<Reader>(Rights{{"", "services", {"watch", "list"}}, {"", "namespaces", {"list"}}}));
  return {};
}

Result<void> setup_slices(Setup& setup) {
  setup.add(std::make_unique<Reader>(
      Rights{{"discovery.k8s.io", "endpointslices", {"list", "watch"}}, {"", "namespaces", {"watch"}}}));
  return {};
}

std::vector<Plugin> table() {
  return {{.name = "services", .setup = setup_services},
          {.name = "slices", .setup = setup_slices},
          testing::stand_in("plain", [](Query& query, Next next) { return next(query); })};
}

constexpr const char* kHead =
    R"(# The rights that the Corefile needs at the API server, printed by portolan -print-rbac.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: system:coredns
)";

std::string printed(const char* corefile) {
  testing::PluginFixture fixture(corefile, table());
  REQUIRE(fixture.ok());
  return rbac_as_yaml(fixture.configuration());
}

}  // namespace

TEST_CASE("print-rbac: a Corefile that asks no API server needs no rights") {
  CHECK(printed(". {\n plain\n}\n") == kHead + std::string("rules: []\n"));
}

TEST_CASE("print-rbac: what blocks and plugins share is asked for once") {
  CHECK(printed("a.org {\n services\n}\nb.org {\n slices\n}\nc.org {\n services\n slices\n}\n") ==
        kHead +
            std::string("rules:\n"
                        "- apiGroups: [\"\"]\n  resources: [namespaces, services]\n  verbs: [list, watch]\n"
                        "- apiGroups: [discovery.k8s.io]\n  resources: [endpointslices]\n  verbs: [list, watch]\n"));
}

TEST_CASE("print-rbac: objects with different verbs stand in rules of their own") {
  CHECK(printed("a.org {\n services\n}\n") ==
        kHead + std::string("rules:\n"
                            "- apiGroups: [\"\"]\n  resources: [namespaces]\n  verbs: [list]\n"
                            "- apiGroups: [\"\"]\n  resources: [services]\n  verbs: [list, watch]\n"));
}

}  // namespace portolan::server
