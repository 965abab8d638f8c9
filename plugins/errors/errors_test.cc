// Tests of the error log: lines, errors that are put together, refused settings.
#include "plugins/errors/errors.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "base/log_capture.h"
#include "dns/rdata.h"
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

constexpr dns::Ede kReason{dns::EdeCode::not_ready, "not yet"};

// Outcomes with a reason, by the first label.
Task<Outcome> with_reason(Query& query, server::Next) {
  const std::string_view what = query.question.lower.first_label();
  if (what == "failed") return query.fail(dns::Rcode::servfail, "secret address").because(kReason);
  if (what == "denied") return query.answer(dns::Rcode::nxdomain).because(kReason);
  if (what == "throw") throw std::runtime_error("broken");
  if (what == "bare") return query.fail(dns::Rcode::servfail);
  if (what == "own") {
    const auto options = query.arena().array<dns::EdnsOption>(1);
    options[0] = dns::ede_option(dns::EdeCode::blocked, "own", query.arena());
    query.reply().edns.emplace().options = options;
  }
  if (what == "long") {
    for (int i = 0; i < 100; ++i) {
      query.reply().answer.push_back({query.question.name, dns::RRType::a, dns::RRClass::in, 60,
                                      dns::a_rdata(*IpAddress::parse("192.0.2.1"), query.arena())});
    }
  }
  return query.answer().because(kReason);
}

// The options of the answer as "code:octets", or "no OPT".
std::string options_of(const testing::Answer& answer) {
  Arena arena;
  dns::ParsedMessage message;
  REQUIRE(dns::parse_message(answer.message, arena, message));
  if (!message.edns) return "no OPT";
  std::string text;
  for (const dns::EdnsOption& option : message.edns->options) {
    text += std::to_string(option.code) + ":" + std::to_string(option.data[0] << 8 | option.data[1]) + ":";
    text.append(reinterpret_cast<const char*>(option.data.data()) + 2, option.data.size() - 2);
  }
  return text;
}

TEST_CASE("errors: with ede, clients that send EDNS are told the reason") {
  static constexpr struct {
    const char* name;
    int edns_size;
    const char* off;
    const char* on;
  } kCases[] = {
      {"failed.", 1232, "", "15:14:not yet"},
      {"failed.", -1, "no OPT", "no OPT"},
      {"failed.", 0, "", "15:14:not yet"},
      {"denied.", 1232, "", "15:14:not yet"},
      {"answered.", 1232, "", "15:14:not yet"},
      {"answered.", -1, "no OPT", "no OPT"},
      {"bare.", 1232, "", ""},
      {"throw.", 1232, "", "15:0:internal error"},
      {"own.", 1232, "15:15:own", "15:15:own"},
      {"long.", 512, "", "15:14:not yet"},
  };
  const std::vector<server::Plugin> plugins{errors_plugin, testing::stand_in("last", with_reason)};
  for (const char* directive : {"errors", "errors {\nede\n}", "errors {\nede\nstacktrace\n}"}) {
    CAPTURE(directive);
    PluginFixture server(corefile(directive), plugins);
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    log::LogCapture quiet;
    for (const auto& each : kCases) {
      CAPTURE(each.name);
      CAPTURE(each.edns_size);
      testing::Ask question;
      question.name = each.name;
      question.edns_size = each.edns_size;
      const testing::Answer answer = server.ask(question);
      CHECK(options_of(answer) == std::string(directive == std::string("errors") ? each.off : each.on));
      if (std::string(each.name) == "long.") {
        CHECK(answer.header.tc);
        CHECK(answer.message.size() <= 512);
        CHECK_FALSE(answer.answer.empty());
      }
    }
  }
}

TEST_CASE("errors: the reason costs the octets of its option, and nothing without ede") {
  const std::vector<server::Plugin> plugins{errors_plugin, testing::stand_in("last", with_reason)};
  PluginFixture off(corefile("errors"), plugins);
  PluginFixture on(corefile("errors {\nede\n}"), plugins);
  testing::Ask question;
  question.name = "denied.";
  question.edns_size = 1232;
  CHECK(on.ask(question).message.size() == off.ask(question).message.size() + 4 + 2 + kReason.text.size());
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
