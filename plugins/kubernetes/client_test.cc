// What the plugin says about a query and its client: metadata and search paths, as a Corefile asks for them.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/temporary_folder.h"
#include "plugins/kubernetes/kubernetes.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin kubernetes_plugin;
}

using namespace portolan;
using kubernetes::ClientData;
using kubernetes::Kubernetes;
using portolan::testing::PluginFixture;
using server::Query;

namespace {

constexpr const char* kManifests = R"(
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: prod, labels: {app: shop, tier: ""}}
status: {podIP: 127.0.0.21, phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: odd, namespace: media}
status: {podIP: "2001:db8::22", phase: Running}
)";

class Folder : public TemporaryFolder {
 public:
  Folder() { write("cluster.yaml", kManifests); }
  std::string line() const { return "manifests " + path() + "\n"; }
};

// Stands where *metadata* stands: gives the block metadata.
server::Plugin metadata() {
  return {.name = "metadata", .setup = [](server::Setup& setup) -> Result<void> {
            setup.block().metadata_zones_.emplace().push_back(*dns::Name::parse("."));
            return {};
          }};
}

server::Plugin autopath() {
  return testing::stand_in("autopath", [](Query& query, server::Next next) { return next(query); });
}

struct Setting {
  explicit Setting(const std::string& options, const std::string& before = "metadata", const std::string& rest = "")
      : server(".:53 {\n" + before + "\nkubernetes Cluster.local in-addr.arpa {\n" + folder.line() + options +
                   "\n}\n}\n" + rest,
               {metadata(), autopath(), kubernetes_plugin}) {
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    REQUIRE(server.run_until([this] { return plugin().ready(); }));
  }
  Kubernetes& plugin() { return server.handler<Kubernetes>("kubernetes"); }

  Folder folder;
  PluginFixture server;
};

// A query as it stands before the chain runs.
struct Asked {
  Asked(std::string_view name, std::string_view from) {
    query.question.name = *dns::parse_name(name, query.arena());
    query.question.lower = dns::lower(query.question.name, query.arena());
    query.client.ip = *IpAddress::parse(from);
  }
  Query query;
};

std::string value(const server::Metadata& metadata, std::string_view label) {
  return std::string(metadata.value("kubernetes/" + std::string(label)).value_or("-"));
}

std::string parts(Setting& setting, std::string_view name) {
  Asked asked(name, "127.0.0.1");
  server::Metadata metadata(asked.query.arena());
  setting.plugin().annotate(asked.query, metadata);
  std::string text;
  for (const char* label : {"kind", "namespace", "service", "endpoint", "port-name", "protocol", "parse-error"}) {
    text += value(metadata, label) + "|";
  }
  return text;
}

std::string client(Setting& setting, std::string_view from) {
  Asked asked("example.org.", from);
  server::Metadata metadata(asked.query.arena());
  setting.plugin().annotate(asked.query, metadata);
  std::string text;
  for (const char* label : {"client-namespace", "client-pod-name", "client-label/app", "client-label/tier",
                            "client-label/none", "client-label/", "client-"}) {
    text += value(metadata, label) + "|";
  }
  return text;
}

std::string path(Setting& setting, std::string_view name, std::string_view from) {
  Asked asked(name, from);
  std::string text;
  for (const dns::NameView domain : setting.plugin().search(asked.query)) text += domain.text() + " ";
  return text;
}

}  // namespace

TEST_CASE("kubernetes metadata: the name is given in its parts, as recorded from CoreDNS") {
  Setting setting("pods verified");
  static constexpr struct {
    const char *name, *parts;
  } kCases[] = {
      {"web.prod.svc.cluster.local.", "svc|prod|web||||-|"},
      {"WEB.Prod.svc.Cluster.Local.", "svc|prod|web||||-|"},
      {"_http._tcp.web.prod.svc.cluster.local.", "svc|prod|web||http|tcp|-|"},
      {"db-0.db.media.svc.cluster.local.", "svc|media|db|db-0|||-|"},
      {"1-2-3-4.prod.pod.cluster.local.", "pod|prod|1-2-3-4||||-|"},
      {"prod.svc.cluster.local.", "svc|prod|||||-|"},
      {"svc.cluster.local.", "||||||-|"},
      {"cluster.local.", "||||||-|"},
      {"x.cluster.local.", "-|-|-|-|-|-|invalid query name|"},
      {"10.2.96.10.in-addr.arpa.", "-|-|-|-|-|-|invalid query name|"},
      {"www.example.org.", "-|-|-|-|-|-|-|"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.name);
    CHECK(parts(setting, each.name) == each.parts);
  }
}

TEST_CASE("kubernetes metadata: what options add to names is given too") {
  const auto part = [](const std::string& options, std::string_view name, const char* label) {
    Setting setting(options);
    Asked asked(name, "127.0.0.1");
    server::Metadata metadata(asked.query.arena());
    setting.plugin().annotate(asked.query, metadata);
    return value(metadata, label);
  };
  CHECK(part("zonal", "rack.1.pin._zone.db.media.svc.cluster.local.", "zone") == "rack.1");
  CHECK(part("zonal", "db.media.svc.cluster.local.", "zone").empty());
  CHECK(part("", "db.media.svc.cluster.local.", "zone") == "-");
  CHECK(part("multicluster cluster.local", "e.east.db.media.svc.cluster.local.", "cluster") == "east");
  CHECK(part("multicluster cluster.local", "e.east.db.media.svc.cluster.local.", "endpoint") == "e");
  CHECK(part("", "e.east.db.media.svc.cluster.local.", "cluster") == "-");
  CHECK(part("pods insecure\npod_subdomains ip", "1-2-3-4.prod.ip.cluster.local.", "kind") == "pod");
}

TEST_CASE("kubernetes metadata: the pod that asks is named, whatever it asks for") {
  Setting setting("pods verified");
  CHECK(client(setting, "127.0.0.21") == "prod|client|shop||-|-|-|");
  CHECK(client(setting, "::ffff:127.0.0.21") == "prod|client|shop||-|-|-|");
  CHECK(client(setting, "2001:db8::22") == "media|odd|-|-|-|-|-|");
  CHECK(client(setting, "127.0.0.99") == "-|-|-|-|-|-|-|");
  Setting insecure("pods insecure");
  CHECK(client(insecure, "127.0.0.21") == "-|-|-|-|-|-|-|");
}

TEST_CASE("kubernetes metadata: what was said stays said when the name is rewritten") {
  Setting setting("pods verified");
  Asked asked("web.prod.svc.cluster.local.", "127.0.0.21");
  server::Metadata metadata(asked.query.arena());
  setting.plugin().annotate(asked.query, metadata);
  asked.query.question.name = asked.query.question.lower = *dns::parse_name("other.", asked.query.arena());
  asked.query.client.ip = *IpAddress::parse("127.0.0.99");
  Arena elsewhere;
  for (const server::Metadata* each : {&metadata, metadata.clone(elsewhere)}) {
    CHECK(value(*each, "service") == "web");
    CHECK(value(*each, "client-pod-name") == "client");
    CHECK(value(*each, "client-label/app") == "shop");
  }
}

TEST_CASE("kubernetes search path: a pod's, by its namespace") {
  Setting setting("pods verified", "autopath");
  CHECK(setting.plugin().search_needs().empty());
  std::string host;  // of this machine, whatever it is
  for (const dns::Name& domain : setting.plugin().options().host_search) host += domain.text() + " ";
  const std::string prod = "prod.svc.cluster.local. svc.cluster.local. cluster.local. " + host;
  CHECK(path(setting, "a.prod.svc.Cluster.local.", "127.0.0.21") == prod);
  CHECK(path(setting, "cluster.local.", "127.0.0.21") == prod);
  CHECK(path(setting, "a.cluster.local.", "2001:db8::22") ==
        "media.svc.cluster.local. svc.cluster.local. cluster.local. " + host);
  CHECK(path(setting, "a.cluster.local.", "127.0.0.99").empty());
  CHECK(path(setting, "www.example.org.", "127.0.0.21").empty());
}

TEST_CASE("kubernetes search path: without verified pods there is none, and it is said why") {
  Setting setting("pods insecure", "autopath");
  CHECK(setting.plugin().search_needs() == "pods verified");
  CHECK(path(setting, "a.prod.svc.cluster.local.", "127.0.0.21").empty());
}

TEST_CASE("kubernetes: of clients only what is used is kept, and blocks that read the same cluster share one state") {
  const auto kept = [](const std::string& pods, const std::string& before) {
    Setting setting("pods " + pods, before);
    return setting.plugin().options().source.clients;
  };
  CHECK(kept("verified", "") == ClientData::none);
  CHECK(kept("verified", "autopath") == ClientData::spaces);
  CHECK(kept("verified", "metadata") == ClientData::all);
  CHECK(kept("verified", "metadata\nautopath") == ClientData::all);
  CHECK(kept("insecure", "metadata\nautopath") == ClientData::none);

  // The block in front has no metadata, but the one behind it has.
  Folder folder;
  const std::string directive = "kubernetes cluster.local {\npods verified\n" + folder.line() + "}\n";
  PluginFixture server("a:53 {\n" + directive + "}\nb:53 {\nmetadata\n" + directive + "}\n",
                       {metadata(), autopath(), kubernetes_plugin});
  REQUIRE(server.ok());
  const auto& blocks = server.configuration().blocks();
  const auto state = [&](size_t i) {
    const auto& plugin = dynamic_cast<Kubernetes&>(*blocks[i]->other("kubernetes"));
    return &plugin.own_state();
  };
  CHECK(state(0) == state(1));
}
