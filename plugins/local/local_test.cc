// local: what each name is answered, and which are counted.
#include "plugins/local/local.h"

#include <doctest/doctest.h>

#include "base/log_capture.h"
#include "base/metrics.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin local_plugin;

namespace {

using dns::Rcode;
using dns::RRType;
using testing::Answer;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

Task<server::Outcome> behind(server::Query& query, server::Next) { return query.fail(Rcode::notimp); }

std::vector<server::Plugin> table() { return {local_plugin, testing::stand_in("last", behind)}; }

std::string corefile(const std::string& directive) { return ".:53 {\n" + directive + "\nlast\n}\n"; }

std::string soa(const std::string& zone) { return zone + " 604800 IN SOA localhost. root.localhost. 1 0 0 0 604800"; }

uint64_t counted() {
  const std::string text = metrics::exposition(), name = "\ncoredns_local_localhost_requests_total ";
  const size_t at = text.find(name);
  REQUIRE(at != std::string::npos);
  return std::stoull(text.substr(at + name.size()));
}

TEST_CASE("local: localhost and the local reverse zones are answered, other names passed on") {
  struct Case {
    const char* name;
    RRType type;
    Rcode rcode;
    Lines answer, authority;
    bool counted;
  };
  const Case cases[] = {
      {"localhost.", RRType::a, Rcode::noerror, {"localhost. 604800 IN A 127.0.0.1"}, {}, false},
      {"LocalHost.", RRType::aaaa, Rcode::noerror, {"LocalHost. 604800 IN AAAA ::1"}, {}, false},
      {"localhost.", RRType::soa, Rcode::noerror, {soa("localhost.")}, {}, false},
      {"localhost.", RRType::ns, Rcode::noerror, {"localhost. 604800 IN NS localhost."}, {}, false},
      {"localhost.", RRType::txt, Rcode::noerror, {}, {soa("localhost.")}, false},
      {"a.b.localhost.", RRType::a, Rcode::noerror, {"a.b.localhost. 604800 IN A 127.0.0.1"}, {}, true},
      {"a.localhost.", RRType::aaaa, Rcode::noerror, {"a.localhost. 604800 IN AAAA ::1"}, {}, true},
      {"a.Localhost.", RRType::soa, Rcode::noerror, {}, {soa("a.Localhost.")}, true},
      {"localhost.example.org.", RRType::a, Rcode::noerror, {"localhost.example.org. 604800 IN A 127.0.0.1"}, {}, true},
      {"localhost.example.org.", RRType::mx, Rcode::noerror, {}, {soa("localhost.example.org.")}, true},
      {"0.in-addr.arpa.", RRType::a, Rcode::noerror, {}, {soa("0.in-addr.arpa.")}, false},
      {"127.in-addr.arpa.", RRType::ns, Rcode::noerror, {"127.in-addr.arpa. 604800 IN NS localhost."}, {}, false},
      {"255.in-addr.arpa.", RRType::soa, Rcode::noerror, {soa("255.in-addr.arpa.")}, {}, false},
      {"1.0.0.127.in-addr.arpa.",
       RRType::ptr,
       Rcode::noerror,
       {"1.0.0.127.in-addr.arpa. 604800 IN PTR localhost."},
       {},
       false},
      {"1.0.0.127.IN-addr.arpa.", RRType::a, Rcode::noerror, {}, {soa("127.IN-addr.arpa.")}, false},
      {"2.0.0.127.in-addr.arpa.", RRType::ptr, Rcode::nxdomain, {}, {soa("127.in-addr.arpa.")}, false},
      {"4.3.2.0.in-addr.arpa.", RRType::ptr, Rcode::nxdomain, {}, {soa("0.in-addr.arpa.")}, false},
      {"255.255.255.255.in-addr.arpa.", RRType::ptr, Rcode::nxdomain, {}, {soa("255.in-addr.arpa.")}, false},
      {"1.in-addr.arpa.", RRType::ptr, Rcode::notimp, {}, {}, false},
      {"localhostx.example.org.", RRType::a, Rcode::notimp, {}, {}, false},
      {"mylocalhost.", RRType::a, Rcode::notimp, {}, {}, false},
      {"in-addr.arpa.", RRType::soa, Rcode::notimp, {}, {}, false},
      {".", RRType::ns, Rcode::notimp, {}, {}, false},
  };
  PluginFixture server(corefile("local"), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CAPTURE(dns::text(c.type));
    const uint64_t before = counted();
    const Answer answer = server.ask(c.name, c.type);
    CHECK(answer.rcode == c.rcode);
    CHECK(answer.answer == c.answer);
    CHECK(answer.authority == c.authority);
    CHECK(answer.additional.empty());
    CHECK_FALSE(answer.header.aa);
    CHECK(counted() - before == c.counted);
  }
}

TEST_CASE("local: with localhost_prefix off, names that begin with localhost are passed on") {
  struct Case {
    const char *directive, *name;
    bool answered;
  };
  const Case cases[] = {
      {"local {\n localhost_prefix on\n}", "localhost.example.org.", true},
      {"local {\n localhost_prefix off\n}", "localhost.example.org.", false},
      {"local {\n localhost_prefix off\n}", "a.localhost.", true},
      {"local {\n localhost_prefix off\n}", "localhost.", true},
      {"local {\n localhost_prefix off\n localhost_prefix on\n}", "localhost.example.org.", true},
      {"local {\n localhost_prefix off\n}\nlocal", "localhost.example.org.", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.directive);
    CAPTURE(c.name);
    PluginFixture server(corefile(c.directive), table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    CHECK((server.ask(c.name).rcode == Rcode::noerror) == c.answered);
  }
}

TEST_CASE("local: with debug, the log says who asked for a name of localhost") {
  PluginFixture server(corefile("local"), table());
  const auto lines = [&](bool debug) {
    log::LogCapture log;
    log::enable_debug(debug);
    server.ask("x.localhost.", RRType::aaaa);
    log::enable_debug(false);
    return log.take();
  };
  CHECK(lines(true).find("plugin/local: Intercepting localhost query for \"x.localhost.\" AAAA, from 127.0.0.1") !=
        std::string::npos);
  CHECK(lines(false).empty());
}

TEST_CASE("local: a Corefile's mistakes are told with their line") {
  const struct {
    const char *corefile, *message;
  } cases[] = {
      {"local x",
       "plugin/local: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending "
       "after 'x', expecting 'local'"},
      {"local {\n localhost_prefix\n}",
       "plugin/local: Corefile:3 - Error during parsing: Wrong argument count or "
       "unexpected line ending after 'localhost_prefix', expecting "
       "'localhost_prefix on|off'"},
      {"local {\n localhost_prefix maybe\n}",
       "plugin/local: Corefile:3 - Error during parsing: wrong value for on|off: 'maybe', must be one of: on, off"},
      {"local {\n foo\n}", "plugin/local: Corefile:3 - Error during parsing: unknown property 'foo'"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.corefile);
    PluginFixture server(corefile(c.corefile), table());
    CHECK(server.error_text() == std::string(c.message) + "\n");
  }
}

}  // namespace
}  // namespace portolan
