// The weights of SRV records: what services say, as shares of a hundred among those of the same priority.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "base/arena.h"
#include "plugins/etcd/service.h"

namespace portolan::etcd {

class Weights {
 public:
  Weights(std::span<const Service* const> services, Arena& arena) : sums_(arena.array<Sum>(services.size())) {
    size_t count = 0;
    for (const Service* service : services) sums_[count++] = {service->priority, weight(*service)};
    std::sort(sums_.begin(), sums_.end(), [](const Sum& a, const Sum& b) { return a.priority < b.priority; });
    size_t kept = 0;
    for (const Sum& each : sums_) {
      if (kept > 0 && sums_[kept - 1].priority == each.priority)
        sums_[kept - 1].weight = add(sums_[kept - 1].weight, each.weight);
      else
        sums_[kept++] = each;
    }
    sums_ = sums_.first(kept);
  }

  /// 1 at least.
  uint16_t of(const Service& service) const {
    const auto sum = std::lower_bound(sums_.begin(), sums_.end(), service.priority,
                                      [](const Sum& a, int64_t priority) { return a.priority < priority; });
    const double share = std::floor(100.0 / static_cast<double>(sum->weight) * static_cast<double>(weight(service)));
    // What negative weights give is CoreDNS's too, as far as C++ defines it.
    const bool fits = std::abs(share) < 9e18;
    const auto result = fits ? static_cast<uint16_t>(static_cast<int64_t>(share)) : uint16_t{0};
    return result == 0 ? 1 : result;
  }

 private:
  struct Sum {
    int64_t priority, weight;
  };
  /// Goes round as Go's integers do.
  static int64_t add(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
  static int64_t weight(const Service& service) { return service.weight == 0 ? 100 : service.weight; }

  std::span<Sum> sums_;  // by priority
};

}  // namespace portolan::etcd
