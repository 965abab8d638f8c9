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
  CHECK(cluster.ask("web.prod.svc.cluster.local.", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(cluster.ask("10.2.96.10.in-addr.arpa.", RRType::ptr) == Lines{"NXDOMAIN"});
  CHECK(cluster.ask("db-1.db.media.svc.cluster.local.", RRType::a).size() == 1);
}
