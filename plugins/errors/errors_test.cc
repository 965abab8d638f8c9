// Tests of the error log: lines, errors that are put together, refused settings.
#include "plugins/errors/errors.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "base/log_capture.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin errors_plugin;

namespace errors {
namespace {

using server::Outcome;
using server::Query;
using testing::PluginFixture;

Task<Outcome> by_name(Query& query, server::Next) {
  const std::string_view what = query.question.lower.first_label();
  if (what == "refused") return query.fail(dns::Rcode::servfail, "dial tcp 127.0.0.1:9: connect: connection refused");
  if (what == "timeout") return query.fail(dns::Rcode::servfail, "read udp: i/o timeout");
  if (what == "throw") throw std::runtime_error("broken");
  return query.answer();
}

std::vector<server::Plugin> table() { return {errors_plugin, testing::stand_in("last", by_name)}; }

std::string corefile(const std::string& directive) { return ".:53 {\n" + directive + "\nlast\n}\n"; }

TEST_CASE("errors: an error is logged with rcode, name, type and cause") {
  PluginFixture server(corefile("errors"), table());
  REQUIRE(server.ok());
  log::LogCapture capture;
  server.ask("Refused.Example.", dns::RRType::aaaa);
  server.ask("fine.example.");
  CHECK(capture.take() ==
        "[ERROR] plugin/errors: 2 refused.example. AAAA: dial tcp 127.0.0.1:9: connect: connection refused\n");
}

TEST_CASE("errors: the end of the chain is an error, in CoreDNS's words") {
  auto pass = [](Query& query, server::Next next) { return next(query); };
  PluginFixture server(".:53 {\nerrors\nforward\n}\n", {errors_plugin, testing::stand_in("forward", pass)});
  REQUIRE(server.ok());
  log::LogCapture capture;
  server.ask("outside.test.");
  CHECK(capture.take() == "[ERROR] plugin/errors: 2 outside.test. A: plugin/forward: no next plugin found\n");
}

TEST_CASE("errors: errors that match are put together, the others are not") {
  PluginFixture server(corefile("errors {\nconsolidate 20ms \".*refused$\" warning\nconsolidate 1h other info\n}"),
                       table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  log::LogCapture capture;
  for (int i = 0; i < 4; ++i) server.ask("refused.");
  server.ask("timeout.");
  std::string lines;
  CHECK(server.run_until([&] { return (lines += capture.take()).find("occurred") != lines.npos; }));
  CHECK(lines ==
        "[ERROR] plugin/errors: 2 timeout. A: read udp: i/o timeout\n"
        "[WARNING] plugin/errors: 4 errors like '.*refused$' occurred in last 20ms\n");
  // The next error begins a new period.
  lines.clear();
  server.ask("refused.");
  CHECK(server.run_until([&] { return !(lines += capture.take()).empty(); }));
  CHECK(lines == "[WARNING] plugin/errors: 1 errors like '.*refused$' occurred in last 20ms\n");
}

TEST_CASE("errors: with show_first the first is logged at once, the sum only if more came") {
  log::LogCapture capture;
  {
    PluginFixture server(corefile("errors {\nconsolidate 1h refused info show_first\n}"), table());
    REQUIRE(server.ok());
    server.ask("refused.one.");
    CHECK(capture.take().starts_with("[INFO] plugin/errors: 2 refused.one. A: "));
    server.ask("refused.two.");
    CHECK(capture.take().empty());
  }
  CHECK(capture.take() == "[INFO] plugin/errors: 2 errors like 'refused' occurred in last 1h0m0s\n");
  {
    PluginFixture server(corefile("errors {\nconsolidate 1h refused show_first\n}"), table());
    server.ask("refused.");
    capture.take();
  }
  CHECK(capture.take().empty());
}

TEST_CASE("errors: an error counts for the first pattern that matches") {
  log::LogCapture capture;
  {
    PluginFixture server(corefile("errors {\nconsolidate 1h connect\nconsolidate 1h refused\n}"), table());
    server.ask("refused.");
    server.ask("refused.");
  }
  CHECK(capture.take() == "[ERROR] plugin/errors: 2 errors like 'connect' occurred in last 1h0m0s\n");
}

TEST_CASE("errors: an exception is logged with its type and the stack, and answered with SERVFAIL") {
  PluginFixture server(corefile("errors {\nstacktrace\n}"), table());
  REQUIRE(server.ok());
  log::LogCapture capture;
  CHECK(server.ask("throw.example.").rcode == dns::Rcode::servfail);
  const std::string lines = capture.take();
  CHECK(lines.starts_with("[ERROR] plugin/errors: recovered from std::runtime_error at throw.example. A: broken\n"));
  CHECK(lines.find("[ERROR] plugin/errors:   ") != lines.npos);
  server.ask("timeout.");
  CHECK(capture.take() == "[ERROR] plugin/errors: 2 timeout. A: read udp: i/o timeout\n");
}

TEST_CASE("errors: what is refused, as recorded from CoreDNS") {
  static constexpr struct {
    const char* directive;
    const char* message;
  } kCases[] = {
      {"errors file.log", "Corefile:2 - Error during parsing: invalid log file: file.log"},
      {"errors a b", "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'b'"},
      {"errors {\nconsolidate 1s\n}",
       "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after '1s'"},
      {"errors {\nconsolidate 1s (\n}",
       "Corefile:3 - Error during parsing: error parsing regexp: missing closing ): `(`"},
      {"errors {\nconsolidate 1s a fatal\n}",
       "Corefile:3 - Error during parsing: unknown option in consolidate: fatal"},
      {"errors {\nconsolidate 1s a show_first warning\n}",
       "Corefile:3 - Error during parsing: log level must come before show_first in consolidate"},
      {"errors {\nconsolidate 1s a warning error\n}",
       "Corefile:3 - Error during parsing: multiple log levels specified in consolidate"},
      {"errors\nerrors", "Corefile:3 - Error during parsing: this plugin can only be used once per Server Block"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    const std::string text = PluginFixture(corefile(each.directive), table()).error_text();
    CHECK_MESSAGE(text.starts_with("plugin/errors: " + std::string(each.message)), text);
  }
  const std::string long_pattern = "errors {\nconsolidate 1s " + std::string(10001, 'a') + "\n}";
  CHECK(PluginFixture(corefile(long_pattern), table()).error_text().find("regex pattern too long: 10001 > 10000") !=
        std::string::npos);
  CHECK(PluginFixture(corefile("errors stdout {\nconsolidate 1s a warning show_first\n}"), table()).ok());
}

}  // namespace
}  // namespace errors
}  // namespace portolan
