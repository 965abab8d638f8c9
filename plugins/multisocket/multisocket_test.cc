// The number that `multisocket` gives a listener, and what it refuses.
#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin multisocket_plugin;

namespace {

using testing::PluginFixture;

std::vector<server::Plugin> table() {
  return {multisocket_plugin,
          testing::stand_in("last", [](server::Query& query, server::Next) { return query.answer(); })};
}

TEST_CASE("multisocket: a listener has as many sockets as are asked for, by default one a worker") {
  const struct {
    const char* directive;
    unsigned sockets;
  } cases[] = {
      {"multisocket 1", 1}, {"multisocket 1024", 1024}, {"multisocket", 1 /* the fixture's worker */}, {"", 0}};
  for (const auto& each : cases) {
    CAPTURE(each.directive);
    PluginFixture server(std::string(".:53 {\n") + each.directive + "\nlast\n}\n", table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    CHECK(server.configuration().listeners().front()->sockets == each.sockets);
  }
}

TEST_CASE("multisocket: of blocks that share a listener the first one's number counts") {
  PluginFixture server(
      "a:53 {\nmultisocket 3\nlast\n}\nb:53 {\nmultisocket 5\nlast\n}\nc:54 {\nmultisocket 7\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.configuration().listeners()[0]->sockets == 3);
  CHECK(server.configuration().listeners()[1]->sockets == 7);
}

TEST_CASE("multisocket: what is refused, as recorded from CoreDNS") {
  const struct {
    const char *directive, *message;
  } cases[] = {
      {"multisocket 0", "num sockets can not be zero or negative: 0"},
      {"multisocket -1", "num sockets can not be zero or negative: -1"},
      {"multisocket 1025", "num sockets exceeds maximum (1024): 1025"},
      {"multisocket x", "\"x\""},
      {"multisocket 2 3", "Wrong argument count or unexpected line ending after '3'"},
      {"multisocket\nmultisocket", ":3 - Error during parsing: "},
  };
  for (const auto& each : cases) {
    CAPTURE(each.directive);
    const PluginFixture server(std::string(".:53 {\n") + each.directive + "\nlast\n}\n", table());
    CHECK_MESSAGE(server.error_text().find(each.message) != std::string::npos, server.error_text());
  }
}

}  // namespace
}  // namespace portolan
