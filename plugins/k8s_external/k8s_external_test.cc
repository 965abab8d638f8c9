// The plugin as a Corefile sets it up; what it answers for the same objects is recorded in tests/golden.
#include "plugins/k8s_external/k8s_external.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/temporary_folder.h"
#include "dns/rdata.h"
#include "dns/rdata_text.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin k8s_external_plugin;
extern const server::Plugin kubernetes_plugin;
}  // namespace portolan

using namespace portolan;
using dns::Rcode;
using dns::RRType;
using portolan::testing::Answer;
using portolan::testing::PluginFixture;
using Lines = std::vector<std::string>;

namespace {

constexpr const char* kManifests = R"(
apiVersion: v1
kind: Namespace
metadata: {name: prod}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: prod}
spec:
  clusterIP: 10.96.2.10
  externalIPs: [192.0.2.1, "2001:db8::1"]
  ports: [{name: http, port: 80}, {name: dns, protocol: UDP, port: 53}]
---
apiVersion: v1
kind: Service
metadata: {name: inside, namespace: prod}
spec: {clusterIP: 10.96.2.11, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: lb, namespace: prod}
spec: {type: LoadBalancer, clusterIP: 10.96.2.12, ports: [{name: http, port: 80}, {name: https, port: 443}]}
status: {loadBalancer: {ingress: [{hostname: LB.example.org}]}}
---
apiVersion: v1
kind: Service
metadata: {name: loop, namespace: prod}
spec: {type: LoadBalancer, clusterIP: 10.96.2.13, ports: [{name: a, port: 1}, {name: b, port: 2}, {name: c, port: 3}]}
status:
  loadBalancer:
    ingress:
    - hostname: loop.prod.out.example
    - hostname: x.loop.prod.out.example
    - hostname: y.loop.prod.out.example
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: prod}
spec: {clusterIP: None, ports: [{name: pg, port: 5432}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, namespace: prod, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
endpoints: [{addresses: [10.244.0.1], hostname: db-0}, {addresses: [10.244.0.2]}]
ports: [{name: pg, port: 5432, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: inside-1, namespace: prod, labels: {kubernetes.io/service-name: inside}}
addressType: IPv4
endpoints: [{addresses: [10.244.0.3]}]
ports: [{name: http, port: 8080, protocol: TCP}]
)";

struct Folder : TemporaryFolder {
  Folder() { write("cluster.yaml", kManifests); }
};

// Behind the plugins: one address for every question, so that what is passed on can be told.
server::Plugin behind() {
  return testing::stand_in("whoami", [](server::Query& query, server::Next) -> Task<server::Outcome> {
    const auto address = *IpAddress::parse("192.0.2.7");
    if (query.question.type == RRType::a) {
      query.reply().answer.push_back(
          {query.question.name, RRType::a, dns::RRClass::in, 60, dns::a_rdata(address, query.arena())});
    }
    return query.answer();
  });
}

struct Server {
  explicit Server(const std::string& directive)
      : fixture(". {\n" + directive + "\n kubernetes cluster.local {\n ttl 9\n manifests " + folder.path() +
                    "\n}\n whoami\n}\n",
                {k8s_external_plugin, kubernetes_plugin, behind()}) {
    REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
    auto* cluster = fixture.configuration().blocks().front()->other("kubernetes");
    auto& readiness = dynamic_cast<server::Readiness&>(*cluster);
    REQUIRE(fixture.run_until([&] { return readiness.ready(); }));
  }
  Answer ask(std::string_view name, RRType type = RRType::a) { return fixture.ask(name, type); }

  Folder folder;
  PluginFixture fixture;
};

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string soa_of(const std::string& zone, const std::string& apex, const std::string& ttl) {
  return zone + " " + ttl + " IN SOA ns1." + apex + "." + zone + " hostmaster." + apex + "." + zone +
         " 0 7200 1800 86400 " + ttl;
}

// Every record, in order; empty when there is no such zone.
Lines transfer(PluginFixture& fixture, std::string_view zone, uint32_t serial = 0) {
  Lines lines;
  const dns::Name name = dns::Name::parse(zone).value();
  auto stream = fixture.handler<k8s_external::K8sExternal>("k8s_external").transfer(name, serial).value();
  if (!stream) return lines;
  for (bool more = true; more;) {
    Arena arena;
    ArenaVector<dns::Record> records(arena);
    more = stream->next(arena, records);
    CHECK(more == !records.empty());
    for (const dns::Record& record : records) lines.push_back(dns::record_text(record));
  }
  for (std::string& line : lines) std::replace(line.begin(), line.end(), '\t', ' ');
  return lines;
}

// The lines of `lines` that are about `owner` or names below it, sorted, each once.
Lines about(const Lines& lines, const std::string& owner) {
  Lines result;
  for (const std::string& line : lines) {
    if (const size_t at = line.substr(0, line.find(' ')).rfind(owner); at != line.npos) result.push_back(line);
  }
  result = sorted(result);
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

}  // namespace

TEST_CASE("k8s_external: services answer with their external addresses, under the question's name") {
  Server server("k8s_external out.example {\n ttl 44\n}");
  const Answer answer = server.ask("WEB.prod.out.example.");
  CHECK(answer.rcode == Rcode::noerror);
  CHECK(answer.header.aa);
  CHECK(answer.answer == Lines{"WEB.prod.out.example. 44 IN A 192.0.2.1"});
  CHECK(answer.authority.empty());
  CHECK(server.ask("web.prod.out.example.", RRType::aaaa).answer ==
        Lines{"web.prod.out.example. 44 IN AAAA 2001:db8::1"});
  CHECK(server.ask("_dns._udp.web.prod.out.example.").answer ==
        Lines{"_dns._udp.web.prod.out.example. 44 IN A 192.0.2.1"});
  CHECK(server.ask("any-endpoint.web.prod.out.example.").answer.size() == 1);
  const Answer srv = server.ask("Web.prod.out.example.", RRType::srv);
  CHECK(sorted(srv.answer) == Lines{"Web.prod.out.example. 9 IN SRV 0 25 53 web.prod.out.example.",
                                    "Web.prod.out.example. 9 IN SRV 0 25 80 web.prod.out.example."});
  CHECK(srv.additional ==
        Lines{"web.prod.out.example. 44 IN A 192.0.2.1", "web.prod.out.example. 44 IN AAAA 2001:db8::1"});
  CHECK(server.ask("elsewhere.example.").answer == Lines{"elsewhere.example. 60 IN A 192.0.2.7"});
  CHECK(server.ask("web.prod.svc.cluster.local.").answer == Lines{"web.prod.svc.cluster.local. 9 IN A 10.96.2.10"});
}

TEST_CASE("k8s_external: names without data are told from names that do not exist") {
  Server server("k8s_external out.example");
  struct Case {
    const char* name;
    RRType type;
    Rcode rcode;
  };
  const Case cases[] = {
      {"out.example.", RRType::a, Rcode::noerror},
      {"prod.out.example.", RRType::a, Rcode::noerror},
      {"web.prod.out.example.", RRType::txt, Rcode::noerror},
      {"web.prod.out.example.", RRType::ptr, Rcode::noerror},
      {"web.prod.out.example.", RRType::cname, Rcode::noerror},
      {"nosuch.out.example.", RRType::a, Rcode::nxdomain},
      {"nosuch.prod.out.example.", RRType::a, Rcode::nxdomain},
      {"web.nosuch.out.example.", RRType::a, Rcode::nxdomain},
      {"inside.prod.out.example.", RRType::a, Rcode::nxdomain},
      {"db.prod.out.example.", RRType::a, Rcode::nxdomain},
      {"_nosuch._tcp.web.prod.out.example.", RRType::a, Rcode::nxdomain},
      {"_http._udp.web.prod.out.example.", RRType::srv, Rcode::nxdomain},
      {"a.b.c.web.prod.out.example.", RRType::a, Rcode::nxdomain},
      {"web.prod.svc.out.example.", RRType::a, Rcode::nxdomain},
      {"dns.out.example.", RRType::a, Rcode::noerror},
      {"ns1.dns.out.example.", RRType::txt, Rcode::noerror},
      {"ns2.dns.out.example.", RRType::a, Rcode::nxdomain},
      {"x.ns1.dns.out.example.", RRType::a, Rcode::nxdomain},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    const Answer answer = server.ask(each.name, each.type);
    CHECK(answer.rcode == each.rcode);
    CHECK(answer.header.aa);
    CHECK(answer.answer.empty());
    CHECK(answer.authority == Lines{soa_of("out.example.", "dns", "5")});
  }
}

TEST_CASE("k8s_external: the zone's own names have the label of apex") {
  Server server("k8s_external out.example {\n apex Servers\n ttl 44\n}");
  CHECK(server.ask("OUT.example.", RRType::soa).answer == Lines{soa_of("out.example.", "Servers", "44")});
  const Answer servers = server.ask("out.example.", RRType::ns);
  CHECK(servers.answer == Lines{"out.example. 44 IN NS ns1.Servers.out.example."});
  Lines addresses = server.ask("ns1.Servers.out.example.").answer;
  for (const std::string& line : server.ask("ns1.Servers.out.example.", RRType::aaaa).answer) addresses.push_back(line);
  CHECK(sorted(servers.additional) == sorted(addresses));
  CHECK(server.ask("servers.out.example.").rcode == Rcode::noerror);
  CHECK(server.ask("dns.out.example.").rcode == Rcode::nxdomain);
}

TEST_CASE("k8s_external: a load balancer's host name is followed, and comes once for each port") {
  Server server("k8s_external out.example");
  const Answer answer = server.ask("lb.prod.out.example.");
  CHECK(answer.answer == Lines{"lb.prod.out.example. 9 IN CNAME LB.example.org.", "LB.example.org. 60 IN A 192.0.2.7",
                               "lb.prod.out.example. 9 IN CNAME LB.example.org.", "LB.example.org. 60 IN A 192.0.2.7"});
  CHECK(server.ask("_https._tcp.lb.prod.out.example.", RRType::aaaa).answer ==
        Lines{"_https._tcp.lb.prod.out.example. 9 IN CNAME LB.example.org."});
  const Answer srv = server.ask("lb.prod.out.example.", RRType::srv);
  CHECK(sorted(srv.answer) == Lines{"lb.prod.out.example. 9 IN SRV 0 50 443 LB.example.org.",
                                    "lb.prod.out.example. 9 IN SRV 0 50 80 LB.example.org."});
  CHECK(srv.additional == Lines{"LB.example.org. 60 IN A 192.0.2.7"});
}

TEST_CASE("k8s_external: load balancers that are called after each other end, with what a message can hold") {
  Server server("k8s_external out.example");
  testing::Ask question{.name = "loop.prod.out.example."};
  question.transport = server::Transport::tcp;
  const Answer answer = server.fixture.ask(question);
  CHECK(answer.rcode == Rcode::noerror);
  CHECK(answer.answer.size() > 3);
  CHECK(answer.answer.size() <= 4096);
  question.type = RRType::srv;
  CHECK(server.fixture.ask(question).rcode == Rcode::noerror);
}

TEST_CASE("k8s_external: headless services answer with their endpoints if asked to") {
  Server server("k8s_external out.example {\n headless\n ttl 44\n}");
  CHECK(sorted(server.ask("db.prod.out.example.").answer) ==
        Lines{"db.prod.out.example. 44 IN A 10.244.0.1", "db.prod.out.example. 44 IN A 10.244.0.2"});
  CHECK(server.ask("db-0.db.prod.out.example.").answer == Lines{"db-0.db.prod.out.example. 44 IN A 10.244.0.1"});
  CHECK(server.ask("10-244-0-2.db.prod.out.example.").answer.size() == 1);
  CHECK(server.ask("db-1.db.prod.out.example.").rcode == Rcode::nxdomain);
  CHECK(server.ask("inside.prod.out.example.").rcode == Rcode::nxdomain);
  CHECK(server.ask("10-244-0-3.inside.prod.out.example.").answer.size() == 1);
  const Answer srv = server.ask("_pg._tcp.db.prod.out.example.", RRType::srv);
  CHECK(sorted(srv.answer) == Lines{"_pg._tcp.db.prod.out.example. 9 IN SRV 0 50 5432 10-244-0-2.db.prod.out.example.",
                                    "_pg._tcp.db.prod.out.example. 9 IN SRV 0 50 5432 db-0.db.prod.out.example."});
  CHECK(sorted(srv.additional) ==
        Lines{"10-244-0-2.db.prod.out.example. 44 IN A 10.244.0.2", "db-0.db.prod.out.example. 44 IN A 10.244.0.1"});
}

TEST_CASE("k8s_external: reverse names lead to the first zone") {
  Server server("k8s_external out.example 192.0.2.0/24 2001:db8::/32 {\n fallthrough in-addr.arpa\n}");
  CHECK(server.ask("1.2.0.192.in-addr.arpa.", RRType::ptr).answer ==
        Lines{"1.2.0.192.in-addr.arpa. 5 IN PTR web.prod.out.example."});
  const std::string six = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.";
  CHECK(server.ask(six, RRType::ptr).answer == Lines{six + " 5 IN PTR web.prod.out.example."});
  CHECK(server.ask("2" + six.substr(1), RRType::ptr).rcode == Rcode::nxdomain);
  const Answer passed_on = server.ask("9.2.0.192.in-addr.arpa.", RRType::ptr);
  CHECK(passed_on.rcode == Rcode::noerror);
  CHECK_FALSE(passed_on.header.aa);
  CHECK(server.ask("1.2.0.192.in-addr.arpa.", RRType::txt).rcode == Rcode::noerror);
}

TEST_CASE("k8s_external: fallthrough passes on names that do not exist, and only those") {
  Server server("k8s_external out.example {\n fallthrough\n}");
  CHECK(server.ask("nosuch.prod.out.example.").answer == Lines{"nosuch.prod.out.example. 60 IN A 192.0.2.7"});
  CHECK(server.ask("prod.out.example.").answer.empty());
  CHECK(server.ask("web.prod.out.example.", RRType::txt).authority.size() == 1);
  CHECK(server.ask("ns2.dns.out.example.").rcode == Rcode::nxdomain);
}

TEST_CASE("k8s_external: a transfer has the zone's own records and those of every service, between two SOA records") {
  Server server("k8s_external out.example {\n ttl 44\n}");
  const Lines lines = transfer(server.fixture, "out.example.");
  REQUIRE(lines.size() > 2);
  CHECK(lines.front() == soa_of("out.example.", "dns", "44"));
  CHECK(lines.back() == lines.front());
  CHECK(lines[1] == "out.example. 44 IN NS ns1.dns.out.example.");
  CHECK(about(lines, "web.prod.out.example.") ==
        Lines{"_dns._udp.web.prod.out.example. 9 IN SRV 0 100 53 web.prod.out.example.",
              "_http._tcp.web.prod.out.example. 9 IN SRV 0 100 80 web.prod.out.example.",
              "web.prod.out.example. 44 IN A 192.0.2.1", "web.prod.out.example. 44 IN AAAA 2001:db8::1",
              "web.prod.out.example. 9 IN SRV 0 100 80 web.prod.out.example."});
  CHECK(about(lines, "lb.prod.out.example.") == Lines{"_http._tcp.lb.prod.out.example. 9 IN SRV 0 100 80 org.",
                                                      "_https._tcp.lb.prod.out.example. 9 IN SRV 0 100 443 org.",
                                                      "lb.prod.out.example. 9 IN CNAME LB.example.org.",
                                                      "lb.prod.out.example. 9 IN SRV 0 100 80 LB.example.org."});
  CHECK(about(lines, "inside.prod.out.example.").empty());
  CHECK(about(lines, "db.prod.out.example.").empty());
}

TEST_CASE("k8s_external: a transfer has the endpoints of headless services if they are asked for") {
  Server server("k8s_external out.example {\n headless\n}");
  CHECK(about(transfer(server.fixture, "out.example."), "db.prod.out.example.") ==
        Lines{"10-244-0-2.db.prod.out.example. 5 IN A 10.244.0.2",
              "10-244-0-2.db.prod.out.example. 9 IN SRV 0 100 5432 10-244-0-2.db.prod.out.example.",
              "_pg._tcp.db.prod.out.example. 9 IN SRV 0 50 5432 10-244-0-2.db.prod.out.example.",
              "_pg._tcp.db.prod.out.example. 9 IN SRV 0 50 5432 db-0.db.prod.out.example.",
              "db-0.db.prod.out.example. 5 IN A 10.244.0.1",
              "db-0.db.prod.out.example. 9 IN SRV 0 100 5432 db-0.db.prod.out.example.",
              "db.prod.out.example. 5 IN A 10.244.0.1", "db.prod.out.example. 5 IN A 10.244.0.2",
              "db.prod.out.example. 9 IN SRV 0 50 5432 10-244-0-2.db.prod.out.example.",
              "db.prod.out.example. 9 IN SRV 0 50 5432 db-0.db.prod.out.example."});
}

TEST_CASE("k8s_external: only its own zones are transferred, and only to those who lack something") {
  Server server("k8s_external out.example");
  CHECK(transfer(server.fixture, "out.example.", 1) == Lines{soa_of("out.example.", "dns", "5")});
  CHECK(transfer(server.fixture, "prod.out.example.").empty());
  CHECK(transfer(server.fixture, "example.").empty());
}

TEST_CASE("k8s_external: what is wrong in a Corefile is refused with its line") {
  struct Case {
    const char* corefile;
    const char* error;
  };
  const Folder folder;
  const std::string cluster = " kubernetes cluster.local {\n manifests " + folder.path() + "\n}\n";
  const Case cases[] = {
      {" k8s_external out.example\n", "Corefile:2 - Error during parsing: kubernetes plugin not loaded"},
      {" k8s_external out.example {\n ttl\n}\n{0}", "Corefile:3"},
      {" k8s_external out.example {\n ttl 3601\n}\n{0}", "Corefile:3"},
      {" k8s_external out.example {\n ttl x\n}\n{0}", "Corefile:3"},
      {" k8s_external out.example {\n apex\n}\n{0}", "Corefile:3"},
      {" k8s_external out.example {\n apex a..b\n}\n{0}", "Corefile:3"},
      {" k8s_external out.example {\n headless yes\n}\n{0}", "Corefile:3"},
      {" k8s_external out.example {\n nosuch\n}\n{0}", "Corefile:3"},
  };
  for (const Case& each : cases) {
    std::string text = each.corefile;
    if (const size_t at = text.find("{0}"); at != text.npos) text.replace(at, 3, cluster);
    CAPTURE(text);
    const PluginFixture fixture(". {\n" + text + "}\n", {k8s_external_plugin, kubernetes_plugin});
    REQUIRE_FALSE(fixture.ok());
    CHECK(fixture.error_text().find("plugin/k8s_external: ") != std::string::npos);
    CHECK_MESSAGE(fixture.error_text().find(each.error) != std::string::npos, fixture.error_text());
  }
}
