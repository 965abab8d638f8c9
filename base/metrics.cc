// Families and their children by name, the handles that count, and the exposition.
#include "base/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <deque>
#include <map>
#include <mutex>
#include <sstream>

#include "base/metrics_cells.h"

namespace portolan::metrics {
namespace {

using prometheus::MetricType;

struct Child {
  uint32_t at = 0;       // cell, or slot of a gauge
  bool removed = false;  // kept, so that an old handle never counts for somebody else
};

struct Family {
  std::string name, help;
  MetricType type;
  std::vector<std::string> labels;
  std::vector<double> bounds;
  std::map<std::vector<std::string>, Child> children;
  std::function<double()> computed = nullptr;  // instead of children
};

class Registry {
 public:
  static Registry& instance() {
    static auto* const registry = new Registry;
    return *registry;
  }

  uint32_t family(std::string name, std::string help, MetricType type, std::vector<std::string> labels,
                  std::vector<double> bounds) {
    std::lock_guard lock(mutex_);
    if (auto found = by_name_.find(name); found != by_name_.end()) return found->second;
    const auto id = static_cast<uint32_t>(families_.size());
    by_name_.emplace(name, id);
    families_.push_back({std::move(name), std::move(help), type, std::move(labels), std::move(bounds), {}, nullptr});
    if (families_.back().labels.empty()) child_locked(families_.back(), {});
    return id;
  }

  void computed(MetricType type, std::string name, std::string help, std::function<double()> value) {
    std::lock_guard lock(mutex_);
    if (by_name_.contains(name)) return;
    by_name_.emplace(name, static_cast<uint32_t>(families_.size()));
    families_.push_back({std::move(name), std::move(help), type, {}, {}, {}, std::move(value)});
  }

  uint32_t child(uint32_t id, std::span<const std::string_view> values) {
    std::lock_guard lock(mutex_);
    return child_locked(families_[id], values);
  }

  void remove(uint32_t id, std::span<const std::string_view> values) {
    std::lock_guard lock(mutex_);
    auto& children = families_[id].children;
    if (auto found = children.find({values.begin(), values.end()}); found != children.end()) {
      found->second.removed = true;
    }
  }

  void clear(uint32_t id) {
    std::lock_guard lock(mutex_);
    for (auto& [values, child] : families_[id].children) child.removed = true;
  }

  const std::vector<double>* bounds(uint32_t id) {
    std::lock_guard lock(mutex_);
    return &families_[id].bounds;
  }

  std::vector<prometheus::MetricFamily> collect() {
    std::lock_guard lock(mutex_);
    std::vector<prometheus::MetricFamily> out;
    for (const auto& [name, id] : by_name_) {
      auto collected = collect_family(families_[id]);
      if (!collected.metric.empty()) out.push_back(std::move(collected));
    }
    return out;
  }

 private:
  static uint32_t child_locked(Family& family, std::span<const std::string_view> values) {
    std::vector<std::string> key(values.begin(), values.end());
    key.resize(family.labels.size());
    auto [found, added] = family.children.try_emplace(std::move(key));
    Child& child = found->second;
    if (added) {
      child.at = allocate(family);
    } else if (child.removed) {
      child.removed = false;
      GaugeSlots::instance()[child.at] = 0;  // only gauges are removed
    }
    return child.at;
  }

  static uint32_t allocate(const Family& family) {
    switch (family.type) {
      case MetricType::Gauge:
        return GaugeSlots::instance().allocate();
      case MetricType::Histogram:
        return Slabs::instance().allocate(static_cast<uint32_t>(family.bounds.size()) + 2);
      default:
        return Slabs::instance().allocate(1);
    }
  }

  static prometheus::MetricFamily collect_family(const Family& family) {
    prometheus::MetricFamily out;
    out.name = family.name;
    out.help = family.help;
    out.type = family.type;
    if (family.computed) out.metric.push_back(collect_computed(family));
    for (const auto& [values, child] : family.children) {
      if (!child.removed) out.metric.push_back(collect_child(family, values, child));
    }
    return out;
  }

  static prometheus::ClientMetric collect_computed(const Family& family) {
    prometheus::ClientMetric metric;
    (family.type == MetricType::Gauge ? metric.gauge.value : metric.counter.value) = family.computed();
    return metric;
  }

  static prometheus::ClientMetric collect_child(const Family& family, const std::vector<std::string>& values,
                                                const Child& child) {
    prometheus::ClientMetric metric;
    for (size_t i = 0; i < values.size(); ++i) metric.label.push_back({family.labels[i], values[i]});
    // By name, as Go's client writes them.
    std::sort(metric.label.begin(), metric.label.end(), [](auto& a, auto& b) { return a.name < b.name; });
    if (family.type == MetricType::Gauge) {
      metric.gauge.value = GaugeSlots::instance()[child.at].load(std::memory_order_relaxed);
    } else if (family.type == MetricType::Histogram) {
      collect_histogram(family, child, metric.histogram);
    } else {
      metric.counter.value = static_cast<double>(Slabs::instance().sum(child.at));
    }
    return metric;
  }

  static void collect_histogram(const Family& family, const Child& child, prometheus::ClientMetric::Histogram& out) {
    uint64_t count = 0;
    for (size_t i = 0; i <= family.bounds.size(); ++i) {
      count += Slabs::instance().sum(child.at + static_cast<uint32_t>(i));
      const double bound = i < family.bounds.size() ? family.bounds[i] : std::numeric_limits<double>::infinity();
      out.bucket.push_back({count, bound});
    }
    out.sample_count = count;
    out.sample_sum = Slabs::instance().sum_of_doubles(child.at + static_cast<uint32_t>(family.bounds.size()) + 1);
  }

  std::mutex mutex_;
  std::deque<Family> families_;
  std::map<std::string, uint32_t> by_name_;
};

struct Hooks {
  std::mutex mutex;
  std::map<uint64_t, std::function<void()>> hooks;
  uint64_t next_id = 1;
};
Hooks& hooks() {
  static auto* const all = new Hooks;
  return *all;
}

std::span<const std::string_view> as_span(LabelValues values) { return {values.begin(), values.size()}; }

}  // namespace

void Counter::add(uint64_t count) const {
  auto& cell = thread_slab().cell(cell_);
  cell.store(cell.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
}
uint64_t Counter::value() const { return cell_ == 0 ? 0 : Slabs::instance().sum(cell_); }

void Gauge::set(double value) const { GaugeSlots::instance()[slot_].store(value, std::memory_order_relaxed); }
void Gauge::add(double delta) const { GaugeSlots::instance()[slot_].fetch_add(delta, std::memory_order_relaxed); }
double Gauge::value() const { return slot_ == 0 ? 0 : GaugeSlots::instance()[slot_].load(std::memory_order_relaxed); }

// Cells: one per bucket (not cumulative), the one above the last bound, the sum as the bits of a double.
void Histogram::observe(double value) const {
  if (bounds_ == nullptr) return;
  std::atomic<uint64_t>* const cells = &thread_slab().cell(cell_);  // all in one chunk
  const std::vector<double>& bounds = *bounds_;
  size_t bucket = 0;
  while (bucket < bounds.size() && bounds[bucket] < value) ++bucket;  // most values are small
  auto& count = cells[bucket];
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  auto& sum = cells[bounds.size() + 1];
  const double total = std::bit_cast<double>(sum.load(std::memory_order_relaxed)) + value;
  sum.store(std::bit_cast<uint64_t>(total), std::memory_order_relaxed);
}
uint64_t Histogram::count() const {
  uint64_t total = 0;
  for (size_t i = 0; bounds_ != nullptr && i <= bounds_->size(); ++i) {
    total += Slabs::instance().sum(cell_ + static_cast<uint32_t>(i));
  }
  return total;
}

CounterFamily::CounterFamily(std::string name, std::string help, std::vector<std::string> labels)
    : family_(
          Registry::instance().family(std::move(name), std::move(help), MetricType::Counter, std::move(labels), {})) {}
Counter CounterFamily::with(LabelValues values) const { return with(as_span(values)); }
Counter CounterFamily::with(std::span<const std::string_view> values) const {
  return Counter(Registry::instance().child(family_, values));
}

GaugeFamily::GaugeFamily(std::string name, std::string help, std::vector<std::string> labels)
    : family_(Registry::instance().family(std::move(name), std::move(help), MetricType::Gauge, std::move(labels), {})) {
}
Gauge GaugeFamily::with(LabelValues values) const { return with(as_span(values)); }
Gauge GaugeFamily::with(std::span<const std::string_view> values) const {
  return Gauge(Registry::instance().child(family_, values));
}
void GaugeFamily::remove(LabelValues values) const { remove(as_span(values)); }
void GaugeFamily::remove(std::span<const std::string_view> values) const {
  Registry::instance().remove(family_, values);
}
void GaugeFamily::clear() const { Registry::instance().clear(family_); }

HistogramFamily::HistogramFamily(std::string name, std::string help, std::vector<std::string> labels,
                                 std::vector<double> bounds)
    : family_(Registry::instance().family(std::move(name), std::move(help), MetricType::Histogram, std::move(labels),
                                          std::move(bounds))) {}
Histogram HistogramFamily::with(LabelValues values) const { return with(as_span(values)); }
Histogram HistogramFamily::with(std::span<const std::string_view> values) const {
  Registry& registry = Registry::instance();
  return Histogram(registry.child(family_, values), registry.bounds(family_));
}

void computed(Computed kind, std::string name, std::string help, std::function<double()> value) {
  const auto type = kind == Computed::gauge ? MetricType::Gauge : MetricType::Counter;
  Registry::instance().computed(type, std::move(name), std::move(help), std::move(value));
}

uint64_t before_scrape(std::function<void()> hook) {
  std::lock_guard lock(hooks().mutex);
  hooks().hooks.emplace(hooks().next_id, std::move(hook));
  return hooks().next_id++;
}

void forget(uint64_t id) {
  std::lock_guard lock(hooks().mutex);
  hooks().hooks.erase(id);
}

std::string exposition() {
  {
    std::lock_guard lock(hooks().mutex);
    for (const auto& [id, hook] : hooks().hooks) hook();
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, Registry::instance().collect());
  return std::move(out).str();
}

std::vector<double> exponential_bounds(double start, double factor, int count) {
  std::vector<double> bounds;
  for (; count > 0; --count, start *= factor) bounds.push_back(start);
  return bounds;
}

}  // namespace portolan::metrics
