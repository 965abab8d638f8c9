// Commands at the events of a configuration.
#include "plugins/on/on.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/log_capture.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin on_plugin;

namespace on {
namespace {

using testing::PluginFixture;
using namespace std::chrono_literals;

std::vector<server::Plugin> table() {
  return {testing::stand_in("last", [](server::Query& query, server::Next) { return query.answer(); }), on_plugin};
}

PluginFixture served(const std::string& directives) {
  return PluginFixture("a {\n" + directives + "\nlast\n}\n", table());
}

SteadyTime after(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

// Waits until the log has all of `texts`; all that was logged until then.
std::string logged(log::LogCapture& capture, std::initializer_list<std::string_view> texts) {
  std::string all;
  const auto has = [&](std::string_view text) { return all.find(text) != std::string::npos; };
  const SteadyTime end = after(10s);
  while (!std::all_of(texts.begin(), texts.end(), has) && std::chrono::steady_clock::now() < end) all += capture.take();
  for (const std::string_view text : texts) CHECK_MESSAGE(has(text), all);
  return all;
}

TEST_CASE("on: commands for the startup run in their order, whatever becomes of them") {
  log::LogCapture capture;
  PluginFixture server(
      "a {\non startup echo first\non shutdown echo never\non STARTUP sh -c \"'exit 3'\"\n"
      "on startup no-such-program x\non startup echo last\nlast\n}\n",
      table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  const std::string log = logged(capture, {"startup: echo: last"});
  const std::string want[] = {"[INFO] plugin/on: startup: running \"echo first\"\n",
                              "[INFO] plugin/on: startup: echo: first\n",
                              "[ERROR] plugin/on: startup: \"sh -c exit 3\": exit status 3\n",
                              "[ERROR] plugin/on: startup: exec \"no-such-program\": no such file or directory\n"};
  size_t at = 0;
  for (const std::string& line : want) {
    const size_t found = log.find(line, at);
    CHECK_MESSAGE(found != std::string::npos, log);
    at = found;
  }
  CHECK(log.find("never") == std::string::npos);
}

TEST_CASE("on: commands of another server block wait for their turn") {
  log::LogCapture capture;
  PluginFixture server(
      "a {\non startup sh -c \"'sleep 0.2; echo done'\"\nlast\n}\nb {\non startup echo next\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  const std::string log = logged(capture, {"startup: sh: done", "startup: echo: next"});
  CHECK_MESSAGE(log.find("startup: sh: done") < log.find("running \"echo next\""), log);
}

TEST_CASE("on: nobody waits for a command in the background") {
  log::LogCapture capture;
  PluginFixture server("a {\non startup sleep 1000 &\non startup echo next\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  logged(capture, {"startup: echo: next", "running \"sleep 1000\" in the background"});
  server.configuration().stop(after(5s));
  logged(capture, {"[ERROR] plugin/on: startup: \"sleep 1000\": ended with the server"});
}

TEST_CASE("on: the end waits for commands of the shutdown, but not for ever") {
  log::LogCapture capture;
  PluginFixture server("a {\non shutdown sh -c \"'sleep 0.2; echo done'\"\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  CHECK(capture.take().find("shutdown") == std::string::npos);
  server.configuration().lameduck();
  server.configuration().stop(after(10s));
  CHECK(capture.take().find("shutdown: sh: done") != std::string::npos);

  PluginFixture slow("a {\non shutdown sleep 1000\non shutdown echo more\nlast\n}\n", table());
  REQUIRE_MESSAGE(slow.ok(), slow.error_text());
  slow.configuration().lameduck();
  logged(capture, {"running \"sleep 1000\""});
  const SteadyTime begin = std::chrono::steady_clock::now();
  slow.configuration().stop(after(100ms));
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(logged(capture, {"\"sleep 1000\": ended with the server"}).find("more") == std::string::npos);
}

TEST_CASE("on: a configuration that a reload has replaced ends its commands and waits for none") {
  log::LogCapture capture;
  PluginFixture server(
      "a {\non startup sh -c \"'trap \\\"\\\" TERM; echo up; while :; do sleep 0.1; done'\" &\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  logged(capture, {"startup: sh: up"});
  const SteadyTime begin = std::chrono::steady_clock::now();
  server.configuration().stop(begin);
  CHECK(std::chrono::steady_clock::now() - begin < 500ms);
  logged(capture, {"ended with the server"});
  CHECK(std::chrono::steady_clock::now() - begin >= 1s);  // the command did not listen
}

TEST_CASE("on: what is refused") {
  const struct {
    const char *directive, *message;
  } cases[] = {
      {"on", "Wrong argument count or unexpected line ending after 'on'"},
      {"on nothing echo hi", ":2 - Error during parsing: Wrong event name or event not supported: 'nothing'"},
      {"on startup", "Wrong argument count or unexpected line ending after 'startup', expecting 'on EVENT COMMAND...'"},
      {"on startup ''", "no command contained in "},
      {"on startup &", "no command contained in '&'"},
      {"on startup sh -c 'x", "error parsing command: a quotation mark of the command is not closed"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.directive);
    const PluginFixture server = served(each.directive);
    CHECK_MESSAGE(server.error_text().find(each.message) != std::string::npos, server.error_text());
  }
}

TEST_CASE("on: a warning says that certrenew never happens") {
  PluginFixture server("a {\non certrenew echo hi\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  REQUIRE(server.configuration().warnings().size() == 1);
  CHECK(server.configuration().warnings()[0] ==
        "plugin/on: Corefile:2 - certrenew never happens, with CoreDNS neither: \"echo\" will not run");
}

}  // namespace
}  // namespace on
}  // namespace portolan
