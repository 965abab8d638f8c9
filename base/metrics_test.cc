// Tests of metrics: counting over threads, families by name, the text that a scrape sees.
#include "base/metrics.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

namespace portolan::metrics {
namespace {

bool exposes(const std::string& line) { return ("\n" + exposition()).find("\n" + line + "\n") != std::string::npos; }

TEST_CASE("metrics: a counter adds up what all threads counted, also those that ended") {
  const Counter counter = CounterFamily("test_threads_total", "x").with();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) counter.add();
    });
  }
  for (auto& thread : threads) thread.join();
  counter.add(5);
  std::thread([&] { counter.add(7); }).join();
  CHECK(counter.value() == 4012);
}

TEST_CASE("metrics: reading while others count sees a value in between") {
  const Counter counter = CounterFamily("test_concurrent_total", "x").with();
  std::thread writer([&] {
    for (int n = 0; n < 100000; ++n) counter.add();
  });
  uint64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const uint64_t now = counter.value();
    CHECK(now >= last);
    last = now;
  }
  writer.join();
  CHECK(counter.value() == 100000);
}

TEST_CASE("metrics: the second family of a name is the first") {
  const CounterFamily first("test_again_total", "x", {"zone"});
  first.with({"a."}).add(2);
  const CounterFamily second("test_again_total", "x", {"zone"});
  CHECK(second.with({"a."}).value() == 2);
  CHECK(second.with({"b."}).value() == 0);
}

TEST_CASE("metrics: families without children are not shown, those without labels show 0") {
  const CounterFamily silent("test_silent_total", "x", {"zone"});
  const CounterFamily plain("test_plain_total", "what it is");
  const HistogramFamily histogram("test_plain_seconds", "x", {}, {0.5});
  CHECK(exposition().find("test_silent_total") == std::string::npos);
  CHECK(exposes("# HELP test_plain_total what it is\n# TYPE test_plain_total counter\ntest_plain_total 0"));
  CHECK(exposes("test_plain_seconds_count 0"));
}

TEST_CASE("metrics: labels are shown by name and escaped") {
  const CounterFamily family("test_labels_total", "x", {"zone", "server"});
  family.with({"a\"b\\c\nd", "dns://:53"}).add(3);
  CHECK(exposes("test_labels_total{server=\"dns://:53\",zone=\"a\\\"b\\\\c\\nd\"} 3"));
}

TEST_CASE("metrics: families are shown by name") {
  const CounterFamily b("test_order_b_total", "x"), a("test_order_a_total", "x");
  const std::string text = exposition();
  CHECK(text.find("test_order_a_total") < text.find("test_order_b_total"));
}

TEST_CASE("metrics: a histogram counts cumulatively, bounds included") {
  const HistogramFamily family("test_time_seconds", "x", {"zone"}, {0.00025, 0.5, 16000});
  const Histogram histogram = family.with({"."});
  for (const double value : {0.0001, 0.00025, 0.3, 0.5, 0.51, 20000.0}) histogram.observe(value);
  CHECK(histogram.count() == 6);
  CHECK(exposes("test_time_seconds_bucket{zone=\".\",le=\"0.00025\"} 2"));
  CHECK(exposes("test_time_seconds_bucket{zone=\".\",le=\"0.5\"} 4"));
  CHECK(exposes("test_time_seconds_bucket{zone=\".\",le=\"16000\"} 5"));
  CHECK(exposes("test_time_seconds_bucket{zone=\".\",le=\"+Inf\"} 6"));
  CHECK(exposes("test_time_seconds_count{zone=\".\"} 6"));
  CHECK(exposition().find("test_time_seconds_sum{zone=\".\"} 20001.3103") != std::string::npos);
}

TEST_CASE("metrics: a gauge goes up and down and can be taken away and brought back") {
  const GaugeFamily family("test_gauge", "x", {"name"});
  const Gauge gauge = family.with({"one"});
  gauge.set(2.5);
  gauge.add(-1);
  CHECK(exposes("test_gauge{name=\"one\"} 1.5"));
  family.remove({"one"});
  CHECK(exposition().find("test_gauge") == std::string::npos);
  family.with({"one"});
  CHECK(exposes("test_gauge{name=\"one\"} 0"));
  family.with({"two"}).set(1);
  family.clear();
  CHECK(exposition().find("test_gauge") == std::string::npos);
}

TEST_CASE("metrics: default-made handles count into nothing") {
  Counter().add();
  Gauge().set(1);
  Histogram().observe(1);
  CHECK(Counter().value() == 0);
  CHECK(Histogram().count() == 0);
}

TEST_CASE("metrics: hooks run before each scrape until they are forgotten") {
  const Gauge gauge = GaugeFamily("test_hook", "x").with();
  const uint64_t id = before_scrape([&] { gauge.add(1); });
  CHECK(exposes("test_hook 1"));
  CHECK(exposes("test_hook 2"));
  forget(id);
  CHECK(exposes("test_hook 2"));
}

TEST_CASE("metrics: a computed value is read at each scrape") {
  static double value = 1.25;  // the family stays
  computed(Computed::counter, "test_computed_total", "x", [] { return value; });
  CHECK(exposes("# TYPE test_computed_total counter\ntest_computed_total 1.25"));
  value = 2;
  CHECK(exposes("test_computed_total 2"));
  computed(Computed::counter, "test_computed_total", "x", [] { return 77; });
  CHECK(exposes("test_computed_total 2"));
}

TEST_CASE("metrics: many children keep their own cells over the end of a chunk") {
  const HistogramFamily family("test_many_seconds", "x", {"n"}, exponential_bounds(1, 2, 30));
  std::vector<Histogram> children;
  for (int i = 0; i < 300; ++i) children.push_back(family.with({std::to_string(i)}));
  for (int i = 0; i < 300; ++i) {
    for (int n = 0; n <= i; ++n) children[static_cast<size_t>(i)].observe(1e12);
  }
  for (int i = 0; i < 300; ++i) CHECK(children[static_cast<size_t>(i)].count() == static_cast<uint64_t>(i) + 1);
}

TEST_CASE("metrics: exponential bounds are those of the forward durations") {
  CHECK(exponential_bounds(0.001, 2, 4) == std::vector<double>{0.001, 0.002, 0.004, 0.008});
}

}  // namespace
}  // namespace portolan::metrics
