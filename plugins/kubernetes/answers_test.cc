// What names answer; the expectations are CoreDNS's recorded answers for the same objects.
#include "plugins/kubernetes/answers.h"

#include <doctest/doctest.h>

#include "plugins/kubernetes/test_cluster.h"

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;
using dns::RRType;

namespace {

using Lines = std::vector<std::string>;

struct Cluster {
  FakeClock clock;
  Index index{{.endpoint_slices = true, .pods = true, .pod_names = false}, clock};
  Settings settings = settings_for("cluster.local.");

  Cluster() {
    snapshot_all(index);
    for (const char* space : {"prod", "media"}) index.apply(space_object(space));
    index.apply(service_object("prod", "web", {"10.96.2.10"}, {{"http", "TCP", 80}, {"https", "TCP", 443}}));
    index.apply(slice_object("prod", "web", "web-1", {"10.244.2.10"}));
    index.apply(service_object("prod", "web-dual", {"10.96.2.11", "fd00:96::1:11"},
                               {{"dns", "UDP", 53}, {"dns-tcp", "TCP", 53}}));
    index.apply(service_object("prod", "bare", {"10.96.2.99"}, {}));
    index.apply(service_object("media", "db", {"None"}, {{"pg", "TCP", 5432}}));
    index.apply(slice_object("media", "db", "db-1", {"10.244.3.10=db-0", "10.244.3.11=db-1", "10.244.3.12=db-2"},
                             {{"pg", "TCP", 5432}, {"metrics", "TCP", 9187}}));
    index.apply(service_object("media", "empty", {"None"}));
    index.apply(alias_object("prod", "ext-out", "www.example.org"));
    index.apply(alias_object("prod", "ext-ip", "192.0.2.1"));
    index.apply(pod_object("prod", "p1", "10.244.9.9"));
  }
  Lines ask(std::string_view name, RRType type) const { return testing::ask(index, settings, name, type); }
};

}  // namespace

TEST_CASE("kubernetes: a service answers with its cluster addresses") {
  const Cluster cluster;
  CHECK(cluster.ask("web.prod.svc.cluster.local.", RRType::a) ==
        Lines{"web.prod.svc.cluster.local. 5 IN A 10.96.2.10"});
  CHECK(cluster.ask("web.prod.svc.cluster.local.", RRType::aaaa) == Lines{"NODATA"});
  CHECK(cluster.ask("web-dual.prod.svc.cluster.local.", RRType::aaaa) ==
        Lines{"web-dual.prod.svc.cluster.local. 5 IN AAAA fd00:96::1:11"});
  CHECK(cluster.ask("_http._tcp.web.prod.svc.cluster.local.", RRType::a) ==
        Lines{"_http._tcp.web.prod.svc.cluster.local. 5 IN A 10.96.2.10"});
}

TEST_CASE("kubernetes: names that do not exist are told from names without data") {
  const Cluster cluster;
  struct Case {
    const char* name;
    const char* expected;
  };
  const Case cases[] = {
      {"cluster.local.", "NODATA"},
      {"svc.cluster.local.", "NODATA"},
      {"prod.svc.cluster.local.", "NODATA"},
      {"prod.pod.cluster.local.", "NODATA"},
      {"nosuch.svc.cluster.local.", "NXDOMAIN"},
      {"nosuch.prod.svc.cluster.local.", "NXDOMAIN"},
      {"*.prod.svc.cluster.local.", "NXDOMAIN"},
      {"web.media.svc.cluster.local.", "NXDOMAIN"},
      {"_ftp._tcp.web.prod.svc.cluster.local.", "NXDOMAIN"},
      {"_http._tcp.bare.prod.svc.cluster.local.", "NXDOMAIN"},
      {"nosuch.web.prod.svc.cluster.local.", "NXDOMAIN"},
      {"a.b.c.web.prod.svc.cluster.local.", "NXDOMAIN"},
      {"empty.media.svc.cluster.local.", "NXDOMAIN"},
      {"ext-ip.prod.svc.cluster.local.", "NXDOMAIN"},
      {"x.ext-out.prod.svc.cluster.local.", "NXDOMAIN"},
      {"10-244-9-10.prod.pod.cluster.local.", "NXDOMAIN"},
      {"10-244-9-9.media.pod.cluster.local.", "NXDOMAIN"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    CHECK(cluster.ask(each.name, RRType::a) == Lines{each.expected});
  }
}

TEST_CASE("kubernetes: SRV has one record a name and port, and the zone's case as asked") {
  const Cluster cluster;
  CHECK(cluster.ask("web.prod.svc.cluster.local.", RRType::srv) ==
        Lines{"+ web.prod.svc.cluster.local. 5 IN A 10.96.2.10",
              "web.prod.svc.cluster.local. 5 IN SRV 0 50 443 web.prod.svc.cluster.local.",
              "web.prod.svc.cluster.local. 5 IN SRV 0 50 80 web.prod.svc.cluster.local."});
  CHECK(cluster.ask("_PG._tcp.DB.media.svc.Cluster.local.", RRType::srv) ==
        Lines{"+ db-0.db.media.svc.Cluster.local. 5 IN A 10.244.3.10",
              "+ db-1.db.media.svc.Cluster.local. 5 IN A 10.244.3.11",
              "+ db-2.db.media.svc.Cluster.local. 5 IN A 10.244.3.12",
              "_PG._tcp.DB.media.svc.Cluster.local. 5 IN SRV 0 33 5432 db-0.db.media.svc.Cluster.local.",
              "_PG._tcp.DB.media.svc.Cluster.local. 5 IN SRV 0 33 5432 db-1.db.media.svc.Cluster.local.",
              "_PG._tcp.DB.media.svc.Cluster.local. 5 IN SRV 0 33 5432 db-2.db.media.svc.Cluster.local."});
  // Two addresses and two ports make four shares; the ports have one number, which is answered once.
  CHECK(cluster.ask("web-dual.prod.svc.cluster.local.", RRType::srv) ==
        Lines{"+ web-dual.prod.svc.cluster.local. 5 IN A 10.96.2.11",
              "+ web-dual.prod.svc.cluster.local. 5 IN AAAA fd00:96::1:11",
              "web-dual.prod.svc.cluster.local. 5 IN SRV 0 25 53 web-dual.prod.svc.cluster.local."});
  CHECK(cluster.ask("bare.prod.svc.cluster.local.", RRType::srv) == Lines{"NODATA"});
  CHECK(cluster.ask("ext-out.prod.svc.cluster.local.", RRType::srv) == Lines{"NODATA"});
}

TEST_CASE("kubernetes: endpoints have names of their own") {
  const Cluster cluster;
  CHECK(cluster.ask("db-1.db.media.svc.cluster.local.", RRType::a) ==
        Lines{"db-1.db.media.svc.cluster.local. 5 IN A 10.244.3.11"});
  CHECK(cluster.ask("10-244-2-10.web.prod.svc.cluster.local.", RRType::a) ==
        Lines{"10-244-2-10.web.prod.svc.cluster.local. 5 IN A 10.244.2.10"});
  CHECK(cluster.ask("db.media.svc.cluster.local.", RRType::a).size() == 3);
  CHECK(cluster.ask("ext-out.prod.svc.cluster.local.", RRType::cname) ==
        Lines{"ext-out.prod.svc.cluster.local. 5 IN CNAME www.example.org."});
}

TEST_CASE("kubernetes: verified pods answer by address and namespace") {
  const Cluster cluster;
  CHECK(cluster.ask("10-244-9-9.prod.pod.cluster.local.", RRType::a) ==
        Lines{"10-244-9-9.prod.pod.cluster.local. 5 IN A 10.244.9.9"});
  CHECK(cluster.ask("_x._tcp.10-244-9-9.prod.pod.cluster.local.", RRType::srv) ==
        Lines{"+ 10-244-9-9.prod.pod.cluster.local. 5 IN A 10.244.9.9",
              "_x._tcp.10-244-9-9.prod.pod.cluster.local. 5 IN SRV 0 100 0 10-244-9-9.prod.pod.cluster.local."});
}

TEST_CASE("kubernetes: insecure pods answer for every address in a namespace that exists") {
  Cluster cluster;
  cluster.settings.pods = PodMode::insecure;
  CHECK(cluster.ask("1-2-3-4.prod.pod.cluster.local.", RRType::a) ==
        Lines{"1-2-3-4.prod.pod.cluster.local. 5 IN A 1.2.3.4"});
  CHECK(cluster.ask("fd00--1.prod.pod.cluster.local.", RRType::aaaa) ==
        Lines{"fd00--1.prod.pod.cluster.local. 5 IN AAAA fd00::1"});
  CHECK(cluster.ask("1-2-3-4.nosuch.pod.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(cluster.ask("1-2-3-400.prod.pod.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  cluster.settings.pods = PodMode::disabled;
  CHECK(cluster.ask("1-2-3-4.prod.pod.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
}

TEST_CASE("kubernetes: PTR gives the service, else the endpoints") {
  const Cluster cluster;
  CHECK(cluster.ask("10.2.96.10.in-addr.arpa.", RRType::ptr) ==
        Lines{"10.2.96.10.in-addr.arpa. 5 IN PTR web.prod.svc.cluster.local."});
  CHECK(cluster.ask("11.3.244.10.in-addr.arpa.", RRType::ptr) ==
        Lines{"11.3.244.10.in-addr.arpa. 5 IN PTR db-1.db.media.svc.cluster.local."});
  CHECK(cluster.ask("1.1.0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa.", RRType::ptr) ==
        Lines{"1.1.0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa. 5 IN PTR "
              "web-dual.prod.svc.cluster.local."});
  CHECK(cluster.ask("1.1.1.1.in-addr.arpa.", RRType::ptr) == Lines{"NXDOMAIN"});
}

TEST_CASE("kubernetes: services without endpoints can be made not to exist") {
  Cluster cluster;
  cluster.settings.ignore_empty_service = true;
  CHECK(cluster.ask("bare.prod.svc.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(cluster.ask("web.prod.svc.cluster.local.", RRType::a).front() != "NXDOMAIN");
}

TEST_CASE("kubernetes: only the configured namespaces are shown") {
  Cluster cluster;
  cluster.settings.namespaces = {"media"};
  CHECK(cluster.ask("web.prod.svc.cluster.local.", RRType::a) == Lines{"hidden"});
  CHECK(cluster.ask("10-244-9-9.prod.pod.cluster.local.", RRType::a) == Lines{"hidden"});
  CHECK(cluster.ask("web.nosuch.svc.cluster.local.", RRType::a) == Lines{"hidden"});  // nor is that there
  CHECK(cluster.ask("nosuch.media.svc.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(cluster.ask("10.2.96.10.in-addr.arpa.", RRType::ptr) == Lines{"NXDOMAIN"});
  CHECK(cluster.ask("db-1.db.media.svc.cluster.local.", RRType::a).size() == 1);
}

TEST_CASE("kubernetes: insecure pods can be limited to the cluster's ranges") {
  Cluster cluster;
  cluster.settings.pods = PodMode::insecure;
  cluster.settings.pod_ranges = {*IpPrefix::parse("10.32.0.0/12"), *IpPrefix::parse("fd00:10::/64")};
  struct Case {
    const char* name;
    RRType type;
    const char* expected;
  };
  const Case cases[] = {
      {"10-32-0-0.prod.pod.cluster.local.", RRType::a, "10-32-0-0.prod.pod.cluster.local. 5 IN A 10.32.0.0"},
      {"10-47-255-255.prod.pod.cluster.local.", RRType::a,
       "10-47-255-255.prod.pod.cluster.local. 5 IN A 10.47.255.255"},
      {"10-48-0-0.prod.pod.cluster.local.", RRType::a, "NXDOMAIN"},
      {"10-31-255-255.prod.pod.cluster.local.", RRType::a, "NXDOMAIN"},
      {"192-0-2-1.prod.pod.cluster.local.", RRType::a, "NXDOMAIN"},
      {"fd00-10--1.prod.pod.cluster.local.", RRType::aaaa, "fd00-10--1.prod.pod.cluster.local. 5 IN AAAA fd00:10::1"},
      {"fd00-11--1.prod.pod.cluster.local.", RRType::aaaa, "NXDOMAIN"},
      {"--ffff-a20-1.prod.pod.cluster.local.", RRType::a, "--ffff-a20-1.prod.pod.cluster.local. 5 IN A 10.32.0.1"},
      {"--ffff-c000-201.prod.pod.cluster.local.", RRType::a, "NXDOMAIN"},
      {"10-32-0-1.nosuch.pod.cluster.local.", RRType::a, "NXDOMAIN"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    CHECK(cluster.ask(each.name, each.type) == Lines{each.expected});
  }
}

TEST_CASE("kubernetes: names of pods can stand below other labels, and a service wins") {
  Cluster cluster;
  cluster.settings.pods = PodMode::insecure;
  cluster.settings.pod_labels = {"pod", "ip"};
  cluster.settings.pods_under_svc = true;
  cluster.index.apply(service_object("prod", "10-32-0-9", {"10.96.7.7"}));
  cluster.index.apply(service_object("prod", "10-32-0-8", {"None"}));
  const auto address = [](const std::string& name, const std::string& ip) { return Lines{name + " 5 IN A " + ip}; };
  for (const std::string label : {"pod", "ip", "svc"}) {
    const std::string name = "10-32-0-5.prod." + label + ".cluster.local.";
    CAPTURE(name);
    CHECK(cluster.ask(name, RRType::a) == address(name, "10.32.0.5"));
    CHECK(cluster.ask("10-32-0-5.nosuch." + label + ".cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
    CHECK(cluster.ask("nosuch.prod." + label + ".cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
    CHECK(cluster.ask("prod." + label + ".cluster.local.", RRType::a) == Lines{"NODATA"});
  }
  CHECK(cluster.ask("10-32-0-9.prod.svc.cluster.local.", RRType::a) ==
        address("10-32-0-9.prod.svc.cluster.local.", "10.96.7.7"));
  CHECK(cluster.ask("10-32-0-8.prod.svc.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  // Only the name of a whole service, as it would be: nothing in front of it.
  CHECK(cluster.ask("a.10-32-0-5.prod.svc.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(cluster.ask("_http._tcp.10-32-0-5.prod.svc.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(cluster.ask("10-32-0-5.prod.svc.cluster.local.", RRType::srv) ==
        Lines{"+ 10-32-0-5.prod.svc.cluster.local. 5 IN A 10.32.0.5",
              "10-32-0-5.prod.svc.cluster.local. 5 IN SRV 0 100 0 10-32-0-5.prod.svc.cluster.local."});

  cluster.settings.pods = PodMode::verified;
  CHECK(cluster.ask("10-244-9-9.prod.svc.cluster.local.", RRType::a).front() != "NXDOMAIN");
  CHECK(cluster.ask("10-32-0-5.prod.svc.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
}

TEST_CASE("kubernetes: below svc no pod is looked for before the services are known") {
  FakeClock clock;
  Index index({.endpoint_slices = true}, clock);
  Settings settings = settings_for("cluster.local.");
  settings.pods = PodMode::insecure;
  settings.pods_under_svc = true;
  index.begin_snapshot(cluster::Kind::namespace_);
  index.apply(space_object("prod"));
  index.end_snapshot(cluster::Kind::namespace_);
  CHECK(testing::ask(index, settings, "10-32-0-5.prod.svc.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(testing::ask(index, settings, "10-32-0-5.prod.pod.cluster.local.", RRType::a).front() != "NXDOMAIN");
}

TEST_CASE("kubernetes: verified pods can be known by all their addresses") {
  for (const bool all : {false, true}) {
    CAPTURE(all);
    FakeClock clock;
    Index index({.endpoint_slices = true, .pods = true, .all_pod_ips = all}, clock);
    snapshot_all(index);
    index.apply(space_object("prod"));
    Settings settings = settings_for("cluster.local.");
    settings.all_pod_ips = all;
    const auto has = [&](const std::string& label, RRType type) {
      return testing::ask(index, settings, label + ".prod.pod.cluster.local.", type).front() != "NXDOMAIN";
    };
    cluster::Pod pod = pod_object("prod", "p", "10.244.1.1");
    pod.ips = {"10.244.1.1", "fd00:10::a", "10.244.1.1"};
    index.apply(cluster::Object(pod));
    CHECK(has("10-244-1-1", RRType::a));
    CHECK(has("fd00-10--a", RRType::aaaa) == all);
    CHECK(has("fd00-10-0-0-0-0-0-a", RRType::aaaa) == all);
    CHECK(has("FD00-10--A", RRType::aaaa) == all);
    pod.ips = {"10.244.1.1", "fd00:10::b"};
    index.apply(cluster::Object(pod));
    CHECK_FALSE(has("fd00-10--a", RRType::aaaa));
    CHECK(has("fd00-10--b", RRType::aaaa) == all);
    index.remove(cluster::Kind::pod, "prod", "p");
    CHECK_FALSE(has("10-244-1-1", RRType::a));
    CHECK_FALSE(has("fd00-10--b", RRType::aaaa));
  }
}

TEST_CASE("kubernetes: endpoints of one topology zone") {
  FakeClock clock;
  Index index({.endpoint_slices = true, .zones = true}, clock);
  snapshot_all(index);
  index.apply(space_object("media"));
  index.apply(service_object("media", "db", {"None"}, {{"pg", "TCP", 5432}}));
  index.apply(service_object("media", "web", {"10.96.2.10"}));
  cluster::EndpointSlice slice =
      slice_object("media", "db", "db-1", {"10.244.3.10=db-0", "10.244.3.11=db-1", "10.244.3.12=db-2"});
  slice.endpoints[0].zone = "z1";
  slice.endpoints[1].zone = "Rack.1";
  index.apply(cluster::Object(slice));
  Settings settings = settings_for("cluster.local.");
  settings.zonal = true;
  const auto addresses = [&](const std::string& zone) {
    Lines found = testing::ask(index, settings, zone + "._zone.db.media.svc.cluster.local.", RRType::a);
    for (std::string& line : found) line.erase(0, line.rfind(' ') + 1);
    return found;
  };
  CHECK(addresses("z1.pin") == Lines{"10.244.3.10"});
  CHECK(addresses("Z1.prefer") == Lines{"10.244.3.10"});
  CHECK(addresses("rack.1.pin") == Lines{"10.244.3.11"});
  CHECK(addresses("z2.pin") == Lines{"NODATA"});
  CHECK(addresses("z2.prefer") == Lines{"10.244.3.10", "10.244.3.11", "10.244.3.12"});
  CHECK(addresses("z1.other") == Lines{"NXDOMAIN"});
  CHECK(testing::ask(index, settings, "z1.pin._zone.db.media.svc.cluster.local.", RRType::srv) ==
        Lines{"+ db-0.db.media.svc.cluster.local. 5 IN A 10.244.3.10",
              "z1.pin._zone.db.media.svc.cluster.local. 5 IN SRV 0 100 80 db-0.db.media.svc.cluster.local."});
  CHECK(testing::ask(index, settings, "z1.pin._zone.web.media.svc.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  // A zone that is left by its last endpoint is a name without data, and the change is seen.
  slice.endpoints[0].zone = "z2";
  index.apply(cluster::Object(slice));
  CHECK(addresses("z1.pin") == Lines{"NODATA"});
  CHECK(addresses("z2.pin") == Lines{"10.244.3.10"});
}

TEST_CASE("kubernetes: a multicluster zone has the imported services, and only these") {
  FakeClock clock;
  Index index({.endpoint_slices = true, .imports = true}, clock);
  snapshot_all(index);
  index.apply(space_object("prod"));
  index.apply(import_object("prod", "mc", {"10.96.5.1"}));
  index.apply(import_object("prod", "hl", {"None"}));
  index.apply(imported_slice("prod", "mc", "east", {"10.244.7.30=m-0"}));
  index.apply(imported_slice("prod", "hl", "east", {"10.244.7.1=g-1", "10.244.7.11"}));
  index.apply(imported_slice("prod", "hl", "west", {"10.244.7.2=g-1"}));
  index.apply(service_object("prod", "web", {"10.96.2.10"}));
  Settings settings = settings_for("clusterset.local.");
  settings.zones.push_back(dns::Name::parse("cluster.local.").value());
  settings.multicluster = {settings.zones.front()};
  const auto ask_set = [&](const std::string& name, RRType type) {
    return testing::ask(index, settings, name + ".prod.svc.clusterset.local.", type);
  };
  const auto address = [](const std::string& name, const std::string& ip) {
    return name + ".prod.svc.clusterset.local. 5 IN A " + ip;
  };
  CHECK(ask_set("mc", RRType::a) == Lines{address("mc", "10.96.5.1")});
  CHECK(ask_set("m-0.east.mc", RRType::a) == Lines{address("m-0.east.mc", "10.244.7.30")});
  CHECK(ask_set("hl", RRType::a) ==
        Lines{address("hl", "10.244.7.1"), address("hl", "10.244.7.11"), address("hl", "10.244.7.2")});
  CHECK(ask_set("g-1.east.hl", RRType::a) == Lines{address("g-1.east.hl", "10.244.7.1")});
  CHECK(ask_set("g-1.west.hl", RRType::a) == Lines{address("g-1.west.hl", "10.244.7.2")});
  CHECK(ask_set("10-244-7-11.east.hl", RRType::a) == Lines{address("10-244-7-11.east.hl", "10.244.7.11")});
  CHECK(ask_set("10-244-7-11.west.hl", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(ask_set("g-1.hl", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(ask_set("web", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(ask_set("_http._tcp.hl", RRType::srv).size() == 6);
  CHECK(index.services().find("\2mc\4prod\3svc") == nullptr);
  CHECK(index.names_of(*IpAddress::parse("10.244.7.1")) == nullptr);

  index.remove(cluster::Kind::endpoint_slice, "prod", "hl-west");
  CHECK(ask_set("g-1.west.hl", RRType::a) == Lines{"NXDOMAIN"});
  index.begin_snapshot(cluster::Kind::service_import);
  index.apply(import_object("prod", "hl", {"None"}));
  index.end_snapshot(cluster::Kind::service_import);
  CHECK(ask_set("mc", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(ask_set("g-1.east.hl", RRType::a).front() != "NXDOMAIN");
}

TEST_CASE("kubernetes: the serial of a multicluster zone is 0 until its services change") {
  FakeClock clock;
  Index index({.endpoint_slices = true, .imports = true}, clock);
  for (const auto kind : {cluster::Kind::namespace_, cluster::Kind::service, cluster::Kind::endpoint_slice}) {
    index.begin_snapshot(kind);
    index.end_snapshot(kind);
  }
  index.begin_snapshot(cluster::Kind::service_import);
  index.apply(import_object("prod", "mc", {"10.96.5.1"}));
  index.end_snapshot(cluster::Kind::service_import);
  CHECK(index.imports().serial() == 0);
  index.apply(import_object("prod", "mc", {"10.96.5.1"}));
  CHECK(index.imports().serial() == 0);
  index.apply(imported_slice("prod", "mc", "east", {"10.244.7.30=m-0"}));
  CHECK(index.imports().serial() == 1'700'000'000);
  CHECK(index.services().serial() == 0);
}

TEST_CASE("kubernetes: without endpoints of its own a cluster can have those of imports") {
  FakeClock clock;
  Index index({.endpoint_slices = false, .imports = true}, clock);
  CHECK_FALSE(index.synced(cluster::Kind::endpoint_slice));
  snapshot_all(index);
  CHECK(index.synced());
  index.apply(service_object("prod", "db", {"None"}));
  index.apply(slice_object("prod", "db", "db-1", {"10.244.3.10=db-0"}));
  index.apply(import_object("prod", "hl", {"None"}));
  index.apply(imported_slice("prod", "hl", "east", {"10.244.7.1=g-1"}));
  CHECK(index.services().find("\2db\4prod\3svc")->endpoints().pair_count == 0);
  CHECK(index.imports().find("\2hl\4prod\3svc")->endpoints().pair_count == 1);
}
