// Everything at once, for ThreadSanitizer above all: questions, a watch that changes and is cut, reloads that read the
// cluster anew, and scrapes.
#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/metrics.h"
#include "base/rcu.h"
#include "plugins/kubernetes/kubernetes.h"
#include "plugins/kubernetes/metrics.h"
#include "plugins/kubernetes/model_api_server.h"
#include "plugins/kubernetes/test_cluster.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin kubernetes_plugin;
}

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;
using cluster::Kind;
using dns::RRType;
using portolan::testing::PluginFixture;

namespace {

using Lines = std::vector<std::string>;

/// The handler's state, which a reload replaces while others read it.
class Current {
 public:
  explicit Current(std::shared_ptr<kubernetes::Standing> first) : standing_(std::move(first)) {}
  std::shared_ptr<kubernetes::Standing> get() {
    const std::lock_guard lock(mutex_);
    return standing_;
  }
  void set(std::shared_ptr<kubernetes::Standing> next) {
    const std::lock_guard lock(mutex_);
    standing_.swap(next);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<kubernetes::Standing> standing_;
};

SourceOptions reading(const ModelApiServer& api, int generation) {
  SourceOptions options;
  options.api.url = api.url();
  options.api.qps = 10000 + generation;  // another state of the same cluster
  options.api.burst = 10000;
  options.wanted.pods = true;
  return options;
}

bool eventually(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string moving(int round) { return R"("spec":{"clusterIP":"10.97.0.)" + std::to_string(round) + "\"}"; }

}  // namespace

TEST_CASE("kubernetes: questions, changes, cuts, reloads and scrapes side by side lose nothing") {
  register_metrics();
  ModelApiServer api;
  api.put(Kind::namespace_, "", "a");
  api.put(Kind::service, "a", "web", R"("spec":{"clusterIP":"10.96.0.1"})");
  api.put(Kind::service, "a", "moving", moving(0));
  const Settings settings = settings_for("zone.");
  auto state = ClusterState::get(reading(api, 0), system_clock());
  REQUIRE(state.has_value());
  Current current(kubernetes::Standing::begin(*state, nullptr));
  REQUIRE(eventually([&] { return (*state)->index().synced(); }));
  *state = nullptr;

  std::atomic<bool> done{false};
  std::atomic<int> asked{0}, wrong{0}, moved{0}, unexposed{0};
  std::thread readers[2];
  for (std::thread& reader : readers) {
    reader = std::thread([&] {
      while (!done.load(std::memory_order_relaxed)) {
        const auto standing = current.get();
        const rcu::ReadGuard guard;
        const Index& index = standing->content();
        if (ask(index, settings, "web.a.svc.zone.", RRType::a) != Lines{"web.a.svc.zone. 5 IN A 10.96.0.1"}) ++wrong;
        if (ask(index, settings, "moving.a.svc.zone.", RRType::a).size() != 1) ++moved;
        ask(index, settings, "10-1-0-1.a.pod.zone.", RRType::a);
        ask(index, settings, "1.0.97.10.in-addr.arpa.", RRType::ptr);
        ++asked;
      }
    });
  }
  std::thread scraper([&] {
    while (!done.load(std::memory_order_relaxed)) {
      if (metrics::exposition().find("portolan_kubernetes_connected") == std::string::npos) ++unexposed;
    }
  });

  for (int round = 1; round <= 20; ++round) {
    for (int i = 0; i < 10; ++i) {
      api.put(Kind::service, "a", "filler" + std::to_string(i), moving(100 + i));
      api.put(Kind::pod, "a", "p" + std::to_string(i), R"("status":{"phase":"Running","podIP":"10.1.0.1"})");
      api.put(Kind::endpoint_slice, "a", "web-1", R"("addressType":"IPv4","endpoints":[{"addresses":["10.2.0.1"]}])",
              R"("kubernetes.io/service-name":"web")");
      if (i % 2) api.remove(Kind::pod, "a", "p" + std::to_string(i));
    }
    if (round % 3 == 0) api.cut();
    if (round % 5 == 0) {
      api.compact();
      api.cut();
    }
    api.put(Kind::service, "a", "moving", moving(round));
    auto next = ClusterState::get(reading(api, round % 4), system_clock());
    REQUIRE(next.has_value());
    current.set(kubernetes::Standing::begin(*next, current.get()->answering()));
    const Lines want{"moving.a.svc.zone. 5 IN A 10.97.0." + std::to_string(round)};
    CHECK(eventually([&] {
      const auto standing = current.get();
      const rcu::ReadGuard guard;
      return ask(standing->content(), settings, "moving.a.svc.zone.", RRType::a) == want;
    }));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  scraper.join();
  CHECK(wrong.load() == 0);
  CHECK(moved.load() == 0);
  CHECK(unexposed.load() == 0);
  CHECK(asked > 0);
}

TEST_CASE("kubernetes: whether it is ready may be asked while one index takes the place of another") {
  const auto server = [](const char* labels, const PluginFixture* previous) {
    return std::make_unique<PluginFixture>(
        ". {\n kubernetes zone {\n endpoint http://127.0.0.1:1\n labels " + std::string(labels) + "\n }\n}\n",
        std::vector{kubernetes_plugin}, previous);
  };
  const auto own_index = [](PluginFixture& fixture) -> Index& {
    return const_cast<Index&>(fixture.handler<Kubernetes>("kubernetes").own_state().index());
  };
  for (int round = 0; round < 5; ++round) {
    auto first = server("a", nullptr);
    REQUIRE(first->ok());
    snapshot_all(own_index(*first));
    const auto second = server("b", first.get());
    REQUIRE(second->ok());
    const auto& plugin = second->handler<Kubernetes>("kubernetes");
    std::atomic<bool> done{false};
    std::atomic<int> asked{0}, unready{0};
    std::thread asking([&] {
      while (!done) {
        if (!plugin.ready()) ++unready;
        ++asked;
      }
    });
    while (asked == 0) std::this_thread::yield();
    first.reset();  // now only the second one's wait holds its state
    snapshot_all(own_index(*second));
    done = true;
    asking.join();
    CHECK(unready == 0);
    CHECK(plugin.ready());
  }
}

TEST_CASE("kubernetes: states of one API server are shown as connected as the least of them") {
  register_metrics();
  ModelApiServer api;
  SourceOptions slow = reading(api, 0);
  slow.api.qps = 0.001;  // one kind is read, the others wait for their turn
  slow.api.burst = 1;
  auto waiting = ClusterState::get(slow, system_clock());
  REQUIRE(waiting.has_value());
  auto state = ClusterState::get(reading(api, 1), system_clock());
  REQUIRE(state.has_value());
  REQUIRE((*waiting)->label() == (*state)->label());
  const auto connected = [&] {
    const std::string all = metrics::exposition();
    int count = 0;
    for (const char* kind : {"endpointslice", "namespace", "pod", "service"}) {
      const std::string head = std::string("portolan_kubernetes_connected{kind=\"") + kind + "\",source=\"";
      count += all.find(head + (*state)->label() + "\"} 1") != std::string::npos;
    }
    return count;
  };
  REQUIRE(eventually([&] { return (*state)->index().synced(); }));
  CHECK(connected() <= 1);
  *waiting = nullptr;  // it ends on a thread of its own
  CHECK(eventually([&] { return connected() == 4; }));
}
