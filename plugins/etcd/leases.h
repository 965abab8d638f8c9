// The leases that keys hang on. etcd says nothing when one is renewed, so each is asked for again when half of its time
// has passed; what is said in between is less than what is left, never more.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "plugins/etcd/gateway.h"
#include "plugins/etcd/service.h"

namespace portolan::etcd {

/// Callable from any thread.
class Leases {
 public:
  Leases(LeaseBounds bounds, const Clock& clock) : bounds_(bounds), clock_(clock) {}

  /// The lease `id`, which is to be asked for at once if it is a new one.
  std::shared_ptr<const Lease> get(int64_t id);
  /// One that is to be asked for by now; it is not given again before `ask`, `learned` or `failed` has been called.
  /// Leases that no service has any more are forgotten.
  std::shared_ptr<const Lease> due();
  /// When the next one is due.
  std::optional<SteadyTime> next() const;

  /// Asks for one that due() gave.
  Answer ask(const Lease& lease, Gateway& gateway);
  /// etcd's answer: seconds left and seconds granted; no such lease.
  void learned(int64_t id, std::optional<int64_t> seconds, int64_t granted);
  /// There was no answer. `refused`: etcd will not say.
  void failed(int64_t id, bool refused);

 private:
  struct Due {
    SteadyTime at;
    int64_t id;
    bool operator<(const Due& other) const { return at > other.at; }  // the top is the earliest
  };

  const LeaseBounds bounds_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<int64_t, std::shared_ptr<Lease>> leases_;
  std::priority_queue<Due> queue_;
};

}  // namespace portolan::etcd
