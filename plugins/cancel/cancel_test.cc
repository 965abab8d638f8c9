// The deadline that `cancel` gives a query, and what it refuses.
#include "plugins/cancel/cancel.h"

#include <doctest/doctest.h>

#include "server/worker.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin cancel_plugin;

namespace {

using testing::PluginFixture;
using namespace std::chrono_literals;

std::chrono::nanoseconds left;         // until the deadline, where the query arrives at `last`
std::chrono::nanoseconds left_within;  // the same for a look-up of `last`

Task<server::Outcome> look(server::Query& query, server::Next) {
  auto& seen = query.depth() == 0 ? left : left_within;
  seen = query.deadline == SteadyTime::max() ? 0ns : query.deadline - query.worker().now();
  if (query.depth() > 0) co_return query.answer();
  const auto name = dns::Name::parse("other.b.");
  Task<server::Lookup> lookup = query.lookup(name->view(), dns::RRType::a);
  co_await lookup;
  co_return query.answer();
}

TEST_CASE("cancel: a query and its look-ups have the earliest deadline that they come upon") {
  const struct {
    const char *first, *second;
    std::chrono::nanoseconds left, within;
  } cases[] = {
      {"cancel", "", 5001ms, 5001ms},           {"cancel 1s", "cancel", 1s, 1s},
      {"cancel 2s", "cancel 500ms", 2s, 500ms}, {"", "cancel 500ms", 0ns, 500ms},
      {"cancel 1s\ncancel 3s", "", 3s, 3s},     {"cancel 2000000h", "", 2000000h, 2000000h},
  };
  for (const auto& each : cases) {
    CAPTURE(each.first);
    PluginFixture server(std::string("a {\n") + each.first + "\nlast\n}\nb {\n" + each.second + "\nlast\n}\n",
                         {cancel_plugin, testing::stand_in("last", look)});
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    CHECK_FALSE(server.ask("x.a.").silent);
    CHECK(left == each.left);
    CHECK(left_within == each.within);
  }
}

TEST_CASE("cancel: the deadline ends with its query") {
  PluginFixture server("a {\ncancel\nlast\n}\nc {\nlast\n}\n", {cancel_plugin, testing::stand_in("last", look)});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK_FALSE(server.ask("x.a.").silent);
  CHECK_FALSE(server.ask("x.c.").silent);  // the same Query, from the pool
  CHECK(left == 0ns);
}

TEST_CASE("cancel: what is refused, as recorded from CoreDNS") {
  for (const char* argument : {"0s", "-1s", "abc", "5", "1s 2s"}) {
    CAPTURE(argument);
    const PluginFixture server(std::string("a {\ncancel ") + argument + "\nlast\n}\n",
                               {cancel_plugin, testing::stand_in("last", look)});
    CHECK_MESSAGE(server.error_text().find("plugin/cancel: Corefile:2 - ") != std::string::npos, server.error_text());
  }
}

}  // namespace
}  // namespace portolan
