// any: the one answer, and everything else passed on.
#include "plugins/any/any.h"

#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin any_plugin;

namespace {

using dns::RRType;
using testing::Answer;
using testing::PluginFixture;

Task<server::Outcome> behind(server::Query& query, server::Next) { return query.fail(dns::Rcode::notimp); }

std::vector<server::Plugin> table() { return {any_plugin, testing::stand_in("last", behind)}; }

TEST_CASE("any: a question of type ANY gets one HINFO record, whatever its name") {
  PluginFixture server(".:53 {\nany\nany\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  for (const char* name : {"www.Example.org.", "."}) {
    CAPTURE(name);
    const Answer answer = server.ask(name, RRType::any);
    CHECK(answer.rcode == dns::Rcode::noerror);
    CHECK_FALSE(answer.header.aa);
    CHECK(answer.answer ==
          std::vector<std::string>{std::string(name) + " 8482 IN HINFO \"ANY obsoleted\" \"See RFC 8482\""});
    CHECK(answer.authority.empty());
    CHECK(answer.additional.empty());
  }
}

TEST_CASE("any: questions of other types are passed on") {
  PluginFixture server(".:53 {\nany\nlast\n}\n", table());
  for (const RRType type : {RRType::a, RRType::hinfo, RRType::mailb, RRType::axfr}) {
    CHECK(server.ask("www.example.org.", type).rcode == dns::Rcode::notimp);
  }
}

TEST_CASE("any: it takes neither arguments nor a block") {
  for (const char* directive : {"any x", "any {\n}"}) {
    CAPTURE(directive);
    PluginFixture server(".:53 {\n" + std::string(directive) + "\nlast\n}\n", table());
    CHECK_FALSE(server.ok());
    CHECK(server.error_text().starts_with("plugin/any: Corefile:2 - Error during parsing: "));
  }
}

}  // namespace
}  // namespace portolan
