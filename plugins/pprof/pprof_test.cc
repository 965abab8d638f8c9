// The endpoint as a browser and `go tool pprof` see it, and the directive.
#include "plugins/pprof/pprof.h"

#include <doctest/doctest.h>
#include <httplib.h>

#include <thread>

#include "plugins/pprof/cpu_sampler.h"
#include "plugins/pprof/read_profile_test.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin pprof_plugin;

namespace pprof {
namespace {

using portolan::testing::PluginFixture;

struct Running {
  Pprof pprof{"127.0.0.1:0"};
  std::unique_ptr<httplib::Client> client;

  Running() {
    REQUIRE(pprof.prepare().has_value());
    client = std::make_unique<httplib::Client>("127.0.0.1", pprof.endpoint().address().port);
    client->set_url_encode(false);
    client->set_read_timeout(std::chrono::seconds(30));
  }
  ~Running() { pprof.stop({}); }
  httplib::Response get(const std::string& path) {
    const auto answer = client->Get(path);
    REQUIRE(static_cast<bool>(answer));
    return *answer;
  }
};

TEST_CASE("pprof: every page is there, and what only Go has is said not to be") {
  static constexpr struct {
    const char* path;
    int status;
    const char* part;
  } kCases[] = {
      {"/debug/pprof/", 200, "<h1>/debug/pprof/</h1>"},
      {"/debug/pprof/cmdline", 200, "plugin_pprof_tests"},
      {"/debug/pprof/heap?debug=1", 200, "in use in arenas: "},
      {"/debug/pprof/symbol", 200, "num_symbols: 1\n"},
      {"/debug/pprof/profile?seconds=0", 400, "seconds=0: expected 1 to 300"},
      {"/debug/pprof/profile?seconds=301", 400, "seconds=301: expected 1 to 300"},
      {"/debug/pprof/profile?seconds=x", 400, "seconds=x: expected 1 to 300"},
      {"/debug/pprof/goroutine", 501, "there are no goroutines here"},
      {"/debug/pprof/block", 501, "no Go runtime"},
      {"/debug/pprof/mutex", 501, "no Go runtime"},
      {"/debug/pprof/trace?seconds=1", 501, "no Go runtime"},
      {"/debug/pprof/allocs", 501, "allocations are not sampled"},
      {"/debug/pprof/threadcreate", 501, "not recorded"},
      {"/debug/pprof/nothing", 404, "404 page not found"},
      {"/", 404, "404 page not found"},
  };
  Running running;
  for (const auto& each : kCases) {
    CAPTURE(each.path);
    const auto answer = running.get(each.path);
    CHECK(answer.status == each.status);
    CHECK(answer.body.find(each.part) != std::string::npos);
  }
  const auto moved = running.get("/debug/pprof");
  CHECK(moved.status == 302);
  CHECK(moved.get_header_value("Location") == "/debug/pprof/");
}

TEST_CASE("pprof: profiles come as files for `go tool pprof`") {
  Running running;
  for (const char* path : {"/debug/pprof/heap", "/debug/pprof/profile?seconds=1"}) {
    CAPTURE(path);
    const auto answer = running.get(path);
    CHECK(answer.status == 200);
    CHECK(answer.get_header_value("Content-Type") == "application/octet-stream");
    const auto profile = testing::read_profile(answer.body);
    CHECK(profile.gzipped);
    CHECK(profile.sample_types.size() == 2);
    CHECK(profile.time > 0);
  }
}

TEST_CASE("pprof: names of addresses are given, by GET and by POST") {
  Running running;
  char address[32];
  std::snprintf(address, sizeof address, "0x%zx", reinterpret_cast<size_t>(&testing::gunzip));
  const std::string line = std::string(address) + " portolan::pprof::testing::gunzip(";
  const std::string asked = std::string("0x1+") + address;
  CHECK(running.get("/debug/pprof/symbol?" + asked).body.find(line) != std::string::npos);
  const auto posted = running.client->Post("/debug/pprof/symbol", asked, "text/plain");
  REQUIRE(static_cast<bool>(posted));
  CHECK(posted->body.find(line) != std::string::npos);
}

TEST_CASE("pprof: the end does not wait for a profile that is being made") {
  auto running = std::make_unique<Running>();
  std::thread asking([client = running->client.get()] {
    const auto answer = client->Get("/debug/pprof/profile?seconds=300");
    REQUIRE(static_cast<bool>(answer));
    CHECK(answer->status == 200);
  });
  while (!CpuSampler::busy()) std::this_thread::yield();
  running->pprof.stop({});
  asking.join();
}

std::string errors_of(const std::string& directives) {
  PluginFixture server(".:53 {\n" + directives + "\n}\n", {pprof_plugin});
  return server.error_text();
}

TEST_CASE("pprof: wrong use is refused, in CoreDNS's words") {
  const std::string place = "plugin/pprof: Corefile:2 - Error during parsing: ";
  CHECK(errors_of("pprof x") == place + "address x: missing port in address\n");
  CHECK(errors_of("pprof :1 x").find("Wrong argument count or unexpected line ending after 'x'") != std::string::npos);
  CHECK(errors_of("pprof :0\npprof :0") ==
        "plugin/pprof: Corefile:3 - Error during parsing: this plugin can only be used once per Server Block\n");
  for (const char* block : {"block x", "block 0", "block -1", "block 1 2", "foo"}) {
    CAPTURE(block);
    CHECK(errors_of("pprof :0 {\n " + std::string(block) + "\n}").starts_with("plugin/pprof: Corefile:3 - "));
  }
}

TEST_CASE("pprof: `block` is accepted with a warning") {
  PluginFixture server(".:53 {\n pprof 127.0.0.1:0 {\n  block 5\n }\n}\n", {pprof_plugin});
  REQUIRE(server.ok());
  CHECK(server.configuration().warnings() ==
        std::vector<std::string>{"plugin/pprof: Corefile:3 - block: there is no Go runtime here that counts blocking: "
                                 "/debug/pprof/block answers 501"});
}

}  // namespace
}  // namespace pprof
}  // namespace portolan
