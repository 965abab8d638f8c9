// Which endpoint is read, when one is found dead by other means.
#include "plugins/etcd/watcher.h"

#include <doctest/doctest.h>

#include <functional>

#include "plugins/etcd/fake_etcd.h"
#include "plugins/etcd/state.h"

namespace portolan::etcd {
namespace {

using std::chrono::milliseconds;

cluster::ApiServer at(const std::string& url) {
  cluster::ApiServer server;
  server.url = url;
  return server;
}

bool eventually(const std::function<bool()>& done, milliseconds limit = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST_CASE("watcher: an endpoint that is found dead is left, if it is the one being read") {
  FakeEtcd first, second;
  for (FakeEtcd* each : {&first, &second}) each->put("/s/a", R"({"host":"192.0.2.1"})");
  SourceOptions options;
  options.endpoints = {at(first.url()), at(second.url())};
  options.ranges = {{"/s", "/s0"}};
  const auto state = State::get(options, system_clock());
  state->wait_for_first(std::chrono::seconds(10));  // from then on its own watcher writes no more
  REQUIRE(eventually([&] { return first.watches() == 1; }));
  Watcher watcher(*state);  // beside the state's own, to be spoken to as the tender does
  watcher.start();
  REQUIRE(eventually([&] { return first.watches() == 2; }));
  watcher.interrupt(1);
  CHECK_FALSE(eventually([&] { return second.watches() > 0; }, milliseconds(200)));
  CHECK(watcher.current_endpoint() == 0);
  watcher.interrupt(0);
  CHECK(eventually([&] { return second.watches() == 1; }));
  watcher.stop();
}

}  // namespace
}  // namespace portolan::etcd
