// Profiles: what is sampled, how it is named, and that the file says it.
#include "plugins/pprof/profile.h"

#include <doctest/doctest.h>
#include <pthread.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "plugins/pprof/read_profile_test.h"

namespace portolan::pprof {

// Not in an unnamed namespace, so that its name is the same for everyone.
std::atomic<double> spent{0};
__attribute__((noinline)) void spend_some_time() {
  double value = 1;
  for (int i = 0; i < 100'000; ++i) value = value * 1.0000001 + 1e-9;
  spent.store(value, std::memory_order_relaxed);
}

namespace {

using testing::read_profile;
using testing::ReadProfile;

/// A thread of some name that spends CPU time in spend_some_time().
class Spender {
 public:
  Spender()
      : thread_([this] {
          pthread_setname_np(pthread_self(), "spender");
          named_.store(true);
          while (!ends_.load()) spend_some_time();
        }) {
    while (!named_.load()) std::this_thread::yield();
  }
  ~Spender() {
    ends_.store(true);
    thread_.join();
  }

 private:
  std::atomic<bool> named_{false}, ends_{false};
  std::thread thread_;
};

bool contains(const std::vector<std::string>& stack, const std::string& name) {
  return std::find(stack.begin(), stack.end(), name) != stack.end();
}

TEST_CASE("pprof: a profile shows in which function which thread spends its time") {
  const Spender spender;
  bool found = false, whole = true;
  // A machine under load may give the thread no time for a while.
  for (int attempt = 0; attempt < 50 && !found; ++attempt) {
    const auto samples = CpuSampler::collect(std::chrono::milliseconds(100));
    REQUIRE(samples.has_value());
    CHECK(samples->lost == 0);
    Symbols symbols;
    const ReadProfile profile = read_profile(cpu_profile(*samples, symbols));
    CHECK(profile.gzipped);
    CHECK(profile.sample_types == std::vector<std::string>{"samples/count", "cpu/nanoseconds"});
    CHECK(profile.period_type == "cpu/nanoseconds");
    CHECK(profile.period == 10'000'000);
    CHECK(profile.duration >= 100'000'000);
    for (const auto& sample : profile.samples) {
      whole &= sample.values.size() == 2 && sample.values[1] == sample.values[0] * profile.period;
      found |= sample.labels.at("thread") == "spender" && contains(sample.stack, "portolan::pprof::spend_some_time()");
    }
  }
  CHECK(found);
  CHECK(whole);
}

TEST_CASE("pprof: one collection at a time, and one that is cancelled ends at once") {
  std::thread first([] {
    const auto samples = CpuSampler::collect(std::chrono::hours(1));
    CHECK(samples.has_value());
  });
  while (!CpuSampler::busy()) std::this_thread::yield();
  const auto second = CpuSampler::collect(std::chrono::nanoseconds(0));
  REQUIRE(second.has_error());
  CHECK(second.error().message == "cpu profiling already in use");
  CpuSampler::cancel();
  first.join();
  CHECK(CpuSampler::collect(std::chrono::nanoseconds(0)).has_value());
}

TEST_CASE("pprof: samples of one stack and thread are one, and addresses without a name stay addresses") {
  Samples samples;
  samples.period = std::chrono::milliseconds(10);
  const auto here = reinterpret_cast<uintptr_t>(&spend_some_time);
  samples.all = {{"a", {here}}, {"a", {here}}, {"b", {here}}, {"b", {1, here}}};
  samples.lost = 3;
  Symbols symbols;
  const ReadProfile profile = read_profile(cpu_profile(samples, symbols));
  REQUIRE(profile.samples.size() == 3);
  const std::string name = "portolan::pprof::spend_some_time()";
  CHECK(profile.samples[0].stack == std::vector<std::string>{name});
  CHECK(profile.samples[0].values == std::vector<int64_t>{2, 20'000'000});
  CHECK(profile.samples[1].labels.at("thread") == "b");
  CHECK(profile.samples[1].stack == std::vector<std::string>{"", name});
  CHECK(profile.samples[2].stack == std::vector<std::string>{name});
  CHECK(profile.comments == std::vector<std::string>{"3 samples found no room"});
}

TEST_CASE("pprof: functions of the program and of its libraries have names") {
  Symbols symbols;
  CHECK(symbols.name(reinterpret_cast<uintptr_t>(&spend_some_time) + 1) == "portolan::pprof::spend_some_time()");
  CHECK(symbols.name(1).empty());
  CHECK(symbols.mapping_of(1) == -1);
  const int own = symbols.mapping_of(reinterpret_cast<uintptr_t>(&spend_some_time));
  REQUIRE(own >= 0);
  CHECK(symbols.mappings()[static_cast<size_t>(own)].file.find("plugin_pprof_tests") != std::string::npos);
  CHECK(symbols.mappings()[static_cast<size_t>(own)].has_symbols);
}

TEST_CASE("pprof: the heap's profile has malloc's totals") {
  const ReadProfile profile = read_profile(heap_profile({1000, 200, 30}));
  CHECK(profile.sample_types == std::vector<std::string>{"inuse_space/bytes", "held_space/bytes"});
  CHECK(profile.default_sample_type == "inuse_space");
  int64_t used = 0, held = 0;
  for (const auto& sample : profile.samples) {
    used += sample.values.at(0);
    held += sample.values.at(1);
  }
  CHECK(used == 1200);
  CHECK(held == 1230);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose allocators count for themselves
  // What is allocated beyond the threshold of mappings is seen as such.
  const HeapNumbers before = heap_numbers();
  const std::vector<char> large(64 << 20);
  CHECK(heap_numbers().mapped >= before.mapped + large.size());
#endif
}

}  // namespace
}  // namespace portolan::pprof
