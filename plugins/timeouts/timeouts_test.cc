// The values that `timeouts` gives a listener, and what it refuses.
#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin timeouts_plugin;

namespace {

using testing::PluginFixture;
using namespace std::chrono_literals;

std::vector<server::Plugin> table() {
  return {timeouts_plugin,
          testing::stand_in("last", [](server::Query& query, server::Next) { return query.answer(); })};
}

TEST_CASE("timeouts: a listener has what is set, and the defaults for the rest") {
  const struct {
    const char* block;
    std::chrono::nanoseconds read, write, idle;
    uint64_t queries;
  } cases[] = {
      {"read 15s", 15s, 5s, 10s, 0},
      {"read 5\nwrite 1m", 5s, 1min, 10s, 0},
      {"idle 24h\nwrite 1s", 3s, 1s, 24h, 0},
      {"maxtcpqueries 128", 3s, 5s, 10s, 128},
      {"maxtcpqueries 7\nmaxtcpqueries -1", 3s, 5s, 10s, 0},
      {"read 2s\nread 4s", 4s, 5s, 10s, 0},
  };
  for (const auto& each : cases) {
    CAPTURE(each.block);
    PluginFixture server(std::string(".:53 {\ntimeouts {\n") + each.block + "\n}\nlast\n}\n", table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    const server::StreamLimits& limits = server.configuration().listeners().front()->limits;
    CHECK(limits.read_timeout == each.read);
    CHECK(limits.write_timeout == each.write);
    CHECK(limits.idle_timeout == each.idle);
    CHECK(limits.most_queries == each.queries);
  }
}

TEST_CASE("timeouts: what is refused, as recorded from CoreDNS") {
  const struct {
    const char *directive, *message;
  } cases[] = {
      {"timeouts", ":2 - Error during parsing: timeouts block with no timeouts specified"},
      {"timeouts {\n}", "timeouts block with no timeouts specified"},
      {"timeouts x", "Wrong argument count or unexpected line ending after 'x'"},
      {"timeouts {\nread\n}", "Wrong argument count or unexpected line ending after 'read'"},
      {"timeouts {\nread 1s 2s\n}", "Wrong argument count or unexpected line ending after '2s'"},
      {"timeouts {\nread 500ms\n}", ":3 - Error during parsing: timeout provided '500ms' needs to be between"},
      {"timeouts {\nidle 25h\n}", "timeout provided '25h' needs to be between 1 second and 24 hours"},
      {"timeouts {\nwrite -5s\n}", "timeout provided '-5s' needs to be between 1 second and 24 hours"},
      {"timeouts {\nread x\n}", "failed to parse duration 'x'"},
      {"timeouts {\nfoo 5s\n}", "'foo'"},
      {"timeouts {\nmaxtcpqueries 0\n}", "maxtcpqueries provided '0' needs to be -1 (unlimited) or a positive integer"},
      {"timeouts {\nmaxtcpqueries -2\n}", "maxtcpqueries provided '-2' needs to be -1 (unlimited)"},
      {"timeouts {\nmaxtcpqueries x\n}", "\"x\""},
  };
  for (const auto& each : cases) {
    CAPTURE(each.directive);
    const PluginFixture server(std::string(".:53 {\n") + each.directive + "\nlast\n}\n", table());
    CHECK_MESSAGE(server.error_text().find(each.message) != std::string::npos, server.error_text());
  }
}

}  // namespace
}  // namespace portolan
