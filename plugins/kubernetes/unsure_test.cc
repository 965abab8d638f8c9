// What is said while not all of the cluster is known: never that a name does not exist. And the reasons that clients
// get, snapshots from one start to the next, and what is refused.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "base/temporary_folder.h"
#include "dns/rdata.h"
#include "plugins/kubernetes/external.h"
#include "plugins/kubernetes/kubernetes.h"
#include "plugins/kubernetes/test_cluster.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin kubernetes_plugin;
}  // namespace portolan

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;
using cluster::Kind;
using dns::EdeCode;
using dns::Rcode;
using dns::RRType;
using portolan::testing::Answer;
using portolan::testing::Ask;
using portolan::testing::PluginFixture;

namespace {

using Folder = TemporaryFolder;

EdeCode seen_reason = EdeCode::none;

// Stands behind: says of every name that it does not exist, but for those under `there`.
server::Plugin behind() {
  return portolan::testing::stand_in("whoami", [](server::Query& query, server::Next) -> Task<server::Outcome> {
    if (query.question.lower.first_label() != "there") return query.answer(Rcode::nxdomain);
    const auto address = *IpAddress::parse("192.0.2.7");
    query.reply().answer.push_back(
        {query.question.name, RRType::a, dns::RRClass::in, 60, dns::a_rdata(address, query.arena())});
    return query.answer();
  });
}

// The server under test. Its API server is never there; the test plays its part.
PluginFixture server_with(const std::string& options) {
  return PluginFixture(". {\n errors\n kubernetes cluster.local in-addr.arpa {\n endpoint http://127.0.0.1:1\n" +
                           options + "}\n whoami\n}\n",
                       {portolan::testing::reason_seen("errors", seen_reason), kubernetes_plugin, behind()});
}

Index& index_of(PluginFixture& fixture) {
  return const_cast<Index&>(fixture.handler<Kubernetes>("kubernetes").index());
}

void apply_all(Index& index) {
  index.apply(space_object("a"));
  index.apply(service_object("a", "web", {"10.0.0.1"}));
  index.apply(service_object("a", "db", {"None"}));
  index.apply(slice_object("a", "db", "db-1", {"10.1.0.1=one"}));
  index.apply(slice_object("a", "web", "web-1", {"10.1.0.2"}));
  index.apply(alias_object("a", "to-web", "web.a.svc.cluster.local"));
  index.apply(alias_object("a", "to-none", "none.a.svc.cluster.local"));
  index.apply(alias_object("a", "to-db", "db.a.svc.cluster.local"));
  index.apply(pod_object("a", "p", "10.1.0.1"));
}

void begin_all(Index& index) {
  for (size_t i = 0; i < cluster::kKinds; ++i) index.begin_snapshot(static_cast<Kind>(i));
}
void end(Index& index, std::initializer_list<Kind> kinds) {
  for (const Kind kind : kinds) index.end_snapshot(kind);
}

// Of the addresses of `name`, as k8s_external looks them up for the zone out.example.
ExternalAnswer from_outside(PluginFixture& fixture, const char* name, Arena& arena) {
  const auto names = ExternalNames::of(&fixture.handler<Kubernetes>("kubernetes"));
  const dns::Name lower = *dns::Name::parse(name), zone = *dns::Name::parse("out.example.");
  return names->find({lower, lower, RRType::a, zone, zone, true, 5}, arena);
}

// yes: records. none: the name is there, without data. fail: SERVFAIL. no: NXDOMAIN.
enum Says { yes, none, fail, no };

Says says(const Answer& answer) {
  if (answer.rcode == Rcode::servfail) return fail;
  if (answer.rcode == Rcode::nxdomain) return no;
  CHECK(answer.rcode == Rcode::noerror);
  return answer.answer.empty() ? none : yes;
}

struct Row {
  const char* name;
  RRType type;
  // When nothing has come; when all has come but no list is complete; when all but slices, or all but pods, is
  // complete; from a snapshot; when all is known.
  Says nothing, all_open, no_slices, no_pods, snapshot, known;
};

const Row kTable[] = {
    {"web.a.svc.cluster.local.", RRType::a, fail, yes, yes, yes, yes, yes},
    {"web.a.svc.cluster.local.", RRType::aaaa, fail, none, none, none, none, none},
    {"_http._tcp.web.a.svc.cluster.local.", RRType::srv, fail, yes, yes, yes, yes, yes},
    {"_nosuch._tcp.web.a.svc.cluster.local.", RRType::srv, fail, fail, fail, fail, fail, no},
    {"10-1-0-2.web.a.svc.cluster.local.", RRType::a, fail, fail, fail, yes, yes, yes},
    {"db.a.svc.cluster.local.", RRType::a, fail, fail, fail, yes, yes, yes},
    {"one.db.a.svc.cluster.local.", RRType::a, fail, fail, fail, yes, yes, yes},
    {"two.db.a.svc.cluster.local.", RRType::a, fail, fail, fail, fail, fail, no},
    {"none.a.svc.cluster.local.", RRType::a, fail, fail, fail, fail, fail, no},
    {"web.none.svc.cluster.local.", RRType::a, fail, fail, fail, fail, fail, no},
    {"a.svc.cluster.local.", RRType::a, fail, none, none, none, none, none},
    {"none.svc.cluster.local.", RRType::a, fail, fail, fail, fail, fail, no},
    {"svc.cluster.local.", RRType::a, none, none, none, none, none, none},
    {"no.such.form.of.name.cluster.local.", RRType::a, fail, fail, fail, fail, fail, no},
    {"none.a.svc.cluster.local.", RRType::txt, fail, fail, fail, fail, fail, no},
    {"none.a.svc.cluster.local.", RRType::ptr, fail, fail, fail, fail, fail, no},
    {"none.a.svc.cluster.local.", RRType::ns, fail, fail, fail, fail, fail, no},
    // Aliases: a target that is not known, or not wholly, is no answer without data.
    {"to-web.a.svc.cluster.local.", RRType::a, fail, yes, yes, yes, yes, yes},
    {"to-none.a.svc.cluster.local.", RRType::a, fail, fail, fail, fail, fail, none},
    {"to-db.a.svc.cluster.local.", RRType::a, fail, fail, fail, yes, yes, yes},
    {"to-none.a.svc.cluster.local.", RRType::cname, fail, yes, yes, yes, yes, yes},
    // Pods.
    {"10-1-0-1.a.pod.cluster.local.", RRType::a, fail, yes, yes, yes, yes, yes},
    {"10-1-0-9.a.pod.cluster.local.", RRType::a, fail, fail, fail, fail, fail, no},
    {"10-1-0-1.none.pod.cluster.local.", RRType::a, fail, fail, fail, fail, fail, no},
    {"no-address.a.pod.cluster.local.", RRType::a, fail, fail, fail, fail, fail, no},
    // Addresses.
    {"1.0.0.10.in-addr.arpa.", RRType::ptr, fail, yes, yes, yes, yes, yes},
    {"1.0.1.10.in-addr.arpa.", RRType::ptr, fail, yes, yes, yes, yes, yes},
    {"9.9.9.9.in-addr.arpa.", RRType::ptr, fail, fail, fail, fail, fail, no},
    {"in-addr.arpa.", RRType::soa, yes, yes, yes, yes, yes, yes},
    // What does not come from the cluster.
    {"cluster.local.", RRType::soa, yes, yes, yes, yes, yes, yes},
    {"cluster.local.", RRType::a, none, none, none, none, none, none},
    {"cluster.local.", RRType::txt, fail, fail, fail, fail, fail, no},
    {"ns.dns.cluster.local.", RRType::mx, none, none, none, none, none, none},
    {"dns-version.cluster.local.", RRType::txt, yes, yes, yes, yes, yes, yes},
    {"dns-version.cluster.local.", RRType::a, fail, fail, fail, fail, fail, no},
    {"elsewhere.example.", RRType::a, no, no, no, no, no, no},
};

void check_column(PluginFixture& fixture, const char* title, Says Row::* column) {
  CAPTURE(title);
  CHECK(fixture.ask("cluster.local.", RRType::ns).rcode == Rcode::noerror);  // with data if the machine has addresses
  for (const Row& row : kTable) {
    CAPTURE(row.name);
    CAPTURE(dns::text(row.type));
    const Says got = says(fixture.ask(row.name, row.type));
    CHECK(int(got) == int(row.*column));
    const bool from_snapshot = column == &Row::snapshot;
    const bool outside = std::string_view(row.name) == "elsewhere.example.";
    // SERVFAIL has its reason, an answer from a snapshot too, and nothing else has any.
    if (outside || (got != fail && !from_snapshot)) {
      CHECK(seen_reason == EdeCode::none);
    } else {
      CHECK(seen_reason == (got == fail ? EdeCode::not_ready : EdeCode::stale_answer));
    }
  }
}

}  // namespace

TEST_CASE("kubernetes: what is not known never counts as not existing") {
  const std::string options = "pods verified\n";
  {
    PluginFixture fixture = server_with(options);
    REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
    Index& index = index_of(fixture);
    check_column(fixture, "nothing has come", &Row::nothing);
    begin_all(index);
    check_column(fixture, "lists have begun", &Row::nothing);
    apply_all(index);
    check_column(fixture, "no list is complete", &Row::all_open);
    end(index, {Kind::service, Kind::pod, Kind::namespace_});
    check_column(fixture, "slices are not complete", &Row::no_slices);
    end(index, {Kind::endpoint_slice});
    check_column(fixture, "all is known", &Row::known);
    // A connection comes back, lists everything again, and breaks off: the last state stands.
    begin_all(index);
    check_column(fixture, "all is listed again", &Row::known);
    apply_all(index);
    begin_all(index);
    check_column(fixture, "the list has begun once more", &Row::known);
    for (size_t i = 0; i < cluster::kKinds; ++i) index.connection(static_cast<Kind>(i), false, "cut");
    check_column(fixture, "the API server is away", &Row::known);
  }
  PluginFixture fixture = server_with(options + "labels other\n");
  Index& index = index_of(fixture);
  begin_all(index);
  apply_all(index);
  end(index, {Kind::service, Kind::endpoint_slice, Kind::namespace_});
  check_column(fixture, "pods are not complete", &Row::no_pods);
}

TEST_CASE("kubernetes: ignored empty services are not missing as long as their endpoints may come") {
  PluginFixture fixture = server_with("ignore empty_service\n");
  Index& index = index_of(fixture);
  begin_all(index);
  index.apply(space_object("a"));
  index.apply(service_object("a", "web", {"10.0.0.1"}));
  end(index, {Kind::service, Kind::namespace_});
  CHECK(fixture.ask("web.a.svc.cluster.local.").rcode == Rcode::servfail);
  end(index, {Kind::endpoint_slice});
  CHECK(fixture.ask("web.a.svc.cluster.local.").rcode == Rcode::nxdomain);
}

TEST_CASE("kubernetes: a name that is passed on while not all is known is not denied by who comes next") {
  PluginFixture fixture = server_with("fallthrough\n");
  Index& index = index_of(fixture);
  const auto rcode = [&](const char* name) { return fixture.ask(name).rcode; };
  CHECK(rcode("none.a.svc.cluster.local.") == Rcode::servfail);
  CHECK(rcode("9.9.9.9.in-addr.arpa.") == Rcode::servfail);
  const Answer there = fixture.ask("there.a.svc.cluster.local.");
  CHECK(there.rcode == Rcode::noerror);
  CHECK(there.answer.size() == 1);
  begin_all(index);
  apply_all(index);
  end(index, {Kind::service, Kind::endpoint_slice, Kind::namespace_});
  CHECK(rcode("none.a.svc.cluster.local.") == Rcode::nxdomain);
  CHECK(rcode("9.9.9.9.in-addr.arpa.") == Rcode::nxdomain);
  CHECK(rcode("there.a.svc.cluster.local.") == Rcode::noerror);
}

TEST_CASE("kubernetes: a namespace that the configuration hides is given as the reason, whether it is there or not") {
  PluginFixture fixture = server_with("namespaces a\n pods insecure\n");
  Index& index = index_of(fixture);
  begin_all(index);
  apply_all(index);
  index.apply(space_object("hidden"));
  end(index, {Kind::service, Kind::endpoint_slice, Kind::namespace_});
  const auto code = [&](const char* name, int edns_size) {
    Ask question;
    question.name = name;
    question.edns_size = edns_size;
    CHECK(fixture.ask(question).rcode == Rcode::nxdomain);
    return seen_reason;
  };
  CHECK(code("web.hidden.svc.cluster.local.", 1232) == EdeCode::blocked);
  CHECK(code("web.nosuch.svc.cluster.local.", 1232) == EdeCode::blocked);
  CHECK(code("10-1-1-1.hidden.pod.cluster.local.", 1232) == EdeCode::blocked);
  CHECK(code("none.a.svc.cluster.local.", 1232) == EdeCode::none);
  CHECK(code("no.form.cluster.local.", 1232) == EdeCode::none);
  CHECK(code("web.hidden.svc.cluster.local.", -1) == EdeCode::none);
}

TEST_CASE("kubernetes: a start from a snapshot answers what is there, and is ready when told so") {
  const Folder folder;
  const std::string options = "pods verified\n snapshot " + folder / "s";
  {
    PluginFixture first = server_with(options + "\n");
    REQUIRE_MESSAGE(first.ok(), first.error_text());
    begin_all(index_of(first));
    apply_all(index_of(first));
    end(index_of(first), {Kind::service, Kind::endpoint_slice, Kind::pod, Kind::namespace_});
  }
  REQUIRE(std::filesystem::exists(folder / "s"));
  for (const bool serve : {false, true}) {
    PluginFixture fixture = server_with(options + (serve ? " serve\n" : "\n"));
    REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
    auto& plugin = fixture.handler<Kubernetes>("kubernetes");
    CHECK(plugin.ready() == serve);
    check_column(fixture, "from a snapshot", &Row::snapshot);
    Index& index = index_of(fixture);
    begin_all(index);
    check_column(fixture, "from a snapshot, lists have begun", &Row::snapshot);
    apply_all(index);
    index.remove(Kind::service, "a", "none");
    end(index, {Kind::service, Kind::endpoint_slice, Kind::pod});
    check_column(fixture, "from a snapshot, namespaces are not complete", &Row::snapshot);
    end(index, {Kind::namespace_});
    check_column(fixture, "all is known", &Row::known);
    CHECK(plugin.ready());
  }
}

TEST_CASE("kubernetes: from outside too, a headless service of a snapshot answers with its endpoints") {
  const Folder folder;
  const std::string options = "snapshot " + folder / "s" + "\n";
  {
    PluginFixture first = server_with(options);
    REQUIRE_MESSAGE(first.ok(), first.error_text());
    begin_all(index_of(first));
    apply_all(index_of(first));
    end(index_of(first), {Kind::service, Kind::endpoint_slice, Kind::namespace_});
  }
  PluginFixture fixture = server_with(options);
  REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
  Arena arena;
  const ExternalAnswer db = from_outside(fixture, "db.a.out.example.", arena);
  CHECK(db.exists);
  CHECK(db.answer.size() == 1);
  CHECK_FALSE(db.synced);
}

TEST_CASE("kubernetes: a zone of services is whole without the imports, and one of imports without the services") {
  for (const bool services : {true, false}) {
    CAPTURE(services);
    PluginFixture fixture(
        ". {\n kubernetes cluster.local set.local {\n endpoint http://127.0.0.1:1\n"
        " multicluster set.local\n labels " +
            std::string(services ? "a" : "b") + "\n }\n}\n",
        {kubernetes_plugin});
    REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
    Index& index = index_of(fixture);
    begin_all(index);
    apply_all(index);
    end(index, {Kind::endpoint_slice, Kind::namespace_, services ? Kind::service : Kind::service_import});
    auto& plugin = fixture.handler<Kubernetes>("kubernetes");
    CHECK_FALSE(plugin.ready());
    CHECK(plugin.transfer(*dns::Name::parse("cluster.local."), 0).has_value() == services);
    CHECK(plugin.transfer(*dns::Name::parse("set.local."), 0).has_value() == !services);
    CHECK(ExternalNames::of(&plugin)->synced() == services);
    Arena arena;
    CHECK(from_outside(fixture, "none.a.out.example.", arena).synced == services);
  }
}

TEST_CASE("kubernetes: blocks with one cluster share its snapshot, whichever names it") {
  const Folder folder;
  const auto both = [&](const std::string& first, const std::string& second) {
    const std::string options = "{\n endpoint http://127.0.0.1:1\n pods verified\n ";
    return PluginFixture("one.test {\n errors\n kubernetes " + options + first + "\n}\n}\ntwo.test {\n kubernetes " +
                             options + second + "\n}\n}\n",
                         {portolan::testing::reason_seen("errors", seen_reason), kubernetes_plugin});
  };
  const std::string snapshot = "snapshot " + folder / "s";
  {
    PluginFixture fixture = both(snapshot, snapshot);
    REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
    begin_all(index_of(fixture));
    apply_all(index_of(fixture));
    end(index_of(fixture), {Kind::service, Kind::endpoint_slice, Kind::pod, Kind::namespace_});
  }
  PluginFixture fixture = both("ttl 30", snapshot);
  REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
  CHECK(fixture.ask("web.a.svc.one.test.").answer.size() == 1);
}

TEST_CASE("kubernetes: a snapshot in a place where none can be is refused") {
  const Folder folder;
  const std::string path = folder / "s";
  const std::string plain = "kubernetes {\n endpoint http://127.0.0.1:1\n";
  const struct {
    std::string text;
    std::string found;
  } cases[] = {
      {"a.test {\n" + plain + "snapshot " + path + "\n}\n}\nb.test {\n" + plain + "labels x\n snapshot " + path +
           "\n}\n}\n",
       "Corefile:11 - Error during parsing: snapshot \"" + path +
           "\" belongs to a block that reads other objects: expected a file of its own"},
      {"a.test {\n" + plain + "snapshot " + folder / "" + "\n}\n}\n", "expected a file, not a folder"},
      {"a.test {\n" + plain + "snapshot " + folder / "." + "\n}\n}\n", "expected a file, not a folder"},
      {"a.test {\n" + plain + "snapshot\n}\n}\n", "snapshot"},
      {"a.test {\n" + plain + "snapshot f always\n}\n}\n", "always"},
      {"a.test {\n" + plain + "snapshot f serve serve\n}\n}\n", "serve"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.text);
    const PluginFixture fixture(each.text, {kubernetes_plugin});
    REQUIRE_FALSE(fixture.ok());
    CHECK_MESSAGE(fixture.error_text().find(each.found) != std::string::npos, fixture.error_text());
  }
  PluginFixture manifests("a.test {\n kubernetes {\n manifests " + folder / "" + "\n snapshot " + path + "\n}\n}\n",
                          {kubernetes_plugin});
  REQUIRE_MESSAGE(manifests.ok(), manifests.error_text());
  REQUIRE(manifests.configuration().warnings().size() == 1);
  CHECK(manifests.configuration().warnings()[0].find("snapshot is not used: manifests") != std::string::npos);
}
