// Services from outside; the expectations are CoreDNS's recorded answers for the same objects.
#include "plugins/kubernetes/external.h"

#include <doctest/doctest.h>

#include "plugins/kubernetes/test_cluster.h"

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;

namespace {

cluster::Service with_external(cluster::Service service, std::vector<std::string> external) {
  service.external_ips = std::move(external);
  return service;
}

cluster::Service web(std::vector<std::string> external, std::vector<cluster::Port> ports = {{"http", "TCP", 80}}) {
  return with_external(service_object("prod", "web", {"10.96.0.1"}, std::move(ports)), std::move(external));
}

std::vector<std::string> owners_of(const Index& index, const char* address) {
  std::vector<std::string> result;
  if (const ReverseNode* node = index.external_names_of(*IpAddress::parse(address))) {
    node->each([&](const ReverseNode::Target& target) {
      result.emplace_back(target.key);
      return true;
    });
  }
  return result;
}

}  // namespace

TEST_CASE("kubernetes: a service keeps its external addresses in order, and only they take memory") {
  const std::string plain = pack(web({}));
  CHECK(unpack(plain).external_addresses.empty());
  const std::string packed = pack(web({"203.0.113.1", "lb.example.org", "2001:db8::1", "not a name..", ""}));
  CHECK(packed.starts_with(plain));
  const Unpacked unpacked = unpack(packed);
  REQUIRE(unpacked.external_addresses.size() == 3);
  CHECK(unpacked.external_addresses[0].kind == AddressKind::v4);
  CHECK(unpacked.external_addresses[1].kind == AddressKind::name);
  CHECK(unpacked.external_addresses[2].kind == AddressKind::v6);
  CHECK(unpacked.addresses.size() == 1);
}

TEST_CASE("kubernetes: external addresses and ports move the external serial, and only ports the cluster's") {
  struct Case {
    const char* what;
    cluster::Service before, after;
    bool external, cluster;
  };
  const std::vector<cluster::Port> other = {{"http", "TCP", 81}};
  cluster::Service moved = web({"192.0.2.1"});
  moved.cluster_ips = {"10.96.0.2"};
  const Case cases[] = {
      {"the same again", web({"192.0.2.1"}), web({"192.0.2.1"}), false, false},
      {"an address comes", web({}), web({"192.0.2.1"}), true, false},
      {"an address goes", web({"192.0.2.1"}), web({}), true, false},
      {"an address changes", web({"192.0.2.1"}), web({"192.0.2.2"}), true, false},
      {"an address becomes a name", web({"192.0.2.1"}), web({"lb.example"}), true, false},
      {"a port of a service that nobody sees outside", web({}), web({}, other), true, true},
      {"a port", web({"192.0.2.1"}), web({"192.0.2.1"}, other), true, true},
      {"the cluster address", web({"192.0.2.1"}), moved, false, false},
      {"the target of an ExternalName", alias_object("prod", "web", "a.example"),
       alias_object("prod", "web", "b.example"), false, true},
  };
  for (const Case& each : cases) {
    CAPTURE(each.what);
    CHECK(moves_external_serial(pack(each.before), pack(each.after)) == each.external);
    CHECK(moves_serial(pack(each.before), pack(each.after)) == each.cluster);
  }
  CHECK(moves_external_serial({}, pack(web({"192.0.2.1"}))));
  CHECK(moves_external_serial(pack(web({"192.0.2.1"})), {}));
  CHECK_FALSE(moves_external_serial({}, pack(web({}))));
  CHECK_FALSE(moves_external_serial(pack(web({})), {}));
}

TEST_CASE("kubernetes: the external serial begins at 0 and follows the services") {
  FakeClock clock;
  Index index({}, clock);
  index.begin_snapshot(cluster::Kind::service);
  index.apply(web({"192.0.2.1"}));
  index.end_snapshot(cluster::Kind::service);
  CHECK(index.external_serial() == 0);
  CHECK(index.services().serial() != 0);
  clock.advance(std::chrono::seconds(5));
  const uint32_t before = index.services().serial();
  index.apply(web({"192.0.2.2"}));
  const uint32_t changed = index.external_serial();
  CHECK(changed == before + 5);
  CHECK(index.services().serial() == before);
  clock.advance(std::chrono::seconds(5));
  index.remove(cluster::Kind::service, "prod", "web");
  CHECK(index.external_serial() == changed + 5);
  CHECK(index.services().serial() == changed + 5);
}

TEST_CASE("kubernetes: an external address names the services that have it, as long as they have it") {
  FakeClock clock;
  Index index({}, clock);
  snapshot_all(index);
  const std::string web_key = "\3web\4prod\3svc", api_key = "\3api\4prod\3svc";
  index.apply(web({"192.0.2.1", "2001:db8::1", "2001:DB8::2", "lb.example"}));
  index.apply(with_external(service_object("prod", "api", {"None"}), {"192.0.2.1"}));
  CHECK(owners_of(index, "192.0.2.1") == std::vector{web_key, api_key});
  CHECK(owners_of(index, "2001:db8::1") == std::vector{web_key});
  CHECK(owners_of(index, "2001:db8::2").empty());  // its text is not the one that a PTR question stands for
  CHECK(index.names_of(*IpAddress::parse("192.0.2.1")) == nullptr);
  index.apply(web({}));
  CHECK(owners_of(index, "192.0.2.1") == std::vector{api_key});
  CHECK(owners_of(index, "2001:db8::1").empty());
  index.remove(cluster::Kind::service, "prod", "api");
  CHECK(owners_of(index, "192.0.2.1").empty());
}
