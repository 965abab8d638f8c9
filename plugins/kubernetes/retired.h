// Memory that has been taken out of the index while readers may still be looking at it. It is freed in lots, each after
// one grace period, so that a burst of changes does not wait for the workers at every one.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/rcu.h"

namespace portolan::kubernetes {

/// Owned by the index, used under its write lock.
class Retired {
 public:
  Retired() = default;
  Retired(const Retired&) = delete;
  Retired& operator=(const Retired&) = delete;
  ~Retired() { flush(); }

  /// Frees `memory` (from ::operator new) once no reader can hold it.
  void add(void* memory, size_t size) {
    if (memory == nullptr) return;
    waiting_.push_back(memory);
    octets_ += size;
    if (waiting_.size() >= kMost || octets_ >= kMostOctets) flush();
  }
  void flush() {
    if (waiting_.empty()) return;
    rcu::synchronize();
    for (void* memory : waiting_) ::operator delete(memory);
    waiting_.clear();
    octets_ = 0;
  }

 private:
  static constexpr size_t kMost = 512;
  static constexpr size_t kMostOctets = 256 * 1024;

  std::vector<void*> waiting_;
  size_t octets_ = 0;
};

}  // namespace portolan::kubernetes
