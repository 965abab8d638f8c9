// Tests of the ready endpoint: who is asked, how often, lameduck, refused settings.
#include "plugins/ready/ready.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "server/http/listen.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin ready_plugin;

namespace ready {
namespace {

using testing::PluginFixture;

constexpr auto kTimeout = std::chrono::seconds(5);

struct Switch : server::Readiness {
  bool on = false;
  bool ready() const noexcept override { return on; }
};

TEST_CASE("ready: names those that are not ready, sorted and each once") {
  Switch a, b, c;
  Plugins plugins;
  CHECK(plugins.waiting().empty());
  plugins.add("secondary", a, false);
  plugins.add("kubernetes", b, false);
  plugins.add("kubernetes", c, false);
  CHECK(plugins.waiting() == "kubernetes,secondary");
  a.on = b.on = true;
  CHECK(plugins.waiting() == "kubernetes");
  c.on = true;
  CHECK(plugins.waiting().empty());
}

TEST_CASE("ready: who was ready once stays ready, unless it is monitored continuously") {
  Switch once, each_time;
  once.on = each_time.on = true;
  Plugins plugins;
  plugins.add("once", once, false);
  plugins.add("each_time", each_time, true);
  CHECK(plugins.waiting().empty());
  once.on = each_time.on = false;
  CHECK(plugins.waiting() == "each_time");
}

bool handler_ready = false;

// A plugin in the chain that reports its readiness.
struct Waiting : server::Handler, server::Readiness {
  Task<server::Outcome> serve(server::Query& query, server::Next) override { return query.answer(); }
  bool ready() const noexcept override { return handler_ready; }
};

std::vector<server::Plugin> table() {
  const server::Plugin waiting{"waiting", [](server::Setup& setup) -> Result<void> {
                                 setup.add(std::make_unique<Waiting>());
                                 return {};
                               }};
  return {ready_plugin, waiting};
}

SocketAddress free_address() {
  const auto descriptor = server::http::listen_tcp("127.0.0.1:0");
  REQUIRE(descriptor.has_value());
  const SocketAddress address = server::http::bound_address(*descriptor);
  close(*descriptor);
  return address;
}

TEST_CASE("ready: 503 until the plugins of its blocks are ready, closed in lameduck mode") {
  const SocketAddress address = free_address();
  handler_ready = false;
  PluginFixture server(
      "a:53 {\nready " + address.text() + "\nwaiting\n}\nb:53 {\nready " + address.text() + "\nwaiting\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(*server::http::get_status(address, "/ready", kTimeout) == 503);
  handler_ready = true;
  CHECK(*server::http::get_status(address, "/ready", kTimeout) == 200);
  CHECK(*server::http::get_status(address, "/x", kTimeout) == 404);
  server.configuration().lameduck();
  CHECK(server::http::get_status(address, "/ready", kTimeout).has_error());
}

TEST_CASE("ready: blocks without the directive are not asked") {
  const SocketAddress address = free_address();
  handler_ready = false;
  PluginFixture server("a:53 {\nready " + address.text() + "\n}\nb:53 {\nwaiting\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(*server::http::get_status(address, "/ready", kTimeout) == 200);
}

TEST_CASE("ready: what is refused, as recorded from CoreDNS") {
  static constexpr struct {
    const char* directive;
    const char* message;
  } kCases[] = {
      {"ready x", "address x: missing port in address"},
      {"ready a b", "Wrong argument count or unexpected line ending after 'b'"},
      {"ready :0 {\nmonitor\n}", "Wrong argument count or unexpected line ending after 'monitor'"},
      {"ready :0 {\nmonitor foo\n}", "monitor type 'foo' not supported"},
      {"ready :0 {\nfoo\n}", "unknown property 'foo'"},
      {"ready :0\nready :0", "this plugin can only be used once per Server Block"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    const PluginFixture server(std::string(".:53 {\n") + each.directive + "\nwaiting\n}\n", table());
    CHECK_MESSAGE(server.error_text().find(each.message) != std::string::npos, server.error_text());
  }
}

}  // namespace
}  // namespace ready
}  // namespace portolan
