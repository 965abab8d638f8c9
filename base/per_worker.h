// PerWorker<T>: one T a worker, each on cache lines of its own, so that no line is written by two workers.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace portolan {

/// Written by the worker that owns the slot; read by others only where T says that this is safe.
template <class T>
class PerWorker {
 public:
  PerWorker() = default;
  explicit PerWorker(size_t workers) {
    for (size_t i = 0; i < workers; ++i) slots_.push_back(std::make_unique<Slot>());
  }
  T& operator[](size_t worker) { return slots_[worker]->value; }
  const T& operator[](size_t worker) const { return slots_[worker]->value; }
  size_t size() const { return slots_.size(); }

 private:
  struct alignas(128) Slot {
    T value{};
  };
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace portolan
