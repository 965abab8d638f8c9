// Whatever happens to a cluster's objects, three ways to learn of it lead to the same answers: a watch that has seen
// every change (and was cut and compacted on the way), a list afterwards, and the objects as manifests. PORTOLAN_SEED=N
// runs the sequence N alone.
#include <doctest/doctest.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>

#include "base/rcu.h"
#include "base/temporary_folder.h"
#include "plugins/kubernetes/model_api_server.h"
#include "plugins/kubernetes/test_cluster.h"

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;
using cluster::Kind;
using dns::RRType;

namespace {

using Lines = std::vector<std::string>;
constexpr Shape kShape{.endpoint_slices = true, .pods = true, .pod_names = false};
constexpr const char* kLast = "last";  // an object of each kind, made after all others

/// An index that can be waited for: until each kind has seen its last object and no snapshot is open.
class Reading : public cluster::Sink {
 public:
  explicit Reading(std::unique_ptr<cluster::Source> source) : source_(std::move(source)) {
    const auto started = source_->start(*this);
    REQUIRE_MESSAGE(started.has_value(), started.error().message);
  }
  ~Reading() override { source_->stop(); }

  bool begun() {
    return wait([](const State& kind) { return kind.synced; });
  }
  bool complete() {
    return wait([](const State& kind) { return kind.last && !kind.open; });
  }
  const Index& index() const { return index_; }

  void begin_snapshot(Kind kind) override {
    index_.begin_snapshot(kind);
    note(kind, [](State& state) { state.open = true; });
  }
  void end_snapshot(Kind kind) override {
    index_.end_snapshot(kind);
    note(kind, [](State& state) { state.open = false, state.synced = true; });
  }
  void apply(cluster::Object&& object) override {
    const Kind kind = cluster::kind(object);
    const bool last = cluster::metadata(object).name == kLast;
    index_.apply(std::move(object));
    if (last) note(kind, [](State& state) { state.last = true; });
  }
  void remove(Kind kind, std::string_view space, std::string_view name) override { index_.remove(kind, space, name); }
  void connection(Kind kind, bool working, std::string_view reason) override {
    index_.connection(kind, working, reason);
  }

 private:
  struct State {
    bool open = false, synced = false, last = false;
  };
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return std::all_of(kinds_.begin(), kinds_.end(), condition); });
  }
  template <class Change>
  void note(Kind kind, Change change) {
    const std::lock_guard lock(mutex_);
    change(kinds_[static_cast<size_t>(kind)]);
    changed_.notify_all();
  }

  const FakeClock clock_;
  Index index_{kShape, clock_};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<State, cluster::kKinds - 1> kinds_;  // imports, the last, are not read
  std::unique_ptr<cluster::Source> source_;
};

/// Objects as an API server holds them, changed at random.
class Dice {
 public:
  Dice(ModelApiServer& api, uint64_t seed) : api_(api), random_(seed) {}

  void change() {
    const std::string space = pick({"a", "b", "c"}), name = pick({"s", "t", "u", "v"});
    switch (below(16)) {
      case 0:
        return api_.put(Kind::namespace_, "", space);
      case 1:
        return api_.remove(Kind::namespace_, "", space);
      case 2:
      case 3:
        return api_.remove(Kind::service, space, name);
      case 4:
        return api_.remove(Kind::endpoint_slice, space, name + pick({"-1", "-2"}));
      case 5:
        return api_.remove(Kind::pod, space, name);
      case 6:
      case 7:
        return api_.put(Kind::pod, space, name, pod());
      case 8:
      case 9:
      case 10:
      case 11:
        return api_.put(Kind::endpoint_slice, space, name + pick({"-1", "-2"}), slice(),
                        R"("kubernetes.io/service-name":")" + pick({"s", "t", "u", "v"}) + "\"");
      default:
        return api_.put(Kind::service, space, name, service(space, name));
    }
  }
  void accident() {
    const int what = below(12);
    if (what == 0) api_.cut();
    if (what == 1) {
      api_.compact();
      api_.cut();
    }
  }
  void finish() {
    api_.put(Kind::namespace_, "", kLast);
    api_.put(Kind::service, kLast, kLast, R"("spec":{"clusterIP":"None","clusterIPs":["None"]})");
    api_.put(Kind::endpoint_slice, kLast, kLast, slice(), R"("kubernetes.io/service-name":"last")");
    api_.put(Kind::pod, kLast, kLast, R"("status":{"phase":"Running","podIP":"10.1.0.9"})");
  }

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }
  std::string pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }

  std::string service(const std::string& space, const std::string& name) {
    // A cluster address belongs to one service.
    const std::string tail = std::to_string(space[0]) + "." + std::to_string(name[0]);
    const std::string flag = below(4) ? "" : R"(,"publishNotReadyAddresses":true)";
    switch (below(5)) {
      case 0:
        return R"("spec":{"type":"ExternalName","externalName":"target.example"})";
      case 1:
        return R"("spec":{"clusterIP":"10.96.)" + tail + R"(","clusterIPs":["10.96.)" + tail + R"(","fd00::)" +
               std::to_string(name[0]) + R"("],"ports":)" + ports() + "}";
      case 2:
        return R"("spec":{"clusterIP":"10.97.)" + tail + R"(","ports":)" + ports() + "}";
      default:
        return R"("spec":{"clusterIP":"None","clusterIPs":["None"],"ports":)" + ports() + flag + "}";
    }
  }
  std::string ports() {
    return pick({"[]", R"([{"name":"http","port":80,"protocol":"TCP"}])", R"([{"port":53,"protocol":"UDP"}])",
                 R"([{"name":"http","port":8080},{"name":"dns","port":53,"protocol":"UDP"}])"});
  }
  std::string slice() {
    const bool six = below(4) == 0;
    std::string endpoints;
    for (int count = below(4); count > 0; --count) {
      const std::string last = std::to_string(1 + below(4));
      endpoints += (endpoints.empty() ? "" : ",") +
                   (R"({"addresses":[")" + ((six ? "fd00:1::" : "10.1.0.") + last) + R"("],"conditions":{"ready":)" +
                    pick({"true", "false"}) + "}" + (below(2) ? "" : R"(,"hostname":"h)" + last + "\"") + "}");
    }
    return R"("addressType":")" + std::string(six ? "IPv6" : "IPv4") + R"(","endpoints":[)" + endpoints +
           R"(],"ports":)" + ports();
  }
  std::string pod() {
    const std::string phase = pick({"Running", "Running", "Pending", "Succeeded", "Failed"});
    return R"("status":{"phase":")" + phase + "\"" +
           (below(5) ? R"(,"podIP":"10.1.0.)" + std::to_string(1 + below(4)) + "\"" : "") + "}";
  }

  ModelApiServer& api_;
  std::mt19937_64 random_;
};

/// Every question that any state of the cluster has an answer to, with its answer.
Lines answers(const Index& index) {
  const Settings settings = settings_for("zone.");
  Lines lines;
  const auto add = [&](const std::string& name, RRType type) {
    const rcu::ReadGuard reading;
    std::string line = name + " " + std::to_string(static_cast<int>(type));
    for (const std::string& record : ask(index, settings, name, type)) line += " | " + record;
    lines.push_back(line);
  };
  for (const char* space : {"a", "b", "c", "last"}) {
    add(std::string(space) + ".svc.zone.", RRType::a);
    for (const char* name : {"s", "t", "u", "v", "last"}) {
      const std::string service = std::string(name) + "." + space + ".svc.zone.";
      for (const RRType type : {RRType::a, RRType::aaaa, RRType::srv, RRType::cname}) add(service, type);
      for (const char* port : {"_http._tcp.", "_dns._udp.", "_*._udp."}) add(port + service, RRType::srv);
      for (const char* host : {"h1.", "h3.", "10-1-0-2."}) add(host + service, RRType::a);
      const std::string tail = std::to_string(name[0]) + "." + std::to_string(space[0]);
      add(tail + ".96.10.in-addr.arpa.", RRType::ptr);
      add(tail + ".97.10.in-addr.arpa.", RRType::ptr);
    }
    for (const char* pod : {"10-1-0-1", "10-1-0-2", "10-1-0-3", "10-1-0-4", "10-1-0-9"})
      add(std::string(pod) + "." + space + ".pod.zone.", RRType::a);
  }
  for (const char* last : {"1", "2", "3", "4"}) add(std::string(last) + ".0.1.10.in-addr.arpa.", RRType::ptr);
  return lines;
}

cluster::ApiServer at(const ModelApiServer& api) {
  cluster::ApiServer server;
  server.url = api.url();
  server.qps = server.burst = 10000;
  return server;
}

struct Folder : TemporaryFolder {
  explicit Folder(const Lines& documents) {
    std::string all;
    for (const std::string& document : documents) all += "---\n" + document + "\n";
    write("cluster.yaml", all);
  }
};

}  // namespace

TEST_CASE("kubernetes: random changes give the same answers through a watch, a list and manifests") {
  const char* wanted = std::getenv("PORTOLAN_SEED");
  const uint64_t first = wanted ? std::strtoull(wanted, nullptr, 10) : 1;
  const uint64_t last = wanted ? first : 200;
  MESSAGE("seeds ", first, " to ", last);
  cluster::Wanted all;
  all.pods = true;
  int different = 0;
  Lines before;
  for (uint64_t seed = first; seed <= last; ++seed) {
    CAPTURE(seed);
    ModelApiServer api;
    Dice dice(api, seed);
    for (uint64_t i = 0; i < seed % 20; ++i) dice.change();
    Reading watched(cluster::api_source(at(api), all, system_clock()));
    if (seed % 4) REQUIRE(watched.begun());  // else the first changes race with the list
    for (int i = 0; i < 60; ++i) {
      dice.change();
      dice.accident();
    }
    dice.finish();
    REQUIRE(watched.complete());

    api.stream_lists(seed % 2 == 0);
    Reading listed(cluster::api_source(at(api), all, system_clock()));
    const Folder folder(api.documents());
    Reading manifests(cluster::manifests_source({folder.path()}, all));
    REQUIRE(listed.complete());
    REQUIRE(manifests.complete());

    const Lines seen = answers(watched.index());
    REQUIRE(seen == answers(listed.index()));
    REQUIRE(seen == answers(manifests.index()));
    if (seen != before) ++different;
    before = seen;
  }
  CHECK(different == static_cast<int>(last - first + 1));  // they are sequences of different ends
}
