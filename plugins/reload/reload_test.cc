// Tests of the reload plugin: when it asks for a reload, its times, refused settings.
#include "plugins/reload/reload.h"

#include <doctest/doctest.h>

#include "base/log_capture.h"
#include "base/metrics.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin reload_plugin;

namespace reload {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::PluginFixture;

std::vector<server::Plugin> table() {
  return {reload_plugin, testing::stand_in("last", [](server::Query& query, server::Next) -> Task<server::Outcome> {
            return query.answer();
          })};
}

TEST_CASE("reload: the hash is SHA-512") {
  // FIPS 180-4's example "abc".
  CHECK(
      sha512("abc") ==
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
      "2a9ac94fa54ca49f");
}

TEST_CASE("reload: a changed Corefile is loaded once, an unchanged one is not") {
  PluginFixture server(".:53 {\nlast\n}\n", table());
  REQUIRE(server.ok());
  auto& process = server.process();
  process.text = process.text_on_disk = "one";
  log::LogCapture capture;
  Watch watch;
  watch.process = &process;
  watch.serving();
  CHECK(capture.take() == "[INFO] plugin/reload: Running configuration SHA512 = " + sha512("one") + "\n");
  watch.look();
  CHECK(process.reloads == 0);
  process.text_on_disk = "two";
  watch.look();
  CHECK(process.reloads == 1);
  // Whether it could be loaded or not: the same text is not tried again.
  watch.look();
  CHECK(process.reloads == 1);
  CHECK(metrics::exposition().find("coredns_reload_version_info{hash=\"sha512\",value=\"" + sha512("two") + "\"} 1") !=
        std::string::npos);
  process.text_on_disk = "one";
  watch.look();
  CHECK(process.reloads == 2);
  CHECK(metrics::exposition().find(sha512("two")) == std::string::npos);
  watch.stop({});
}

TEST_CASE("reload: the interval passes before each look") {
  PluginFixture server(".:53 {\nlast\n}\n", table());
  auto& process = server.process();
  process.text = "one";
  process.text_on_disk = "two";
  Watch watch;
  watch.process = &process;
  watch.options = {milliseconds(10), milliseconds(0)};
  watch.serving();
  CHECK(process.reloads == 0);
  CHECK(server.run_until([&] { return process.reloads == 1; }));
  process.text_on_disk = "three";
  CHECK(server.run_until([&] { return process.reloads == 2; }));
  watch.stop({});
}

TEST_CASE("reload: a Corefile from standard input is not looked for") {
  PluginFixture server(".:53 {\nlast\n}\n", table());
  server.process().path = "stdin";
  Watch watch;
  watch.process = &server.process();
  watch.options = {milliseconds(1), milliseconds(0)};
  watch.serving();
  CHECK_FALSE(server.run_until([&] { return server.process().reloads > 0; }, milliseconds(20)));
}

TEST_CASE("reload: the interval is spread over plus and minus half the jitter") {
  bool below = false, above = false;
  for (int i = 0; i < 200; ++i) {
    const auto interval = spread({seconds(30), seconds(15)});
    CHECK(interval >= milliseconds(22500));
    CHECK(interval <= milliseconds(37500));
    below |= interval < seconds(30);
    above |= interval > seconds(30);
  }
  CHECK(below);
  CHECK(above);
  for (int i = 0; i < 200; ++i) {
    const auto interval = spread({seconds(4), seconds(15)});  // the jitter is cut to 2 seconds
    CHECK(interval >= seconds(3));
    CHECK(interval <= seconds(5));
  }
  CHECK(spread({seconds(10), seconds(0)}) == seconds(10));
}

TEST_CASE("reload: times that are refused, as recorded from CoreDNS") {
  static constexpr struct {
    const char* directive;
    const char* message;  // null: accepted
  } kCases[] = {
      {"reload", nullptr},
      {"reload 10s", nullptr},
      {"reload 10s 1s", nullptr},
      {"reload 10s 0s", nullptr},
      {"reload 1s", "interval value must be greater or equal to 2s"},
      {"reload -5s", "interval value must be greater or equal to 2s"},
      {"reload 10s 500ms", "jitter value must be 0 or greater or equal to 1s"},
      {"reload 10s -1s", "jitter value must be 0 or greater or equal to 1s"},
      {"reload x", "time: invalid duration \"x\""},
      {"reload 10", "time: missing unit in duration \"10\""},
      {"reload 10s 1s 1s", "Wrong argument count or unexpected line ending after '1s'"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    PluginFixture server(std::string(".:53 {\n") + each.directive + "\nlast\n}\n", table());
    CHECK(server.ok() == (each.message == nullptr));
    if (each.message) CHECK_MESSAGE(server.error_text().find(each.message) != std::string::npos, server.error_text());
  }
}

TEST_CASE("reload: one watch for all blocks") {
  PluginFixture server("a:53 {\nreload 10s\nlast\n}\nb:53 {\nreload 20s 0s\nlast\n}\n", table());
  CHECK(server.ok());
}

}  // namespace
}  // namespace reload
}  // namespace portolan
