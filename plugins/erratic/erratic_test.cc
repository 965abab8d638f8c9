// erratic: which queries its faults happen to, and what it answers otherwise.
#include "plugins/erratic/erratic.h"

#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin erratic_plugin;

namespace {

using dns::Rcode;
using dns::RRType;
using testing::Answer;
using testing::Ask;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

std::vector<server::Plugin> table() { return {erratic_plugin}; }

std::string corefile(const std::string& options) { return ".:53 {\nerratic {\n" + options + "\n}\n}\n"; }

/// What becomes of the first `count` queries, a letter each: D dropped, T truncated, . neither.
std::string fates(PluginFixture& server, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    Ask ask;
    ask.name = "www.example.org.";
    ask.edns_size = 4096;
    const Answer answer = server.ask(ask, std::chrono::milliseconds(20));
    text += answer.silent ? 'D' : answer.header.tc ? 'T' : '.';
  }
  return text;
}

TEST_CASE("erratic: faults happen to one in AMOUNT queries, as the options say") {
  const struct {
    const char *options, *fates;
  } cases[] = {
      {"", "D.D.D.D.D."},
      {"large", "D.D.D.D.D."},
      {"drop", "D.D.D.D.D."},
      {"drop 3", "D..D..D..D"},
      {"drop 1", "DDDDDDDDDD"},
      {"drop 0", ".........."},
      {"truncate", "TT..TT..TT"},
      {"truncate 1", "T.T.T.T.T."},
      {"truncate 3", "T...T...T."},
      {"truncate 0", "D.D.D.D.D."},
      {"delay 0", "D.D.D.D.D."},
      {"delay 2 0", ".........."},
      {"drop\ndelay 2 0", "D.D.D.D.D."},
      {"drop 0\ntruncate 0", ".........."},
      {"drop 4\ntruncate 2", "DT..DT..DT"},
      {"drop 3\ndrop 2", "D.D.D.D.D."},
  };
  for (const auto& c : cases) {
    CAPTURE(c.options);
    PluginFixture server(corefile(c.options), table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    CHECK(fates(server, 10) == c.fates);
  }
  PluginFixture bare(".:53 {\nerratic ignored\n}\n", table());
  REQUIRE_MESSAGE(bare.ok(), bare.error_text());
  CHECK(fates(bare, 4) == "D.D.");
}

TEST_CASE("erratic: a query that is to be delayed is answered after the duration, others at once") {
  PluginFixture server(corefile("delay 2 40ms"), table());
  Ask ask;
  ask.name = "www.example.org.";
  const auto waited = [&] {
    const auto begin = std::chrono::steady_clock::now();
    CHECK_FALSE(server.ask(ask).silent);
    return std::chrono::steady_clock::now() - begin;
  };
  CHECK(waited() >= std::chrono::milliseconds(39));
  // The second is not delayed: it has its answer when ask() looks for the first time.
  CHECK_FALSE(server.ask(ask, std::chrono::milliseconds(0)).silent);
  CHECK(waited() >= std::chrono::milliseconds(39));
  PluginFixture fallback(corefile("delay"), table());
  const auto begin = std::chrono::steady_clock::now();
  CHECK_FALSE(fallback.ask(ask).silent);
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(99));
}

TEST_CASE("erratic: addresses and a small zone are answered, every other type is SERVFAIL") {
  PluginFixture server(corefile("drop 0"), table());
  struct Case {
    RRType type;
    Rcode rcode;
    bool aa;
    Lines answer;
  };
  const std::string soa =
      "Example.org. 0 IN SOA sns.dns.icann.org. noc.dns.icann.org. 2018050825 7200 3600 1209600 3600";
  const Case cases[] = {
      {RRType::a, Rcode::noerror, true, {"Example.org. 0 IN A 192.0.2.53"}},
      {RRType::aaaa, Rcode::noerror, true, {"Example.org. 0 IN AAAA 2001:db8::53"}},
      {RRType::axfr,
       Rcode::noerror,
       true,
       {soa, "Example.org. 0 IN NS b.Example.org.", "Example.org. 0 IN NS a.Example.org.",
        "a.Example.org. 0 IN AAAA 2001:bd8::53", "b.Example.org. 0 IN AAAA 2001:500::54", soa}},
      {RRType::mx, Rcode::servfail, false, {}},
      {RRType::ixfr, Rcode::servfail, false, {}},
  };
  for (const Case& c : cases) {
    CAPTURE(dns::text(c.type));
    const Answer answer = server.ask("Example.org.", c.type);
    CHECK(answer.rcode == c.rcode);
    CHECK(answer.header.aa == c.aa);
    CHECK(answer.answer == c.answer);
  }
}

TEST_CASE("erratic: a truncated transfer lacks its last SOA") {
  PluginFixture server(corefile("truncate 1"), table());
  for (const size_t records : {5, 6}) {
    const Answer answer = server.ask("example.org.", RRType::axfr);
    CHECK(answer.answer.size() == records);
    CHECK_FALSE(answer.header.tc);
  }
}

TEST_CASE("erratic: large answers have 30 addresses") {
  PluginFixture server(corefile("drop 0\nlarge"), table());
  Ask ask;
  ask.name = "www.example.org.";
  ask.edns_size = 4096;
  CHECK(server.ask(ask).answer.size() == 30);
  ask.edns_size = -1;
  CHECK(server.ask(ask).header.tc);
  ask.type = RRType::aaaa;
  CHECK(server.ask(ask).answer.size() == 1);
}

TEST_CASE("erratic: it is ready while it has had three or four queries, and knows a search path") {
  PluginFixture server(corefile("drop 0"), table());
  auto& erratic = server.handler<erratic::Erratic>("erratic");
  std::string ready;
  for (int i = 0; i < 7; ++i) {
    ready += erratic.ready() ? '1' : '0';
    server.ask("www.example.org.");
  }
  CHECK(ready == "0001100");
  server::Query query;
  const auto search = erratic.search(query);
  REQUIRE(search.size() == 2);
  CHECK(search[0].text() == "a.example.org.");
  CHECK(search[1].text() == "b.example.org.");
  CHECK(erratic.search_needs().empty());
}

TEST_CASE("erratic: a Corefile's mistakes are told with their line") {
  for (const char* option : {"drop -1", "drop x", "drop 1 2", "drop 2147483648", "delay 3 x", "delay 3 1ms 4",
                             "delay -3", "truncate x", "truncate 1 2", "large 1", "foo"}) {
    CAPTURE(option);
    PluginFixture server(corefile(option), table());
    CHECK(server.error_text().starts_with("plugin/erratic: Corefile:3 - Error during parsing: "));
  }
}

}  // namespace
}  // namespace portolan
