// The order in which upstreams are tried for one query.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "base/random.h"

namespace portolan::forward {

enum class PolicyKind : uint8_t { random, round_robin, sequential };

/// One per directive, shared by all workers.
class Policy {
 public:
  explicit Policy(PolicyKind kind) : kind_(kind) {}

  /// Fills `order` with the numbers 0 to order.size() - 1 in the order of trying.
  void list(std::span<uint16_t> order) {
    const size_t count = order.size();
    for (size_t i = 0; i < count; ++i) order[i] = static_cast<uint16_t>(i);
    if (count < 2) return;
    if (kind_ == PolicyKind::random) {
      for (size_t i = count - 1; i > 0; --i)
        std::swap(order[i], order[fast_random_below(static_cast<uint32_t>(i + 1))]);
    } else if (kind_ == PolicyKind::round_robin) {
      // The one whose turn it is, then the others in the order of the Corefile; the first turn is the second
      // upstream's.
      const size_t first = (turn_.fetch_add(1, std::memory_order_relaxed) + 1) % count;
      for (size_t i = first; i > 0; --i) std::swap(order[i], order[i - 1]);
    }
  }

 private:
  PolicyKind kind_;
  std::atomic<uint32_t> turn_{0};
};

}  // namespace portolan::forward
