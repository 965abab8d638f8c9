// The index under changes: the same answers as one built at once, nothing rebuilt in vain, nothing left behind.
#include "plugins/kubernetes/index.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <thread>

#include "base/rcu.h"
#include "plugins/kubernetes/test_cluster.h"

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;
using cluster::Kind;
using dns::RRType;

namespace {

using Lines = std::vector<std::string>;
constexpr Shape kShape{.endpoint_slices = true, .pods = true, .pod_names = false};

// A small cluster whose objects change at random, and the objects as they stand.
class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}

  void change(Index& index) {
    const std::string space = pick({"a", "b"});
    const std::string service = pick({"s", "t", "u"});
    const std::string name = pick({"s-1", "s-2", "x"});
    const int what = below(12);
    if (what < 4) {
      put(index, slice_object(space, service, name, endpoints(), ports()));
    } else if (what < 6) {
      drop(index, Kind::endpoint_slice, space, name);
    } else if (what < 9) {
      // A cluster address belongs to one service.
      const std::string ip =
          "10." + std::to_string(space[0]) + "." + std::to_string(service[0]) + "." + pick({"1", "2"});
      put(index, below(3) ? service_object(space, service, {below(2) ? "None" : ip}, ports())
                          : alias_object(space, service, "target.example"));
    } else if (what == 9) {
      drop(index, Kind::service, space, service);
    } else if (what == 10) {
      put(index, pod_object(space, name, "10.1.0." + std::to_string(below(3)), below(4) ? "Running" : "Failed"));
    } else {
      drop(index, Kind::pod, space, name);
    }
  }
  void fill(Index& index) const {
    for (const auto& [key, object] : objects_) index.apply(cluster::Object(object));
  }

 private:
  using Key = std::tuple<Kind, std::string, std::string>;

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  std::string pick(std::vector<std::string> from) {
    return from[static_cast<size_t>(below(static_cast<int>(from.size())))];
  }
  std::vector<std::string> endpoints() {
    std::vector<std::string> result;
    for (int i = below(4); i > 0; --i) {
      result.push_back(pick({"10.2.0.1", "10.2.0.2", "fd00::1", "fd00::2", "10.2.0.3=h", "fd00::3=h", "10.2.0.1=k"}));
    }
    return result;
  }
  std::vector<cluster::Port> ports() {
    std::vector<cluster::Port> result;
    if (below(4)) result.push_back({"http", "TCP", 80});
    if (below(2)) result.push_back({"dns", "UDP", 53});
    if (below(3) == 0) result.push_back({"dns-tcp", "TCP", 53});
    return result;
  }
  void put(Index& index, cluster::Object object) {
    const auto& meta = cluster::metadata(object);
    objects_[{cluster::kind(object), meta.space, meta.name}] = object;
    index.apply(std::move(object));
  }
  void drop(Index& index, Kind kind, const std::string& space, const std::string& name) {
    objects_.erase({kind, space, name});
    index.remove(kind, space, name);
  }

  std::mt19937 random_;
  std::map<Key, cluster::Object> objects_;
};

// Every answer that the small cluster can give.
std::map<std::string, Lines> everything(const Index& index) {
  const Settings settings = settings_for("zone.");
  std::map<std::string, Lines> result;
  for (const std::string space : {"a", "b"}) {
    for (const std::string service : {"s", "t", "u"}) {
      for (const std::string prefix :
           {"", "h.", "k.", "10-2-0-1.", "fd00--1.", "_http._tcp.", "_dns._udp.", "_._udp."}) {
        const std::string name = prefix + service + "." + space + ".svc.zone.";
        for (const RRType type : {RRType::a, RRType::aaaa, RRType::srv, RRType::cname}) {
          result[name + dns::text(type)] = ask(index, settings, name, type);
        }
      }
    }
    for (int i = 0; i < 3; ++i) {
      const std::string name = "10-1-0-" + std::to_string(i) + "." + space + ".pod.zone.";
      result[name] = ask(index, settings, name, RRType::srv);
    }
  }
  for (int i = 0; i < 5; ++i) {
    for (const std::string net : {".115.97.10", ".116.97.10", ".117.98.10", ".0.2.10"}) {
      const std::string name = std::to_string(i) + net + ".in-addr.arpa.";
      result[name] = ask(index, settings, name, RRType::ptr);
    }
  }
  return result;
}

void start(Index& index) {
  snapshot_all(index);
  for (const char* space : {"a", "b"}) index.apply(space_object(space));
}

}  // namespace

TEST_CASE("kubernetes: after any changes the index answers like one built at once") {
  const FakeClock clock;
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    Index changed(kShape, clock);
    start(changed);
    for (int round = 0; round < 5; ++round) {
      for (int i = 0; i < 30; ++i) dice.change(changed);
      Index fresh(kShape, clock);
      start(fresh);
      dice.fill(fresh);
      CHECK(everything(changed) == everything(fresh));
    }
  }
}

TEST_CASE("kubernetes: a snapshot removes what it does not repeat and keeps the rest as it is") {
  const FakeClock clock;
  Index index(kShape, clock);
  start(index);
  index.apply(service_object("a", "stays", {"10.0.0.1"}));
  index.apply(service_object("a", "goes", {"10.0.0.2"}));
  index.apply(slice_object("a", "stays", "stays-1", {"10.2.0.1"}));
  index.apply(slice_object("a", "stays", "stays-2", {"10.2.0.2"}));
  index.apply(pod_object("a", "p", "10.1.0.1"));
  const Settings settings = settings_for("zone.");
  const Entry* const before = index.services().find("\5stays\1a\3svc");
  REQUIRE(before != nullptr);

  index.begin_snapshot(Kind::service);
  index.apply(service_object("a", "stays", {"10.0.0.1"}));
  CHECK(ask(index, settings, "goes.a.svc.zone.", RRType::a).front() != "NXDOMAIN");
  index.end_snapshot(Kind::service);
  CHECK(ask(index, settings, "goes.a.svc.zone.", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(ask(index, settings, "2.0.0.10.in-addr.arpa.", RRType::ptr) == Lines{"NXDOMAIN"});
  CHECK(index.services().find("\5stays\1a\3svc") == before);

  index.begin_snapshot(Kind::endpoint_slice);
  index.apply(slice_object("a", "stays", "stays-2", {"10.2.0.2"}));
  index.end_snapshot(Kind::endpoint_slice);
  CHECK(ask(index, settings, "10-2-0-1.stays.a.svc.zone.", RRType::a) == Lines{"NXDOMAIN"});
  CHECK(ask(index, settings, "10-2-0-2.stays.a.svc.zone.", RRType::a).front() != "NXDOMAIN");

  index.begin_snapshot(Kind::pod);
  index.end_snapshot(Kind::pod);
  CHECK(ask(index, settings, "10-1-0-1.a.pod.zone.", RRType::a) == Lines{"NXDOMAIN"});
  index.begin_snapshot(Kind::namespace_);
  index.end_snapshot(Kind::namespace_);
  CHECK(ask(index, settings, "stays.a.svc.zone.", RRType::a) == Lines{"NXDOMAIN"});
}

TEST_CASE("kubernetes: slices of both address families make one SRV for a host with two addresses") {
  const FakeClock clock;
  Index index(kShape, clock);
  start(index);
  index.apply(service_object("a", "s", {"None"}));
  index.apply(slice_object("a", "s", "s-4", {"10.2.0.1=web-0"}));
  index.apply(slice_object("a", "s", "s-6", {"fd00::1=web-0"}));
  index.apply(slice_object("a", "s", "s-copy", {"10.2.0.1=web-0"}));
  CHECK(ask(index, settings_for("zone."), "s.a.svc.zone.", RRType::srv) ==
        Lines{"+ web-0.s.a.svc.zone. 5 IN A 10.2.0.1", "+ web-0.s.a.svc.zone. 5 IN AAAA fd00::1",
              "s.a.svc.zone. 5 IN SRV 0 33 80 web-0.s.a.svc.zone."});
  CHECK(ask(index, settings_for("zone."), "s.a.svc.zone.", RRType::a) == Lines{"s.a.svc.zone. 5 IN A 10.2.0.1"});
}

TEST_CASE("kubernetes: the serial moves with what shows in the zone") {
  FakeClock clock;
  Index index(kShape, clock);
  start(index);
  CHECK(index.services().serial() == 0);
  const auto moves = [&](cluster::Object object) {
    clock.advance(std::chrono::seconds(5));
    const uint32_t before = index.services().serial();
    index.apply(std::move(object));
    return index.services().serial() != before;
  };
  CHECK(moves(service_object("a", "s", {"10.0.0.1"})));
  CHECK_FALSE(moves(service_object("a", "s", {"10.0.0.1"})));
  CHECK_FALSE(moves(service_object("a", "s", {"10.0.0.2"})));
  CHECK(moves(service_object("a", "s", {"10.0.0.2"}, {{"http", "TCP", 81}})));
  CHECK(moves(slice_object("a", "s", "s-1", {"10.2.0.1"})));
  CHECK_FALSE(moves(slice_object("a", "s", "s-1", {"10.2.0.1"})));
  CHECK(moves(slice_object("a", "s", "s-1", {"10.2.0.2"})));
  CHECK(moves(pod_object("a", "p", "10.1.0.1")));
  CHECK_FALSE(moves(pod_object("a", "p", "10.1.0.1")));
  cluster::Pod terminating = pod_object("a", "p", "10.1.0.9");
  terminating.meta.terminating = true;
  CHECK_FALSE(moves(terminating));
  CHECK(index.pods(IpAddress::parse("10.1.0.1").value(), "a") == 1);
  CHECK(moves(pod_object("a", "p", "10.1.0.1", "Succeeded")));
  CHECK_FALSE(moves(space_object("c")));
}

TEST_CASE("kubernetes: a cluster is synced when each kind is") {
  const FakeClock clock;
  Index index({.endpoint_slices = false, .pods = false, .pod_names = false}, clock);
  int calls = 0;
  index.when_synced([&] { ++calls; });
  index.end_snapshot(Kind::service);
  CHECK_FALSE(index.synced());
  CHECK(calls == 0);
  index.end_snapshot(Kind::namespace_);
  CHECK(index.synced());
  index.end_snapshot(Kind::namespace_);
  CHECK(calls == 1);
}

TEST_CASE("kubernetes: readers see whole answers while the index changes") {
  const FakeClock clock;
  Index index(kShape, clock);
  start(index);
  const Settings settings = settings_for("zone.");
  std::atomic<bool> done{false};
  std::atomic<int> broken{0};
  const auto read = [&] {
    while (!done.load(std::memory_order_relaxed)) {
      const rcu::ReadGuard reading;
      const rcu::ReadGuard guard;
      // Both endpoints come and go together.
      const size_t lines = ask(index, settings, "s.a.svc.zone.", RRType::srv).size();
      if (lines != 1 && lines != 4) broken.fetch_add(1);
      ask(index, settings, "1.0.2.10.in-addr.arpa.", RRType::ptr);
      ask(index, settings, "10-1-0-1.a.pod.zone.", RRType::a);
    }
  };
  std::thread first(read), second(read);
  index.apply(service_object("a", "s", {"None"}));
  for (int i = 0; i < 300; ++i) {
    index.apply(slice_object("a", "s", "s-1", {"10.2.0.1", "10.2.0." + std::to_string(2 + i % 50)}));
    index.apply(pod_object("a", "p" + std::to_string(i % 40), "10.1.0." + std::to_string(i % 3)));
    index.apply(service_object("a", "filler" + std::to_string(i), {"10.3.0." + std::to_string(i % 250)}));
    if (i % 7 == 0) index.remove(Kind::endpoint_slice, "a", "s-1");
    if (i % 5 == 0) index.remove(Kind::pod, "a", "p" + std::to_string(i % 40));
    if (i % 50 == 0) {
      index.begin_snapshot(Kind::service);
      index.apply(service_object("a", "s", {"None"}));
      index.end_snapshot(Kind::service);
    }
  }
  done = true;
  first.join();
  second.join();
  CHECK(broken == 0);
}
