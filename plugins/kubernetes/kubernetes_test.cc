// The plugin as a Corefile sets it up: options, the answers' frame, aliases, the time before the cluster is known,
// reload.
#include "plugins/kubernetes/kubernetes.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/temporary_folder.h"
#include "dns/rdata.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin kubernetes_plugin;
}

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
spec: {clusterIP: 10.96.2.10, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: out, namespace: prod}
spec: {type: ExternalName, externalName: www.example.org}
---
apiVersion: v1
kind: Service
metadata: {name: in, namespace: prod}
spec: {type: ExternalName, externalName: web.prod.svc.cluster.local}
---
apiVersion: v1
kind: Service
metadata: {name: loop, namespace: prod}
spec: {type: ExternalName, externalName: loop.prod.svc.cluster.local}
)";

class Folder : public TemporaryFolder {
 public:
  Folder() { write("cluster.yaml", kManifests); }
  std::string line() const { return "manifests " + path() + "\n"; }
};

// Behind the plugin: one address for every question, so that what is passed on can be told.
server::Plugin behind() {
  return testing::stand_in("whoami", [](server::Query& query, server::Next) -> Task<server::Outcome> {
    const auto address = *IpAddress::parse("192.0.2.7");
    query.reply().answer.push_back(
        {query.question.name, RRType::a, dns::RRClass::in, 60, dns::a_rdata(address, query.arena())});
    return query.answer();
  });
}

PluginFixture with_options(const std::string& options, const PluginFixture* previous = nullptr) {
  return PluginFixture(". {\n kubernetes cluster.local in-addr.arpa {\n" + options + "}\n whoami\n}\n",
                       {kubernetes_plugin, behind()}, previous);
}

bool wait_ready(PluginFixture& fixture) {
  auto& plugin = fixture.handler<kubernetes::Kubernetes>("kubernetes");
  return fixture.run_until([&] { return plugin.ready(); });
}

const std::string kSoa = "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. ";

}  // namespace

TEST_CASE("kubernetes: answers are authoritative, and the SOA goes with what is not there") {
  const Folder folder;
  PluginFixture fixture = with_options(folder.line());
  REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
  REQUIRE(wait_ready(fixture));

  Answer answer = fixture.ask("web.prod.svc.cluster.local.");
  CHECK(answer.rcode == Rcode::noerror);
  CHECK(answer.header.aa);
  CHECK(answer.answer == Lines{"web.prod.svc.cluster.local. 5 IN A 10.96.2.10"});
  answer = fixture.ask("web.prod.svc.cluster.local.", RRType::aaaa);
  CHECK(answer.rcode == Rcode::noerror);
  CHECK(answer.header.aa);
  REQUIRE(answer.authority.size() == 1);
  CHECK(answer.authority[0].starts_with(kSoa));
  answer = fixture.ask("nosuch.prod.svc.cluster.local.");
  CHECK(answer.rcode == Rcode::nxdomain);
  CHECK(answer.authority.size() == 1);
  CHECK(fixture.ask("cluster.local.", RRType::soa).answer.size() == 1);
  CHECK(fixture.ask("x.cluster.local.", RRType::soa).rcode == Rcode::noerror);
  CHECK(fixture.ask("cluster.local.", RRType::txt).rcode == Rcode::nxdomain);
  CHECK(fixture.ask("dns-version.cluster.local.", RRType::txt).answer ==
        Lines{"dns-version.cluster.local. 28800 IN TXT \"1.1.0\""});
  CHECK(fixture.ask("dns-version.cluster.local.").rcode == Rcode::nxdomain);
  CHECK(fixture.ask("cluster.local.", RRType::ixfr).rcode == Rcode::refused);
  CHECK(fixture.ask("www.elsewhere.example.").answer == Lines{"www.elsewhere.example. 60 IN A 192.0.2.7"});
}

TEST_CASE("kubernetes: an alias brings along what is behind it") {
  const Folder folder;
  PluginFixture fixture = with_options(folder.line());
  REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
  REQUIRE(wait_ready(fixture));
  CHECK(fixture.ask("in.prod.svc.cluster.local.").answer ==
        Lines{"in.prod.svc.cluster.local. 5 IN CNAME web.prod.svc.cluster.local.",
              "web.prod.svc.cluster.local. 5 IN A 10.96.2.10"});
  CHECK(fixture.ask("out.prod.svc.cluster.local.").answer ==
        Lines{"out.prod.svc.cluster.local. 5 IN CNAME www.example.org.", "www.example.org. 60 IN A 192.0.2.7"});
  // A loop has no data, but the record itself can be seen.
  CHECK(fixture.ask("loop.prod.svc.cluster.local.").answer.empty());
  CHECK(fixture.ask("loop.prod.svc.cluster.local.").rcode == Rcode::noerror);
  CHECK(fixture.ask("loop.prod.svc.cluster.local.", RRType::cname).answer.size() == 1);
}

TEST_CASE("kubernetes: services whose slices name one another many times over are followed so far and no farther") {
  const Folder folder;
  std::string all;
  for (int i = 0; i < 14; ++i) {
    const std::string name = "m" + std::to_string(i);
    all += "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name +
           ", namespace: prod}\nspec: {clusterIP: None}\n"
           "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " +
           name + "-1, namespace: prod, labels: {kubernetes.io/service-name: " + name +
           "}}\naddressType: FQDN\nports: [{port: 80}]\nendpoints: [{addresses: [web.prod.svc.cluster.local]}";
    for (int k = 0; k < 14; ++k) all += ", {addresses: [m" + std::to_string(k) + ".prod.svc.cluster.local]}";
    all += "]\n";
  }
  folder.write("mesh.yaml", all);
  PluginFixture fixture = with_options(folder.line());
  REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
  REQUIRE(wait_ready(fixture));
  const Answer answer = fixture.ask("m0.prod.svc.cluster.local.");  // comes back at all
  CHECK(answer.rcode == Rcode::noerror);
  CHECK(!answer.answer.empty());
  CHECK(answer.answer.size() <= 2 * 64 * 10);
}

TEST_CASE("kubernetes: fallthrough passes on names that do not exist, and only these") {
  const Folder folder;
  PluginFixture fixture = with_options(folder.line() + "fallthrough in-addr.arpa\n");
  REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
  REQUIRE(wait_ready(fixture));
  CHECK(fixture.ask("nosuch.prod.svc.cluster.local.").rcode == Rcode::nxdomain);
  CHECK(fixture.ask("1.2.0.192.in-addr.arpa.", RRType::ptr).answer.size() == 1);
  CHECK(fixture.ask("10.2.96.10.in-addr.arpa.", RRType::ptr).answer ==
        Lines{"10.2.96.10.in-addr.arpa. 5 IN PTR web.prod.svc.cluster.local."});
}

TEST_CASE("kubernetes: until the cluster is known, its names fail and nothing else does") {
  PluginFixture fixture = with_options("endpoint http://127.0.0.1:1\n");
  REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
  CHECK_FALSE(fixture.handler<kubernetes::Kubernetes>("kubernetes").ready());
  const Answer answer = fixture.ask("web.prod.svc.cluster.local.");
  CHECK(answer.rcode == Rcode::servfail);
  CHECK(answer.header.aa);
  CHECK(answer.authority == Lines{kSoa + "0 7200 1800 86400 5"});
  CHECK(fixture.ask("cluster.local.", RRType::soa).answer == Lines{kSoa + "0 7200 1800 86400 5"});
  CHECK(fixture.ask("svc.cluster.local.").rcode == Rcode::noerror);
  CHECK(fixture.ask("dns-version.cluster.local.", RRType::txt).answer.size() == 1);
  CHECK(fixture.ask("www.elsewhere.example.").rcode == Rcode::noerror);
}

TEST_CASE("kubernetes: a reload that reads the same keeps the index, another answers from the old one meanwhile") {
  const Folder folder;
  PluginFixture first = with_options(folder.line());
  REQUIRE_MESSAGE(first.ok(), first.error_text());
  REQUIRE(wait_ready(first));

  PluginFixture same = with_options(folder.line() + "ttl 30\n", &first);
  REQUIRE_MESSAGE(same.ok(), same.error_text());
  CHECK(same.handler<kubernetes::Kubernetes>("kubernetes").ready());
  CHECK(same.ask("web.prod.svc.cluster.local.").answer == Lines{"web.prod.svc.cluster.local. 30 IN A 10.96.2.10"});

  PluginFixture other = with_options("endpoint http://127.0.0.1:1\n", &first);
  REQUIRE_MESSAGE(other.ok(), other.error_text());
  CHECK(other.ask("web.prod.svc.cluster.local.").answer == Lines{"web.prod.svc.cluster.local. 5 IN A 10.96.2.10"});
}

TEST_CASE("kubernetes: what is wrong in the Corefile is refused by name") {
  struct Case {
    const char* options;
    const char* found;
  };
  const Case cases[] = {
      {"pods maybe\n", "maybe"},
      {"pods\n", "pods"},
      {"ttl 3601\n", "3601"},
      {"ttl 5s\n", "5s"},
      {"labels a b\n", "unable to parse label selector value: 'a b'"},
      {"namespace_labels x in\n", "unable to parse namespace_label selector value: 'x in'"},
      {"namespaces a\n namespace_labels b=c\n", "cannot both be set"},
      {"startup_timeout 0s\n", "0s"},
      {"startup_timeout 5\n", "5"},
      {"apiserver_qps -1\n", "-1"},
      {"apiserver_burst 1.5\n", "1.5"},
      {"tls a b\n", "tls"},
      {"noendpoints now\n", "now"},
      {"ignore something\n", "something"},
      {"zonal now\n", "now"},
      {"zonal\n noendpoints\n", "zonal requires the endpoint cache; remove noendpoints"},
      {"noendpoints\n headless_fit\n", "headless_fit requires endpoints; remove noendpoints"},
      {"multicluster other.zone\n",
       "is not authoritative for the multicluster zone other.zone. (authoritative zones: [cluster.local. "
       "in-addr.arpa.])"},
      {"pods verified 10.0.0.0/8\n", "a CIDR of pods requires pods insecure"},
      {"pods insecure 10.0.0.1\n", "10.0.0.1"},
      {"pods insecure\n pod_ips all\n", "pod_ips all requires pods verified"},
      {"pods verified\n pod_ips most\n", "most"},
      {"pod_subdomains svc\n", "pod_subdomains requires pods insecure or pods verified"},
      {"pods insecure\n pod_subdomains a.b\n", "\"a.b\": expected one label, such as pod or svc"},
      {"pods insecure\n pod_subdomains\n", "pod_subdomains"},
      {"resyncperiod 5m\n", "resyncperiod"},
      {"kubeconfig /nosuchfile\n", "/nosuchfile"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.options);
    const PluginFixture fixture = with_options(each.options);
    REQUIRE_FALSE(fixture.ok());
    CHECK_MESSAGE(fixture.error_text().find(each.found) != std::string::npos, fixture.error_text());
  }
  const PluginFixture reverse(". {\n kubernetes 10.0.0.0/8\n}\n", {kubernetes_plugin});
  CHECK(reverse.error_text().find("non-reverse zone name must be used") != std::string::npos);
}

TEST_CASE("kubernetes: everything that CoreDNS accepts is accepted") {
  const Folder folder;
  for (const char* options :
       {"ignore\n", "ignore empty_service extra\n", "ttl +5\n", "ttl 007\n", "ttl 10 20\n", "labels a in ()\n",
        "labels a in (b, c),d notin (e),!f,g\n", "fallthrough bad..name\n", "startup_timeout 1s 2s\n",
        "namespaces UPPER bad_name\n", "pods insecure\n pods verified\n",
        "endpoint http://127.0.0.1:1\n apiserver_qps 1.5\n", "endpoint_pod_names\n noendpoints\n",
        "namespace_labels a=b\n", "multicluster\n", "multicluster cluster.local\n", "zonal\n"}) {
    CAPTURE(options);
    const PluginFixture fixture = with_options(folder.line() + options);
    CHECK_MESSAGE(fixture.ok(), fixture.error_text());
  }
}

TEST_CASE("kubernetes: the rights it needs are to what the options make it read") {
  const struct {
    const char* options;
    Lines objects;
  } cases[] = {
      {"", {"services", "discovery.k8s.io/endpointslices", "namespaces"}},
      {"pods insecure\n", {"services", "discovery.k8s.io/endpointslices", "namespaces"}},
      {"namespaces web data\n", {"services", "discovery.k8s.io/endpointslices", "namespaces"}},
      {"pods verified\n", {"services", "discovery.k8s.io/endpointslices", "pods", "namespaces"}},
      {"noendpoints\n", {"services", "namespaces"}},
      {"multicluster cluster.local\n",
       {"services", "discovery.k8s.io/endpointslices", "namespaces", "multicluster.x-k8s.io/serviceimports"}},
  };
  for (const auto& each : cases) {
    CAPTURE(each.options);
    PluginFixture fixture = with_options(std::string("endpoint http://127.0.0.1:1\n") + each.options);
    REQUIRE(fixture.ok());
    std::vector<server::ApiRight> rights;
    fixture.handler<server::RightsUser>("kubernetes").rights(rights);
    Lines objects;
    for (const server::ApiRight& right : rights) {
      objects.push_back((right.group.empty() ? "" : right.group + "/") + right.resource);
      CHECK(right.verbs == Lines{"list", "watch"});
    }
    CHECK(objects == each.objects);
  }
  const Folder folder;
  PluginFixture fixture = with_options(folder.line() + "pods verified\n");
  REQUIRE(fixture.ok());
  std::vector<server::ApiRight> rights;
  fixture.handler<server::RightsUser>("kubernetes").rights(rights);
  CHECK(rights.empty());
}

TEST_CASE("kubernetes: options beyond CoreDNS's are taken") {
  const Folder folder;
  for (const char* options :
       {"pods insecure 10.32.0.0/12 fd00:10::/64\n", "pods verified\n pod_ips all\n", "pods verified\n pod_ips first\n",
        "pods insecure\n pod_subdomains pod svc IP\n", "pods insecure\n pod_subdomains svc\n", "headless_fit\n",
        "noendpoints\n multicluster cluster.local\n headless_fit\n"}) {
    CAPTURE(options);
    const PluginFixture fixture = with_options(folder.line() + options);
    CHECK_MESSAGE(fixture.ok(), fixture.error_text());
  }
}

TEST_CASE("kubernetes: names of pods stand below the labels of pod_subdomains, and below no others") {
  const Folder folder;
  PluginFixture both = with_options(folder.line() + "pods insecure 10.32.0.0/12\n pod_subdomains pod SVC\n");
  REQUIRE_MESSAGE(both.ok(), both.error_text());
  REQUIRE(wait_ready(both));
  for (const std::string label : {"pod", "svc"}) {
    const std::string name = "10-32-0-5.prod." + label + ".cluster.local.";
    CHECK(both.ask(name).answer == Lines{name + " 5 IN A 10.32.0.5"});
    CHECK(both.ask("192-0-2-1.prod." + label + ".cluster.local.").rcode == Rcode::nxdomain);
  }
  CHECK(both.ask("web.prod.svc.cluster.local.").answer == Lines{"web.prod.svc.cluster.local. 5 IN A 10.96.2.10"});

  PluginFixture svc = with_options(folder.line() + "pods insecure\n pod_subdomains svc\n");
  REQUIRE(wait_ready(svc));
  CHECK(svc.ask("10-32-0-5.prod.svc.cluster.local.").rcode == Rcode::noerror);
  CHECK(svc.ask("10-32-0-5.prod.pod.cluster.local.").rcode == Rcode::nxdomain);
  CHECK(svc.ask("pod.cluster.local.").rcode == Rcode::nxdomain);

  PluginFixture neither = with_options(folder.line() + "pods insecure\n");
  REQUIRE(wait_ready(neither));
  CHECK(neither.ask("10-32-0-5.prod.svc.cluster.local.").rcode == Rcode::nxdomain);
}

TEST_CASE("kubernetes: a headless service that is too big is cut, or with headless_fit answered in part") {
  const Folder folder;
  std::string slice = R"(
apiVersion: v1
kind: Service
metadata: {name: big, namespace: prod}
spec: {clusterIP: None, ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: big-1, namespace: prod, labels: {kubernetes.io/service-name: big}}
ports: [{name: http, port: 80}]
endpoints: [)";
  for (int i = 0; i < 200; ++i) slice += "{addresses: [10.1.0." + std::to_string(i) + "]},";
  folder.write("big.yaml", slice + "]\n");
  using testing::Ask;
  const std::string name = "big.prod.svc.cluster.local.";
  const Ask srv{.name = name, .type = RRType::srv, .edns_size = 1232};

  PluginFixture cut = with_options(folder.line());
  REQUIRE(wait_ready(cut));
  CHECK(cut.ask({.name = name, .edns_size = 1232}).header.tc);

  PluginFixture fit = with_options(folder.line() + "headless_fit\n");
  REQUIRE(wait_ready(fit));
  const Answer part = fit.ask({.name = name, .edns_size = 1232});
  CHECK_FALSE(part.header.tc);
  CHECK(part.message.size() <= 1232);
  CHECK(part.message.size() > 1232 - 16);
  CHECK(part.answer.size() == (1232 - 12 - (name.size() + 1 + 4) - 11) / 16);
  const Answer small = fit.ask(name);  // no EDNS: 512 octets
  CHECK_FALSE(small.header.tc);
  CHECK(small.answer.size() == (512 - 12 - (name.size() + 1 + 4)) / 16);
  const Answer services = fit.ask(srv);
  CHECK_FALSE(services.header.tc);
  CHECK(services.answer.size() > 15);
  CHECK(services.answer.size() == services.additional.size());
  CHECK(fit.ask({.name = name, .transport = server::Transport::tcp}).answer.size() == 200);
  CHECK(fit.ask({.name = name, .edns_size = 4096}).answer.size() == 200);
  // One endpoint is one endpoint, and what is no headless service is cut as ever.
  CHECK(fit.ask("10-1-0-7.big.prod.svc.cluster.local.").answer.size() == 1);
}
