// Who gets through, what the others get, and what is counted.
#include "plugins/acl/acl.h"

#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin acl_plugin;

namespace {

using dns::Rcode;
using dns::RRType;
using testing::Answer;
using testing::Ask;
using testing::PluginFixture;

Task<server::Outcome> pass(server::Query& query, server::Next) {
  query.reply().header.aa = true;
  return query.answer();
}

std::vector<server::Plugin> table() { return {acl_plugin, testing::stand_in("last", pass)}; }

/// "passed", "blocked", "filtered" or "dropped".
std::string fate(PluginFixture& server, const std::string& name, RRType type, const std::string& client) {
  Ask ask;
  ask.name = name;
  ask.type = type;
  ask.client = client;
  const Answer answer = server.ask(ask, std::chrono::milliseconds(50));
  if (answer.silent) return "dropped";
  if (answer.header.aa) return "passed";
  return answer.rcode == Rcode::refused ? "blocked" : "filtered";
}

/// The EDE code and the size in the answer's OPT; DO must be set.
std::pair<int, int> reason(const Answer& answer) {
  Arena arena;
  dns::ParsedMessage message;
  REQUIRE(dns::parse_message(answer.message, arena, message));
  REQUIRE(message.edns);
  CHECK(message.edns->dnssec_ok);
  REQUIRE(message.edns->options.size() == 1);
  CHECK(message.edns->options[0].code == 15);
  REQUIRE(message.edns->options[0].data.size() == 2);
  return {message.edns->options[0].data[1], message.edns->udp_size};
}

uint64_t counted(const std::string& line) {
  const std::string text = "\n" + metrics::exposition();
  const size_t at = text.find("\n" + line + " ");
  return at == std::string::npos ? 9999 : std::stoull(text.substr(at + line.size() + 2));
}

TEST_CASE("acl: the first line that matches decides, over all blocks of the directive") {
  struct Case {
    const char *corefile, *name, *client;
    RRType type;
    const char* fate;
  };
  const Case cases[] = {
      {"acl", "a.test.", "10.0.0.1", RRType::a, "passed"},
      {"acl {\n}", "a.test.", "10.0.0.1", RRType::a, "passed"},
      {"acl {\n block\n}", "a.test.", "10.0.0.1", RRType::a, "blocked"},
      {"acl {\n BLOCK TYPE A\n}", "a.test.", "10.0.0.1", RRType::a, "blocked"},
      {"acl {\n filter\n}", "a.test.", "10.0.0.1", RRType::a, "filtered"},
      {"acl {\n drop\n}", "a.test.", "10.0.0.1", RRType::a, "dropped"},
      {"acl {\n allow net 10.0.0.1\n block\n}", "a.test.", "10.0.0.1", RRType::a, "passed"},
      {"acl {\n allow net 10.0.0.1\n block\n}", "a.test.", "10.0.0.2", RRType::a, "blocked"},
      {"acl {\n allow type MX\n filter type AAAA\n drop type ANY\n block\n}", "a.test.", "::1", RRType::mx, "passed"},
      {"acl {\n allow type MX\n filter type AAAA\n drop type ANY\n block\n}", "a.test.", "::1", RRType::aaaa,
       "filtered"},
      {"acl {\n allow type MX\n filter type AAAA\n drop type ANY\n block\n}", "a.test.", "::1", RRType::any, "dropped"},
      {"acl {\n allow type MX\n filter type AAAA\n drop type ANY\n block\n}", "a.test.", "::1", RRType::a, "blocked"},
      // An IPv4 client of a dual-stack socket is an IPv4 client.
      {"acl {\n block net 10.0.0.0/8\n}", "a.test.", "::ffff:10.0.0.1", RRType::a, "blocked"},
      // The second block is asked when the first says nothing; an allow ends the search.
      {"acl {\n filter net 10.0.0.1\n}\nacl {\n block net 10.0.0.0/24\n}", "a.test.", "10.0.0.1", RRType::a,
       "filtered"},
      {"acl {\n filter net 10.0.0.1\n}\nacl {\n block net 10.0.0.0/24\n}", "a.test.", "10.0.0.2", RRType::a, "blocked"},
      {"acl {\n allow net 10.0.0.1\n}\nacl {\n block net 10.0.0.0/24\n}", "a.test.", "10.0.0.1", RRType::a, "passed"},
      // Names: by zone, whatever the case.
      {"acl Sub.a.test {\n block\n}", "x.SUB.a.test.", "10.0.0.1", RRType::a, "blocked"},
      {"acl sub.a.test {\n block\n}", "a.test.", "10.0.0.1", RRType::a, "passed"},
      {"acl b.test sub.a.test {\n block\n}", "sub.a.test.", "10.0.0.1", RRType::a, "blocked"},
      {"acl 192.0.2.0/24 {\n block\n}", "1.2.0.192.in-addr.arpa.", "10.0.0.1", RRType::ptr, "blocked"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.corefile);
    CAPTURE(c.client);
    PluginFixture server(".:53 {\n" + std::string(c.corefile) + "\nlast\n}\n", table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    CHECK(fate(server, c.name, c.type, c.client) == c.fate);
  }
}

TEST_CASE("acl: refused queries are told why, and get no records") {
  PluginFixture server(".:53 {\nacl {\n block net 10.0.0.1\n filter net 10.0.0.2\n}\nlast\n}\n", table());
  REQUIRE(server.ok());
  Ask ask;
  ask.name = "a.test.";
  ask.client = "10.0.0.1";
  CHECK(reason(server.ask(ask)) == std::pair{15, 4096});
  ask.edns_size = 1232;  // the client's size stands
  CHECK(reason(server.ask(ask)) == std::pair{15, 1232});
  ask.client = "10.0.0.2";
  const Answer filtered = server.ask(ask);
  CHECK(reason(filtered) == std::pair{17, 1232});
  CHECK(filtered.rcode == Rcode::noerror);
  CHECK(filtered.header.rd);
  CHECK(filtered.answer.empty());
  CHECK(filtered.authority.empty());
}

TEST_CASE("acl: a dropped query over TCP is not answered either") {
  PluginFixture server(".:53 {\nacl {\n drop\n}\nlast\n}\n", table());
  Ask ask;
  ask.name = "a.test.";
  ask.transport = server::Transport::tcp;
  CHECK(server.ask(ask, std::chrono::milliseconds(50)).silent);
}

TEST_CASE("acl: fates are counted by listener and by the longest zone of the block") {
  PluginFixture server(
      ".:7053 {\nacl . count.test {\n block net 10.0.0.1\n filter net 10.0.0.2\n drop net 10.0.0.3\n}\nlast\n}\n",
      table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const std::string of_zone = "{server=\"dns://:7053\",view=\"\",zone=\"count.test.\"}";
  CHECK(counted("coredns_acl_blocked_requests_total" + of_zone) == 0);  // there from the start
  fate(server, "a.count.test.", RRType::a, "10.0.0.1");
  fate(server, "a.count.test.", RRType::a, "10.0.0.1");
  fate(server, "a.count.test.", RRType::a, "10.0.0.2");
  fate(server, "a.count.test.", RRType::a, "10.0.0.3");
  fate(server, "a.count.test.", RRType::a, "10.0.0.4");
  fate(server, "other.", RRType::a, "10.0.0.1");
  CHECK(counted("coredns_acl_blocked_requests_total" + of_zone) == 2);
  CHECK(counted("coredns_acl_filtered_requests_total" + of_zone) == 1);
  CHECK(counted("coredns_acl_dropped_requests_total" + of_zone) == 1);
  CHECK(counted("coredns_acl_allowed_requests_total{server=\"dns://:7053\",view=\"\"}") == 1);
  CHECK(counted("coredns_acl_blocked_requests_total{server=\"dns://:7053\",view=\"\",zone=\".\"}") == 1);
}

TEST_CASE("acl: a Corefile's mistakes are told with their line") {
  const struct {
    const char *corefile, *message;
  } cases[] = {
      {"acl {\n deny\n}", "plugin/acl: Corefile:3 - Error during parsing: unknown property 'deny'"},
      {"acl {\n blok net *\n}",
       "plugin/acl: Corefile:3 - Error during parsing: unknown property 'blok'; did you mean 'block'?"},
      {"acl {\n allow\n block net 1.2.3\n}",
       "plugin/acl: Corefile:4 - Error during parsing: illegal CIDR notation \"1.2.3\""},
      {"acl a..b {\n block\n}", "plugin/acl: Corefile:2 - Error during parsing: zone is not a valid domain name: a..b"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.corefile);
    PluginFixture server(".:53 {\n" + std::string(c.corefile) + "\nlast\n}\n", table());
    CHECK(server.error_text() == std::string(c.message) + "\n");
  }
}

}  // namespace
}  // namespace portolan
