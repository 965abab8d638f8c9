// Building configurations: what is refused, with which words, and what a reload shares.
#include "server/configuration.h"

#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan::server {
namespace {

using testing::PluginFixture;

Task<Outcome> refuse(Query& query, Next) { return query.fail(dns::Rcode::refused, "no"); }

std::vector<Plugin> table() {
  return {testing::stand_in("first", [](Query& query, Next next) { return next(query); }),
          testing::stand_in("last", refuse), Plugin{"route53"}};
}

}  // namespace

TEST_CASE("configuration: all errors of a file are given at once, with their lines") {
  PluginFixture fixture("a.org {\n  first\n  frist\n}\nb.org {\n  route53 x\n  nonsense\n}\n", table());
  REQUIRE_FALSE(fixture.ok());
  const std::string text = fixture.error_text();
  CAPTURE(text);
  CHECK(fixture.errors().size() == 3);
  CHECK(text.find("Corefile:3 - ") != std::string::npos);
  CHECK(text.find("first") != std::string::npos);  // did you mean
  CHECK(text.find("Corefile:6 - ") != std::string::npos);
  CHECK(text.find("route53") != std::string::npos);
  CHECK(text.find("Corefile:7 - ") != std::string::npos);
}

TEST_CASE("configuration: a zone served twice on one address is refused") {
  PluginFixture twice("example.org {\n  first\n}\nexample.org {\n  last\n}\n", table());
  REQUIRE_FALSE(twice.ok());
  CHECK(twice.error_text().find("cannot serve dns://example.org.:53 - it is already defined") != std::string::npos);
  PluginFixture ports("example.org {\n  first\n}\nexample.org:54 {\n  last\n}\n", table());
  CHECK(ports.ok());
}

TEST_CASE("configuration: a transport that is not built is refused by name") {
  PluginFixture fixture("https://example.org {\n  first\n}\n", table());
  REQUIRE_FALSE(fixture.ok());
  CHECK(fixture.error_text().find("https://") != std::string::npos);
}

TEST_CASE("configuration: the chain runs in the table's order, and its end is SERVFAIL") {
  PluginFixture fixture("example.org {\n  last\n  first\n}\nother.org {\n  first\n}\n", table());
  REQUIRE(fixture.ok());
  CHECK(fixture.ask("www.example.org.").rcode == dns::Rcode::refused);
  CHECK(fixture.ask("www.other.org.").rcode == dns::Rcode::servfail);
  CHECK(fixture.ask("www.example.net.").rcode == dns::Rcode::refused);
}

TEST_CASE("configuration: a plugin that throws is answered SERVFAIL and the server goes on") {
  std::vector<Plugin> plugins = {
      testing::stand_in("broken", [](Query&, Next) -> Task<Outcome> { throw std::runtime_error("boom"); })};
  PluginFixture fixture("example.org {\n  broken\n}\n", plugins);
  REQUIRE(fixture.ok());
  CHECK(fixture.ask("www.example.org.").rcode == dns::Rcode::servfail);
  CHECK(fixture.ask("www.example.org.").rcode == dns::Rcode::servfail);
}

TEST_CASE("configuration: a client with EDNS gets an OPT, one without gets none") {
  PluginFixture fixture("example.org {\n  last\n}\n", table());
  REQUIRE(fixture.ok());
  testing::Ask ask;
  ask.name = "www.example.org.";
  ask.edns_size = 1232;
  CHECK(fixture.ask(ask).has_edns);
  CHECK_FALSE(fixture.ask("www.example.org.").has_edns);
}

TEST_CASE("configuration: sockets are dealt out to the workers, all that were asked for and evenly") {
  for (const unsigned sockets : {1U, 2U, 3U, 5U, 8U, 1024U}) {
    for (const unsigned workers : {1U, 2U, 7U, 8U}) {
      ListenerPlan plan;
      plan.label = "dns://:53";
      plan.sockets = sockets;
      unsigned sum = 0;
      for (unsigned i = 0; i < workers; ++i) {
        sum += plan.sockets_of(i, workers);
        CHECK(plan.sockets_of(i, workers) >= sockets / workers);
        CHECK(plan.sockets_of(i, workers) <= sockets / workers + 1);
      }
      CHECK(sum == sockets);
      plan.sockets = 0;
      CHECK(plan.sockets_of(workers - 1, workers) == 1);
    }
  }
}

TEST_CASE("configuration: of blocks that share a listener the last one that says something wins") {
  const Plugin one{"one", [](Setup& setup) -> Result<void> {
                     setup.block().listen_.read_timeout = std::chrono::seconds(7);
                     setup.block().listen_.idle_timeout = std::chrono::seconds(8);
                     setup.block().listen_.sockets = 3;
                     return {};
                   }};
  const Plugin second{"second", [](Setup& setup) -> Result<void> {
                        setup.block().listen_.read_timeout = std::chrono::seconds(9);
                        setup.block().listen_.sockets = 5;
                        return {};
                      }};
  PluginFixture fixture("a.org {\n  one\n}\nb.org {\n  second\n}\nc.org {\n  last\n}\n",
                        {one, second, testing::stand_in("last", refuse)});
  REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
  REQUIRE(fixture.configuration().listeners().size() == 1);
  const ListenerPlan& plan = *fixture.configuration().listeners().front();
  CHECK(plan.limits.read_timeout == std::chrono::seconds(9));
  CHECK(plan.limits.idle_timeout == std::chrono::seconds(8));
  CHECK(plan.limits.write_timeout == std::chrono::seconds(5));
  CHECK(plan.sockets == 3);  // the first one's
}

}  // namespace portolan::server
