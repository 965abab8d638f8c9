// Whose headers `proxyproto` believes, and what it refuses. How headers are read: server/listen.
#include <doctest/doctest.h>

#include "server/listen/proxy_rules.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin proxyproto_plugin;

namespace {

using server::ProxyPolicy;
using testing::PluginFixture;

std::vector<server::Plugin> table() {
  return {proxyproto_plugin,
          testing::stand_in("last", [](server::Query& query, server::Next) { return query.answer(); })};
}

TEST_CASE("proxyproto: what becomes of headers from a load balancer, and from elsewhere") {
  const struct {
    const char* block;
    ProxyPolicy allowed, other;
  } cases[] = {
      {"", ProxyPolicy::use, ProxyPolicy::use},
      {"allow", ProxyPolicy::use, ProxyPolicy::use},
      {"default ignore", ProxyPolicy::ignore, ProxyPolicy::ignore},
      {"allow 192.0.2.0/24", ProxyPolicy::use, ProxyPolicy::ignore},
      {"allow 203.0.113.0/24\nallow 198.51.100.0/24 192.0.2.1/32", ProxyPolicy::use, ProxyPolicy::ignore},
      {"allow 192.0.2.0/24\ndefault USE", ProxyPolicy::use, ProxyPolicy::use},
      {"allow 192.0.2.0/24\ndefault reject", ProxyPolicy::use, ProxyPolicy::reject},
      {"allow 192.0.2.0/24 2001:db8::/32\ndefault Skip", ProxyPolicy::use, ProxyPolicy::skip},
  };
  for (const auto& each : cases) {
    CAPTURE(each.block);
    PluginFixture server(std::string(".:53 {\nproxyproto {\n") + each.block + "\n}\nlast\n}\n", table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    const auto& rules = server.configuration().listeners().front()->proxy;
    REQUIRE(rules);
    CHECK(rules->policy(*IpAddress::parse("192.0.2.1")) == each.allowed);
    CHECK(rules->policy(*IpAddress::parse("192.0.3.1")) == each.other);
    CHECK(rules->policy(*IpAddress::parse("2001:db9::1")) == each.other);
    CHECK(rules->session_time.count() == 0);
  }
}

TEST_CASE("proxyproto: sessions have a time and a number") {
  PluginFixture server(
      "a:53 {\nproxyproto {\nudp_session_tracking 28s\n}\nlast\n}\n"
      "b:54 {\nproxyproto {\nudp_session_tracking 1m 5\n}\nlast\n}\nc:55 {\nlast\n}\n",
      table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const auto& listeners = server.configuration().listeners();
  CHECK(listeners[0]->proxy->session_time == std::chrono::seconds(28));
  CHECK(listeners[0]->proxy->most_sessions == 10'240);
  CHECK(listeners[1]->proxy->session_time == std::chrono::minutes(1));
  CHECK(listeners[1]->proxy->most_sessions == 5);
  CHECK_FALSE(listeners[2]->proxy);
}

TEST_CASE("proxyproto: what is refused, as recorded from CoreDNS") {
  const struct {
    const char *directive, *message;
  } cases[] = {
      {"proxyproto x", "Wrong argument count or unexpected line ending after 'x'"},
      {"proxyproto {\nallow x\n}", "x"},
      {"proxyproto {\nallow 192.0.2.1\n}", "192.0.2.1"},
      {"proxyproto {\ndefault\n}", "Wrong argument count or unexpected line ending after 'default'"},
      {"proxyproto {\ndefault foo\n}", "Wrong argument count or unexpected line ending after 'foo'"},
      {"proxyproto {\ndefault use use\n}", "Wrong argument count or unexpected line ending after 'use'"},
      {"proxyproto {\nudp_session_tracking\n}", "unexpected line ending after 'udp_session_tracking'"},
      {"proxyproto {\nudp_session_tracking x\n}", "invalid duration \"x\""},
      {"proxyproto {\nudp_session_tracking 1s 0\n}", "MAX_SESSIONS must be at least 1: 0"},
      {"proxyproto {\nudp_session_tracking 1s 5 6\n}", "Wrong argument count or unexpected line ending after '6'"},
      {"proxyproto {\nfoo\n}", "'foo'"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.directive);
    const PluginFixture server(std::string(".:53 {\n") + each.directive + "\nlast\n}\n", table());
    CHECK_MESSAGE(server.error_text().find(each.message) != std::string::npos, server.error_text());
    CHECK(server.error_text().find("Corefile:") != std::string::npos);
  }
}

}  // namespace
}  // namespace portolan
