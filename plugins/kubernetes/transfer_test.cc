// Transfers of a cluster: which records there are, that each service is whole, and that changes go on meanwhile.
#include "plugins/kubernetes/transfer.h"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <thread>

#include "plugins/kubernetes/test_cluster.h"

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;
using cluster::Kind;

namespace {

using Lines = std::vector<std::string>;
constexpr Shape kShape{.endpoint_slices = true, .pods = false, .pod_names = false};
constexpr const char* kSoa =
    "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5";

struct Cluster {
  Cluster() {
    settings.ttl = 5;
    index->apply(space_object("a"));
    index->apply(space_object("b"));
    snapshot_all(*index);
    index->apply(space_object("a"));
    index->apply(space_object("b"));
  }
  std::unique_ptr<server::RecordStream> stream(uint32_t serial = 0, const char* zone = "cluster.local.") {
    return cluster_records(index, settings, *dns::Name::parse(zone), serial);
  }

  FakeClock clock;
  std::shared_ptr<Index> index = std::make_shared<Index>(kShape, clock);
  Settings settings = settings_for("cluster.local.");
};

// Every piece in an arena of its own, gone before the next.
Lines piece(server::RecordStream& stream) {
  Lines lines;
  Arena arena;
  Records records(arena);
  if (!stream.next(arena, records)) return {"end"};
  for (const dns::Record& record : records) {
    lines.push_back(dns::record_text(record));
    std::replace(lines.back().begin(), lines.back().end(), '\t', ' ');
  }
  return lines;
}

Lines read_all(server::RecordStream& stream) {
  Lines all;
  for (Lines lines = piece(stream); lines != Lines{"end"}; lines = piece(stream)) {
    all.insert(all.end(), lines.begin(), lines.end());
  }
  return all;
}

// Without the SOA records at both ends.
Lines services(server::RecordStream& stream) {
  Lines all = read_all(stream);
  REQUIRE(all.size() >= 2);
  CHECK(all.front() == kSoa);
  CHECK(all.back() == kSoa);
  return {all.begin() + 1, all.end() - 1};
}

TEST_CASE("transfer of a cluster: a zone of imports has these, with endpoints by their clusters") {
  FakeClock clock;
  const auto index = std::make_shared<Index>(Shape{.endpoint_slices = true, .imports = true}, clock);
  snapshot_all(*index);
  index->apply(space_object("a"));
  index->apply(service_object("a", "web", {"10.0.0.1"}));
  index->apply(import_object("a", "hl", {"None"}));
  index->apply(imported_slice("a", "hl", "east", {"10.0.7.1=g-1"}));
  Settings settings = settings_for("cluster.local.");
  settings.zones.push_back(*dns::Name::parse("set.local."));
  settings.multicluster = {settings.zones.back()};
  const Lines all = read_all(*cluster_records(index, settings, *dns::Name::parse("set.local."), 0));
  CHECK(Lines(all.begin() + 1, all.end() - 1) ==
        Lines{"hl.a.svc.set.local. 5 IN A 10.0.7.1", "g-1.east.hl.a.svc.set.local. 5 IN A 10.0.7.1",
              "_http._tcp.hl.a.svc.set.local. 5 IN SRV 0 100 80 g-1.east.hl.a.svc.set.local."});
  for (const std::string& line : read_all(*cluster_records(index, settings, *dns::Name::parse("cluster.local."), 0))) {
    CHECK(line.find("10.0.7.1") == line.npos);
  }
}

TEST_CASE("transfer of a cluster: a service has its addresses and an SRV record for each port and port name") {
  Cluster cluster;
  cluster.index->apply(service_object("a", "web", {"10.0.0.1", "fd00::1"}, {{"http", "TCP", 80}, {"", "TCP", 443}}));
  cluster.index->apply(service_object("a", "dns", {"10.0.0.2"}, {{"dns", "UDP", 53}, {"dns-tcp", "TCP", 53}}));
  cluster.index->apply(service_object("b", "web", {"10.0.0.3"}, {}));
  CHECK(services(*cluster.stream()) ==
        Lines{
            "dns.a.svc.cluster.local. 5 IN A 10.0.0.2",
            "dns.a.svc.cluster.local. 5 IN SRV 0 100 53 dns.a.svc.cluster.local.",
            "_dns._udp.dns.a.svc.cluster.local. 5 IN SRV 0 100 53 dns.a.svc.cluster.local.",
            "_dns-tcp._tcp.dns.a.svc.cluster.local. 5 IN SRV 0 100 53 dns.a.svc.cluster.local.",
            "web.a.svc.cluster.local. 5 IN A 10.0.0.1",
            "web.a.svc.cluster.local. 5 IN AAAA fd00::1",
            "web.a.svc.cluster.local. 5 IN SRV 0 100 80 web.a.svc.cluster.local.",
            "_http._tcp.web.a.svc.cluster.local. 5 IN SRV 0 100 80 web.a.svc.cluster.local.",
            "web.a.svc.cluster.local. 5 IN SRV 0 100 443 web.a.svc.cluster.local.",
            "web.b.svc.cluster.local. 5 IN A 10.0.0.3",
        });
}

TEST_CASE("transfer of a cluster: a headless service has its endpoints, weighted by the size of their slice") {
  Cluster cluster;
  cluster.index->apply(service_object("a", "db", {"None"}));
  cluster.index->apply(
      slice_object("a", "db", "db-1", {"10.1.0.1=db-0", "10.1.0.2"}, {{"pg", "TCP", 5432}, {"", "TCP", 9}}));
  cluster.index->apply(slice_object("a", "db", "db-2", {"fd00::1=db-0"}, {{"pg", "TCP", 5432}}));
  CHECK(services(*cluster.stream()) ==
        Lines{
            "db.a.svc.cluster.local. 5 IN A 10.1.0.1",
            "db.a.svc.cluster.local. 5 IN A 10.1.0.2",
            "db.a.svc.cluster.local. 5 IN AAAA fd00::1",
            "db-0.db.a.svc.cluster.local. 5 IN A 10.1.0.1",
            "_pg._tcp.db.a.svc.cluster.local. 5 IN SRV 0 50 5432 db-0.db.a.svc.cluster.local.",
            "10-1-0-2.db.a.svc.cluster.local. 5 IN A 10.1.0.2",
            "_pg._tcp.db.a.svc.cluster.local. 5 IN SRV 0 50 5432 10-1-0-2.db.a.svc.cluster.local.",
            "db-0.db.a.svc.cluster.local. 5 IN AAAA fd00::1",
            "_pg._tcp.db.a.svc.cluster.local. 5 IN SRV 0 100 5432 db-0.db.a.svc.cluster.local.",
        });
}

TEST_CASE("transfer of a cluster: the same address, or host with two addresses, stands there once") {
  Cluster cluster;
  cluster.index->apply(service_object("a", "db", {"None"}));
  cluster.index->apply(slice_object("a", "db", "db-1", {"10.1.0.1=x", "10.1.0.2=x", "10.1.0.1=x"}));
  CHECK(services(*cluster.stream()) ==
        Lines{
            "db.a.svc.cluster.local. 5 IN A 10.1.0.1",
            "db.a.svc.cluster.local. 5 IN A 10.1.0.2",
            "x.db.a.svc.cluster.local. 5 IN A 10.1.0.1",
            "_http._tcp.db.a.svc.cluster.local. 5 IN SRV 0 33 80 x.db.a.svc.cluster.local.",
            "x.db.a.svc.cluster.local. 5 IN A 10.1.0.2",
        });
}

TEST_CASE("transfer of a cluster: an ExternalName service is a CNAME, one without a name is left out") {
  Cluster cluster;
  cluster.index->apply(alias_object("a", "out", "www.example.org"));
  cluster.index->apply(alias_object("a", "ip", "192.0.2.1"));
  CHECK(services(*cluster.stream()) == Lines{"out.a.svc.cluster.local. 5 IN CNAME www.example.org."});
}

TEST_CASE("transfer of a cluster: namespaces that do not exist or are not shown are left out") {
  Cluster cluster;
  for (const char* space : {"a", "b", "gone"}) {
    cluster.index->apply(service_object(space, "web", {"10.0.0.1"}, {}));
  }
  cluster.settings.namespaces = {"b", "gone"};
  CHECK(services(*cluster.stream()) == Lines{"web.b.svc.cluster.local. 5 IN A 10.0.0.1"});
}

TEST_CASE("transfer of a cluster: any name below the zone has the whole cluster under it") {
  Cluster cluster;
  cluster.index->apply(service_object("a", "web", {"10.0.0.1"}, {}));
  const Lines lines = read_all(*cluster.stream(0, "x.cluster.local."));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("x.cluster.local. 5 IN SOA ns.dns.x.cluster.local. "));
  CHECK(lines[1] == "web.a.svc.x.cluster.local. 5 IN A 10.0.0.1");
}

TEST_CASE("transfer of a cluster: the machine's addresses are the zone's name server, with glue of TTL 0") {
  Cluster cluster;
  cluster.index->apply(service_object("a", "web", {"10.0.0.1"}, {}));
  cluster.settings.local = {*IpAddress::parse("192.0.2.53"), *IpAddress::parse("2001:db8::53")};
  const Lines lines = services(*cluster.stream());
  REQUIRE(lines.size() == 4);
  CHECK(Lines(lines.begin(), lines.begin() + 3) == Lines{"cluster.local. 5 IN NS ns.dns.cluster.local.",
                                                         "ns.dns.cluster.local. 0 IN A 192.0.2.53",
                                                         "ns.dns.cluster.local. 0 IN AAAA 2001:db8::53"});
}

TEST_CASE("transfer of a cluster: a client with the serial gets the SOA alone, with any other the cluster") {
  Cluster cluster;
  cluster.index->apply(service_object("a", "web", {"10.0.0.1"}, {}));
  CHECK(read_all(*cluster.stream(1'700'000'000)) == Lines{kSoa});
  for (const uint32_t serial : {1U, 1'699'999'999U, 1'700'000'001U}) {
    CAPTURE(serial);
    CHECK(read_all(*cluster.stream(serial)).size() == 3);
  }
}

TEST_CASE("transfer of a cluster: a service that changes or goes meanwhile is shown as it is when its turn comes") {
  Cluster cluster;
  for (const char* name : {"s1", "s2", "s3"}) cluster.index->apply(service_object("a", name, {"10.0.0.1"}, {}));
  const auto stream = cluster.stream();
  CHECK(piece(*stream) == Lines{kSoa});
  CHECK(piece(*stream).empty());  // no name servers
  CHECK(piece(*stream) == Lines{"s1.a.svc.cluster.local. 5 IN A 10.0.0.1"});
  cluster.clock.advance(std::chrono::seconds(5));
  cluster.index->remove(Kind::service, "a", "s2");
  cluster.index->apply(service_object("a", "s3", {"10.0.0.9"}, {}));
  cluster.index->apply(service_object("a", "s0", {"10.0.0.8"}, {}));
  CHECK(piece(*stream) == Lines{"s3.a.svc.cluster.local. 5 IN A 10.0.0.9"});
  CHECK(piece(*stream) == Lines{kSoa});  // the serial it began with: the client asks again and finds a later one
  CHECK(piece(*stream) == Lines{"end"});
}

TEST_CASE("transfer of a cluster: the index goes on changing, and each service is one of its versions") {
  Cluster cluster;
  constexpr int kServices = 300;
  const auto put = [&](int service, int version) {
    const std::string last = std::to_string(version);
    cluster.index->apply(service_object("a", "s" + std::to_string(service), {"10.0.0." + last, "10.0.1." + last}, {}));
  };
  for (int i = 0; i < kServices; ++i) put(i, 1);
  std::atomic<bool> end{false};
  std::thread writer([&] {
    for (int version = 2; !end; version = version % 200 + 1) {
      for (int i = 0; i < kServices; i += 3) put(i, version);
      cluster.index->apply(service_object("b", "extra" + std::to_string(version), {"10.0.2.1"}, {}));
    }
  });
  for (int round = 0; round < 20; ++round) {
    const auto stream = cluster.stream();
    std::map<std::string, Lines> addresses;
    for (const std::string& line : read_all(*stream)) {
      const size_t at = line.find(".a.svc.cluster.local. 5 IN A 10.0.");
      if (at != line.npos) addresses[line.substr(0, at)].push_back(line.substr(line.rfind('.')));
    }
    CHECK(addresses.size() == kServices);
    for (const auto& [name, both] : addresses) {
      CAPTURE(name);
      REQUIRE(both.size() == 2);
      CHECK(both[0] == both[1]);
    }
  }
  end = true;
  writer.join();
}

}  // namespace
