// Tests of the health endpoint: its answers, lameduck, refused settings.
#include "plugins/health/health.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/log_capture.h"
#include "server/http/listen.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin health_plugin;

namespace health {
namespace {

using testing::PluginFixture;

constexpr auto kTimeout = std::chrono::seconds(5);

std::vector<server::Plugin> table() {
  return {health_plugin, testing::stand_in("last", [](server::Query& query, server::Next) -> Task<server::Outcome> {
            return query.answer();
          })};
}

// An address whose port was free a moment ago.
SocketAddress free_address() {
  const auto descriptor = server::http::listen_tcp("127.0.0.1:0");
  REQUIRE(descriptor.has_value());
  const SocketAddress address = server::http::bound_address(*descriptor);
  close(*descriptor);
  return address;
}

TEST_CASE("health: 200 from the start until the end, also in lameduck mode") {
  const SocketAddress address = free_address();
  {
    PluginFixture server(".:53 {\nhealth " + address.text() + " {\nlameduck 1500ms\n}\nlast\n}\n", table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    CHECK(server.process().lameduck == std::chrono::milliseconds(1500));
    CHECK(*server::http::get_status(address, "/health", kTimeout) == 200);
    CHECK(*server::http::get_status(address, "/", kTimeout) == 404);
    log::LogCapture capture;
    server.configuration().lameduck();
    CHECK(capture.take() == "[INFO] plugin/health: Going into lameduck mode for 1.5s\n");
    CHECK(*server::http::get_status(address, "/health", kTimeout) == 200);
  }
  CHECK(server::http::get_status(address, "/health", kTimeout).has_error());
}

TEST_CASE("health: two blocks may name one address") {
  const std::string address = free_address().text();
  CHECK(PluginFixture("a:53 {\nhealth " + address + "\nlast\n}\nb:53 {\nhealth " + address + "\nlast\n}\n", table())
            .ok());
}

TEST_CASE("health: what is refused, as recorded from CoreDNS") {
  static constexpr struct {
    const char* directive;
    const char* message;
  } kCases[] = {
      {"health abc", "address abc: missing port in address"},
      {"health 127.0.0.1:0 x", "Wrong argument count or unexpected line ending after 'x'"},
      {"health 127.0.0.1:0 {\nlameduck\n}", "Wrong argument count or unexpected line ending after 'lameduck'"},
      {"health 127.0.0.1:0 {\nlameduck x\n}", "time: invalid duration \"x\""},
      {"health 127.0.0.1:0 {\nfoo\n}", "unknown property 'foo'"},
      {"health 203.0.113.77:80", "listen tcp 203.0.113.77:80: bind: cannot assign requested address"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    const PluginFixture server(std::string(".:53 {\n") + each.directive + "\nlast\n}\n", table());
    CHECK_MESSAGE(server.error_text().find(each.message) != std::string::npos, server.error_text());
  }
}

}  // namespace
}  // namespace health
}  // namespace portolan
