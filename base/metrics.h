// Metrics with CoreDNS's names. Every thread counts in cells of its own (no shared cache line is written on the query
// path); a scrape adds them up. Exposition is prometheus-cpp's text serializer.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace portolan::metrics {

/// A handle to one child of a counter family; a plain value, valid for the life of the process.
class Counter {
 public:
  Counter() = default;  // counts into nothing
  explicit Counter(uint32_t cell) : cell_(cell) {}
  void add(uint64_t count = 1) const;
  uint64_t value() const;                  // over all threads
  uint32_t cell() const { return cell_; }  // for tables of counters: Counter(cell) is the same counter

 private:
  uint32_t cell_ = 0;
};

/// A number that goes up and down; shared, for states that change rarely.
class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(uint32_t slot) : slot_(slot) {}
  void set(double value) const;
  void add(double delta) const;
  double value() const;

 private:
  uint32_t slot_ = 0;
};

/// Buckets and sum in consecutive cells of the thread.
class Histogram {
 public:
  Histogram() = default;
  Histogram(uint32_t first_cell, const std::vector<double>* bounds) : cell_(first_cell), bounds_(bounds) {}
  void observe(double value) const;
  uint32_t cell() const { return cell_; }
  uint64_t count() const;

 private:
  uint32_t cell_ = 0;
  const std::vector<double>* bounds_ = nullptr;
};

using LabelValues = std::initializer_list<std::string_view>;

/// A named family with label names; `with` finds or makes a child. `with` takes a lock: keep what it returns.
/// A family without labels has one child from the start, as in CoreDNS.
class CounterFamily {
 public:
  CounterFamily(std::string name, std::string help, std::vector<std::string> labels = {});
  Counter with(LabelValues values = {}) const;
  Counter with(std::span<const std::string_view> values) const;

 private:
  uint32_t family_;
};

class GaugeFamily {
 public:
  GaugeFamily(std::string name, std::string help, std::vector<std::string> labels = {});
  Gauge with(LabelValues values = {}) const;
  Gauge with(std::span<const std::string_view> values) const;
  /// Takes a child away, so that a state that is gone is not exposed for ever.
  void remove(LabelValues values) const;
  void remove(std::span<const std::string_view> values) const;
  /// Takes all children away.
  void clear() const;

 private:
  uint32_t family_;
};

class HistogramFamily {
 public:
  HistogramFamily(std::string name, std::string help, std::vector<std::string> labels, std::vector<double> bounds);
  Histogram with(LabelValues values = {}) const;
  Histogram with(std::span<const std::string_view> values) const;

 private:
  uint32_t family_;
};

/// A family without labels whose value is computed at each scrape, for numbers that others keep (the kernel, a table's
/// size). The second one of a name is ignored.
enum class Computed : uint8_t { counter, gauge };
void computed(Computed kind, std::string name, std::string help, std::function<double()> value);

/// Called before each scrape, to set gauges that are cheap to compute and costly to keep. Returns an id for `forget`.
uint64_t before_scrape(std::function<void()> hook);
/// Afterwards the hook does not run and will not; not to be called by a hook.
void forget(uint64_t id);

/// Everything, in Prometheus text format 0.0.4, families by name.
std::string exposition();

/// Prometheus buckets: `count` bounds from `start`, each `factor` times the one before.
std::vector<double> exponential_bounds(double start, double factor, int count);

}  // namespace portolan::metrics
