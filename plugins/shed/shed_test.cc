// Which queries `shed` drops, and where it is refused.
#include "plugins/shed/shed.h"

#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin shed_plugin;

namespace shed {
namespace {

using testing::PluginFixture;

std::vector<server::Plugin> table() {
  return {shed_plugin, testing::stand_in("last", [](server::Query& query, server::Next) { return query.answer(); })};
}

struct Socket : server::Responder {
  void respond(server::Query&, std::span<const uint8_t>) override {}
  bool sheds() override {
    ++asked;
    return full;
  }
  bool full = false;
  int asked = 0;
};

TEST_CASE("shed: a query is dropped while its socket has no room for answers, and not otherwise") {
  Shed plugin;
  Socket socket;
  server::Query query;
  query.responder_ = &socket;
  const server::Next::Link end[] = {{}, {}};
  Task<server::Outcome> served = plugin.serve(query, server::Next(end + 1));
  CHECK(served.take().verdict == server::Verdict::failed);  // the end of the chain
  socket.full = true;
  Task<server::Outcome> dropped = plugin.serve(query, server::Next(end + 1));
  CHECK(dropped.take().verdict == server::Verdict::dropped);
  query.responder_ = nullptr;  // a look-up for a query that was begun
  Task<server::Outcome> within = plugin.serve(query, server::Next(end + 1));
  CHECK(within.take().verdict == server::Verdict::failed);
  CHECK(socket.asked == 2);
}

TEST_CASE("shed: its listener keeps answers that the kernel does not take") {
  PluginFixture server("a:53 {\nlast\n}\nb:53 {\nshed\nlast\n}\nc:54 {\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.configuration().listeners()[0]->shed);
  CHECK_FALSE(server.configuration().listeners()[1]->shed);
  CHECK_FALSE(server.ask("x.b.").silent);
}

TEST_CASE("shed: what is refused, as recorded from CoreDNS") {
  const struct {
    const char *corefile, *message;
  } cases[] = {
      {"a:53 {\nshed x\nlast\n}\n", "Wrong argument count or unexpected line ending after 'x'"},
      {"a:53 {\nshed {\nx\n}\nlast\n}\n", "plugin/shed: Corefile:"},
      {"a:53 {\nshed\nshed\nlast\n}\n", "this plugin can only be used once per Server Block"},
      {"tls://a:53 {\nshed\nlast\n}\n",
       "only plain DNS server blocks are supported; \"tls://a.:53\" uses transport \"tls\""},
      {"a:53 tls://b:54 {\nshed\nlast\n}\n", "\"tls://b.:54\" uses transport \"tls\""},
  };
  for (const auto& each : cases) {
    CAPTURE(each.corefile);
    const PluginFixture server(each.corefile, table());
    CHECK_MESSAGE(server.error_text().find(each.message) != std::string::npos, server.error_text());
  }
}

}  // namespace
}  // namespace shed
}  // namespace portolan
