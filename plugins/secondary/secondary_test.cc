// secondary as a plugin: answers, NOTIFY, fallthrough, transfers out, reloads, what is refused.
#include "plugins/secondary/secondary.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/log_capture.h"
#include "plugins/secondary/fake_primary_test.h"
#include "server/setup.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin secondary_plugin;
}

namespace portolan::secondary {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::Ask;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

std::string block(const std::string& key, const std::string& inside) { return key + " {\n" + inside + "\n}\n"; }

// Notes of which zones secondaries would hear.
struct Listener : server::Handler, server::Notifier {
  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
  void notify(dns::NameView name) override { heard.push_back(name.text()); }
  Lines heard;
};

std::vector<server::Plugin> table() {
  return {{"transfer",
           [](server::Setup& setup) -> Result<void> {
             setup.add(std::make_unique<Listener>());
             return {};
           }},
          secondary_plugin,
          testing::stand_in("whoami", [](server::Query& query, server::Next) -> Task<server::Outcome> {
            return query.answer(dns::Rcode::yxrrset);
          })};
}

// A primary with a loop of its own, which runs while something is waited for.
struct Primary {
  Primary() { fake.set(1, {"@ 60 IN NS ns", "www 60 IN A 192.0.2.1", "out 60 IN CNAME www.birch.test."}); }
  bool until(PluginFixture& server, const std::function<bool()>& done, std::chrono::milliseconds limit = 10s) {
    return server.run_until(
        [&] {
          loop.run_once(0ms);
          return done();
        },
        limit);
  }
  std::string from() const { return "transfer from " + fake.text() + "\n"; }

  Loop loop;
  FakePrimary fake{loop, "alder.test."};
};

Answer notify(PluginFixture& server, const std::string& name, const std::string& client) {
  Ask question;
  question.name = name;
  question.type = dns::RRType::soa;
  question.opcode = dns::Opcode::notify;
  question.client = client;
  return server.ask(question);
}

TEST_CASE(
    "secondary: a zone is SERVFAIL until it has been fetched, then answers, and hears of changes from its primary") {
  Primary primary;
  PluginFixture server(block(".", "transfer\nsecondary alder.test {\n" + primary.from() + "}\nwhoami"), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const auto address = [&] {
    const Answer answer = server.ask("www.alder.test.");
    return answer.answer.empty() ? dns::text(answer.rcode) : answer.answer[0];
  };
  CHECK(address() == "SERVFAIL");
  server.configuration().serving();
  CHECK(primary.until(server, [&] { return address() == "www.alder.test. 60 IN A 192.0.2.1"; }));
  CHECK(server.handler<Listener>("transfer").heard == Lines{"alder.test."});
  CHECK(server.ask("no.alder.test.").rcode == dns::Rcode::nxdomain);
  CHECK(server.ask("alder.test.", dns::RRType::soa).header.aa);
  CHECK(server.ask("alder.test.", dns::RRType::axfr).rcode == dns::Rcode::refused);
  CHECK(server.ask("other.test.").rcode == dns::Rcode::yxrrset);

  primary.fake.set(2, {"@ 60 IN NS ns", "www 60 IN A 192.0.2.2"});
  server.process().fake_clock.advance(2s);
  CHECK(notify(server, "alder.test.", "127.0.0.9").silent);
  CHECK(!primary.until(server, [&] { return address() != "www.alder.test. 60 IN A 192.0.2.1"; }, 30ms));
  const Answer heard = notify(server, "alder.test.", "127.0.0.1");
  CHECK(heard.rcode == dns::Rcode::noerror);
  CHECK(heard.header.opcode == dns::Opcode::notify);
  CHECK(heard.header.aa);
  CHECK(primary.until(server, [&] { return address() == "www.alder.test. 60 IN A 192.0.2.2"; }));
  CHECK(server.handler<Listener>("transfer").heard == Lines{"alder.test.", "alder.test."});
}

TEST_CASE(
    "secondary: without a next plugin names of other zones are refused; fallthrough passes on what is not there") {
  Primary primary;
  PluginFixture last(block(".", "secondary alder.test {\n" + primary.from() + "}"), table());
  REQUIRE_MESSAGE(last.ok(), last.error_text());
  CHECK(last.ask("other.test.").rcode == dns::Rcode::refused);

  PluginFixture server(block("alder.test", "secondary {\n" + primary.from() + "fallthrough sub.alder.test\n}\nwhoami"),
                       table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  CHECK(primary.until(server, [&] { return server.ask("www.alder.test.").rcode == dns::Rcode::noerror; }));
  CHECK(server.ask("x.sub.alder.test.").rcode == dns::Rcode::yxrrset);
  CHECK(server.ask("x.alder.test.").rcode == dns::Rcode::nxdomain);
}

TEST_CASE("secondary: a zone is handed on under its own name, once it is there and until it expires") {
  Primary primary;
  PluginFixture server(block(".", "secondary alder.test {\n" + primary.from() + "}"), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  auto& handler = server.handler<Secondary>("secondary");
  const auto records = [&](const char* name) -> std::string {
    auto stream = handler.transfer(*dns::Name::parse(name), 0);
    if (stream.has_error()) return stream.error().message;
    Arena arena;
    ArenaVector<dns::Record> all(arena);
    while (*stream && (*stream)->next(arena, all)) continue;
    return std::to_string(all.size());
  };
  CHECK(records("alder.test.") == "plugin/secondary: zone alder.test. has not been transferred yet");
  server.configuration().serving();
  CHECK(primary.until(server, [&] { return records("alder.test.") == "5"; }));
  CHECK(records("www.alder.test.") == "0");
  primary.fake.deaf();
  server.process().fake_clock.advance(24h);
  handler.zone(*dns::Name::parse("alder.test.")).wake();
  CHECK(records("alder.test.") == "plugin/secondary: zone alder.test. has expired");
  CHECK(server.ask("www.alder.test.").rcode == dns::Rcode::servfail);
}

TEST_CASE(
    "secondary: a reload keeps zones, with new primaries until these have answered, and nobody is asked for nothing") {
  Primary primary, other;
  other.fake.set(2, {"www 60 IN A 192.0.2.2"});
  const auto corefile = [](const Primary& from) {
    return block(".", "transfer\nsecondary alder.test {\n" + from.from() + "}");
  };
  PluginFixture first(corefile(primary), table());
  REQUIRE_MESSAGE(first.ok(), first.error_text());
  first.configuration().serving();
  CHECK(primary.until(first, [&] { return first.ask("www.alder.test.").rcode == dns::Rcode::noerror; }));

  PluginFixture second(corefile(primary), table(), &first);
  REQUIRE_MESSAGE(second.ok(), second.error_text());
  CHECK(second.ask("www.alder.test.").answer == Lines{"www.alder.test. 60 IN A 192.0.2.1"});
  second.configuration().serving();
  CHECK(second.handler<Listener>("transfer").heard == Lines{"alder.test."});
  first.configuration().stop({});
  primary.fake.set(3, {"www 60 IN A 192.0.2.3"});
  first.process().fake_clock.advance(2s);  // the zone's clock and loop are those it began with
  notify(second, "alder.test.", "127.0.0.1");
  CHECK(primary.until(first, [&] { return second.ask("www.alder.test.").answer[0].ends_with("192.0.2.3"); }));
  CHECK(second.handler<Listener>("transfer").heard.size() == 2);
  CHECK(first.handler<Listener>("transfer").heard.size() == 1);
  CHECK(primary.fake.asked == Lines{"AXFR tcp", "SOA udp", "IXFR 1 tcp"});

  PluginFixture third(corefile(other), table(), &second);
  REQUIRE_MESSAGE(third.ok(), third.error_text());
  CHECK(third.ask("www.alder.test.").answer[0].ends_with("192.0.2.3"));
  other.fake.set(4, {"www 60 IN A 192.0.2.4"});
  third.configuration().serving();
  CHECK(other.until(third, [&] { return third.ask("www.alder.test.").answer[0].ends_with("192.0.2.4"); }));
  CHECK(other.fake.asked == Lines{"SOA udp", "IXFR 3 tcp"});
}

// A primary of a catalog, alder.test., and of zones that it may list.
struct CatalogPrimary : Primary {
  CatalogPrimary() {
    list(1, {});
    for (const char* zone : {"birch.test.", "cedar.test.", "elm.example."}) {
      fake.set_other(zone, 1, {"www 60 IN A 192.0.2.7"});
    }
  }
  void list(uint32_t serial, const Lines& members) {
    Lines lines = {"@ 60 IN NS invalid.", "version 60 IN TXT 2"};
    lines.insert(lines.end(), members.begin(), members.end());
    fake.set(serial, lines);
  }
  static std::string corefile(const std::string& inside) {
    return block(".", "transfer\nsecondary alder.test {\n" + inside + "}");
  }
  std::string corefile() const { return corefile(from() + "catalog\n"); }
  // What www of `zone` comes to, once the catalog has `serial`.
  bool becomes(PluginFixture& server, const std::string& zone, dns::Rcode rcode) {
    return until(server, [&] { return server.ask("www." + zone).rcode == rcode; });
  }
  void tell(PluginFixture& server) {
    server.process().fake_clock.advance(2s);
    notify(server, "alder.test.", "127.0.0.1");
  }
};

TEST_CASE("secondary: zones that a catalog lists are served from its primaries, come and go with it (RFC 9432)") {
  CatalogPrimary primary;
  primary.list(1, {"a.zones 60 IN PTR birch.test.", "b.zones 60 IN PTR elm.example."});
  PluginFixture server(primary.corefile(), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  CHECK(primary.becomes(server, "birch.test.", dns::Rcode::noerror));
  CHECK(primary.becomes(server, "elm.example.", dns::Rcode::noerror));
  CHECK(server.ask("www.cedar.test.").rcode == dns::Rcode::refused);
  CHECK(server.ask("a.zones.alder.test.", dns::RRType::ptr).answer.size() == 1);
  auto& handler = server.handler<Secondary>("secondary");
  CHECK(*handler.transfer(*dns::Name::parse("birch.test."), 0));
  Lines heard = server.handler<Listener>("transfer").heard;
  std::sort(heard.begin(), heard.end());
  CHECK(heard == Lines{"alder.test.", "birch.test.", "elm.example."});

  primary.list(2, {"a.zones 60 IN PTR birch.test.", "c.zones 60 IN PTR cedar.test."});
  primary.tell(server);
  CHECK(primary.becomes(server, "cedar.test.", dns::Rcode::noerror));
  CHECK(server.ask("www.elm.example.").rcode == dns::Rcode::refused);
  CHECK(server.ask("www.birch.test.").rcode == dns::Rcode::noerror);
  const auto& asked = primary.fake.asked;
  CHECK(std::count(asked.begin(), asked.end(), "birch.test. AXFR tcp") == 1);
}

TEST_CASE("secondary: of a catalog only members are taken that lie in the zones allowed, and no zone of the Corefile") {
  log::LogCapture captured;
  CatalogPrimary primary;
  primary.list(1, {"a.zones 60 IN PTR birch.test.", "b.zones 60 IN PTR elm.example.", "c.zones 60 IN PTR alder.test."});
  PluginFixture server(primary.corefile(primary.from() + "catalog test\n"), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  CHECK(primary.becomes(server, "birch.test.", dns::Rcode::noerror));
  CHECK(server.ask("www.elm.example.").rcode == dns::Rcode::refused);
  const std::string said = captured.take();
  CHECK(said.find("Skipped 1 member zones from catalog alder.test.: outside configured member zones") !=
        std::string::npos);
  CHECK(said.find("Skipping catalog member zone alder.test. from alder.test.: zone already exists") !=
        std::string::npos);
}

TEST_CASE("secondary: a broken catalog changes nothing, neither itself nor its members (RFC 9432 section 5.1)") {
  log::LogCapture captured;
  CatalogPrimary primary;
  primary.list(1, {"a.zones 60 IN PTR birch.test."});
  PluginFixture server(primary.corefile(), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  CHECK(primary.becomes(server, "birch.test.", dns::Rcode::noerror));
  primary.list(2, {"a.zones 60 IN PTR cedar.test.", "version 60 IN TXT 3"});
  primary.tell(server);
  std::string said;
  CHECK(primary.until(server, [&] {
    said += captured.take();
    return said.find("must have exactly one version TXT record") != std::string::npos;
  }));
  CHECK(server.ask("www.birch.test.").rcode == dns::Rcode::noerror);
  CHECK(server.ask("www.cedar.test.").rcode == dns::Rcode::refused);
  CHECK(server.ask("alder.test.", dns::RRType::soa).answer[0].find(" 1 3600") != std::string::npos);
}

TEST_CASE("secondary: a member with another id is another zone, fetched anew (RFC 9432 section 5.4)") {
  CatalogPrimary primary;
  primary.list(1, {"a.zones 60 IN PTR birch.test."});
  PluginFixture server(primary.corefile(), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  CHECK(primary.becomes(server, "birch.test.", dns::Rcode::noerror));
  primary.fake.set_other("birch.test.", 1, {"www 60 IN TXT other"});  // with the same serial
  primary.list(2, {"b.zones 60 IN PTR birch.test."});
  primary.tell(server);
  CHECK(primary.until(server, [&] { return !server.ask("www.birch.test.", dns::RRType::txt).answer.empty(); }));
}

TEST_CASE(
    "secondary: a member goes to another catalog when its own says so, with what it holds (RFC 9432 section 4.3.1)") {
  CatalogPrimary primary;
  const Lines head = {"@ 60 IN NS invalid.", "version 60 IN TXT 2"};
  Lines other = head;
  other.push_back("a.zones 60 IN PTR birch.test.");
  primary.list(1, {"a.zones 60 IN PTR birch.test."});
  primary.fake.set_other("cat.example.", 1, head);
  PluginFixture server(block(".", "secondary alder.test cat.example {\n" + primary.from() + "catalog\n}"), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  CHECK(primary.becomes(server, "birch.test.", dns::Rcode::noerror));

  const auto tell_other = [&](uint32_t serial) {
    primary.fake.set_other("cat.example.", serial, other);
    server.process().fake_clock.advance(2s);
    notify(server, "cat.example.", "127.0.0.1");
    CHECK(primary.until(server, [&] {
      const Answer answer = server.ask("cat.example.", dns::RRType::soa);
      return !answer.answer.empty() &&
             answer.answer[0].find(" " + std::to_string(serial) + " 3600") != std::string::npos;
    }));
  };
  tell_other(2);  // a name clash: it stays where it is
  primary.list(2, {"a.zones 60 IN PTR birch.test.", "coo.a.zones 60 IN PTR cat.example."});
  primary.tell(server);
  CHECK(primary.until(server, [&] { return !server.ask("coo.a.zones.alder.test.", dns::RRType::ptr).answer.empty(); }));
  tell_other(3);
  primary.list(3, {});
  primary.tell(server);
  CHECK(primary.until(
      server, [&] { return server.ask("a.zones.alder.test.", dns::RRType::ptr).rcode == dns::Rcode::nxdomain; }));
  CHECK(server.ask("www.birch.test.").rcode == dns::Rcode::noerror);  // no longer alder.test.'s to remove
  const auto& asked = primary.fake.asked;
  CHECK(std::count(asked.begin(), asked.end(), "birch.test. AXFR tcp") == 1);
}

TEST_CASE("secondary: a reload keeps members, and a start without primaries has those of the copies") {
  char folder[] = "/tmp/secondary_catalog.XXXXXX";
  REQUIRE(mkdtemp(folder));
  const std::string store = std::string("store ") + folder + "\n";
  CatalogPrimary primary;
  primary.list(1, {"a.zones 60 IN PTR birch.test."});
  const std::string corefile = CatalogPrimary::corefile(primary.from() + "catalog\n" + store);
  {
    PluginFixture first(corefile, table());
    REQUIRE_MESSAGE(first.ok(), first.error_text());
    first.configuration().serving();
    CHECK(primary.becomes(first, "birch.test.", dns::Rcode::noerror));
    PluginFixture second(corefile, table(), &first);
    REQUIRE_MESSAGE(second.ok(), second.error_text());
    CHECK(second.ask("www.birch.test.").rcode == dns::Rcode::noerror);
    second.configuration().serving();
    first.configuration().stop({});
    CHECK(second.ask("www.birch.test.").rcode == dns::Rcode::noerror);
    CHECK(std::count(primary.fake.asked.begin(), primary.fake.asked.end(), "birch.test. AXFR tcp") == 1);
    CHECK(std::count(primary.fake.asked.begin(), primary.fake.asked.end(), "birch.test. SOA udp") == 0);
  }
  primary.fake.deaf();
  PluginFixture late(corefile, table());
  REQUIRE_MESSAGE(late.ok(), late.error_text());
  CHECK(late.ask("www.birch.test.").rcode == dns::Rcode::noerror);
  primary.fake.listen();
  primary.list(2, {});
  late.configuration().serving();
  CHECK(primary.becomes(late, "birch.test.", dns::Rcode::refused));
  CHECK(!std::filesystem::exists(std::string(folder) + "/birch.test.axfr"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("secondary: of two directives for a zone the last counts, with a warning") {
  Primary primary;
  PluginFixture server(block("alder.test", "secondary {\ntransfer from 192.0.2.1\n}\nsecondary {\n" + primary.from() +
                                               "transfer from [::1]:5300\n}"),
                       table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  REQUIRE(server.configuration().warnings().size() == 1);
  CHECK(server.configuration().warnings()[0].find("takes the place of the first") != std::string::npos);
  const auto& source = server.handler<Secondary>("secondary").zone(*dns::Name::parse("alder.test.")).source();
  REQUIRE(source.primaries.size() == 2);
  CHECK(source.primaries[0] == primary.fake.address());
  CHECK(source.primaries[1].address.text() == "[::1]:5300");
}

TEST_CASE("secondary: what is refused at start") {
  const std::string from = "transfer from 192.0.2.1\n";
  const struct {
    std::string corefile, expected;
  } cases[] = {
      {block("a", "secondary"), "Corefile:2 - Error during parsing: secondary zones require a transfer from property"},
      {block("a", "secondary {\ntransfer\n}"),
       "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'transfer'"},
      {block("a", "secondary {\ntransfer from\n}"),
       "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'from'"},
      {block("a", "secondary {\ntransfer to 127.0.0.1\n}"), "Corefile:3 - Error during parsing: unknown property to"},
      {block("a", "secondary {\ntransfer from x\n}"), "must specify an IP address: `x'"},
      {block("a", "secondary {\ntransfer from 2001:db8::1:x\n}"), "must specify an IP address: `2001:db8::1:x'"},
      {block("a", "secondary {\ntransfer from 192.0.2.1:0\n}"), "no port: `0'"},
      {block("a", "secondary {\ntransfer from *\n}"), "can't use '*' in transfer from"},
      {block("a", "secondary {\nfoo\n}"), "Corefile:3 - Error during parsing: unknown property 'foo'"},
      {block("a", "secondary {\n" + from + "catalog a..b\n}"),
       "Corefile:4 - Error during parsing: invalid catalog member zone \"a..b\""},
      {block("a", "secondary {\n" + from + "store\n}"), "Corefile:4"},
      {block("a", "secondary {\n" + from + "store /nonexistent\n}"),
       "plugin/secondary: store /nonexistent: no such file or directory, expected a folder that can be written"},
      {block("a:1", "secondary {\n" + from + "store /d\n}") + block("a:2", "secondary {\n" + from + "store /d\n}"),
       "another server block keeps a. in /d: each needs a folder of its own"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.corefile);
    const PluginFixture server(c.corefile, table());
    CHECK(!server.ok());
    CAPTURE(server.error_text());
    CHECK(server.error_text().find(c.expected) != std::string::npos);
  }
}

}  // namespace
}  // namespace portolan::secondary
