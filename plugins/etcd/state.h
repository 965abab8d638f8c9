// One part of an etcd as it is known: the store and what keeps it up to date. Handlers that read the same keys in the
// same way share one, within a configuration and across reloads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "plugins/common/standing.h"
#include "plugins/etcd/gateway.h"
#include "plugins/etcd/leases.h"
#include "plugins/etcd/store.h"

namespace portolan::etcd {

class Watcher;
class Tender;

/// Where the keys come from and which.
struct SourceOptions {
  std::vector<cluster::ApiServer> endpoints;
  std::string user, password;
  std::vector<Range> ranges;  // none within another
  LeaseBounds bounds;

  /// For people: the endpoints.
  std::string label() const;
  /// Equal for sources that read the same keys in the same way, contents of certificate files included.
  std::string key() const;
};

/// The ranges that `zones` lie in below `prefix`: for each zone its own key and all below it.
std::vector<Range> ranges_of(const std::vector<dns::Name>& zones, const std::string& prefix);

/// Held by shared_ptr. The last one who lets go of it ends its threads.
class State {
 public:
  static std::shared_ptr<State> get(const SourceOptions& options, const Clock& clock);
  State(const SourceOptions& options, const Clock& clock);
  ~State();

  const Store& store() const { return store_; }
  const SourceOptions& options() const { return options_; }
  /// Whether everything has been read once.
  bool is_read() const { return read_once_.load(std::memory_order_acquire); }
  /// Waits until everything has been read, until no endpoint has answered, or for `most`.
  void wait_for_first(std::chrono::nanoseconds most);
  /// Calls `call` once everything has been read, on a thread of the state; at once if it has.
  void when_read(std::function<void()> call);
  /// Whether `previous` answers until this one has been read: only one that has the same keys can.
  bool waits_behind(const State& previous) const;

  // For metrics, from any thread.
  const std::string& label() const { return label_; }
  bool is_working() const { return working_.load(std::memory_order_relaxed) == 1; }
  size_t keys() const { return keys_.load(std::memory_order_relaxed); }
  /// Since something was last heard; nothing before the first time.
  std::optional<std::chrono::nanoseconds> age() const;

  // For Watcher and Tender.
  Store& store_to_change() { return store_; }
  Leases& leases() { return leases_; }
  const Clock& clock() const { return clock_; }
  /// The store is complete now.
  void read(const std::string& endpoint);
  void changed();
  /// The connection works, or is lost and why.
  void connected(bool working, const std::string& endpoint, const std::string& reason);
  /// All endpoints have been tried in vain.
  void tried_all();

 private:
  void count_keys();

  const SourceOptions options_;
  const Clock& clock_;
  const std::string label_;
  Store store_;
  Leases leases_;
  std::atomic<bool> read_once_{false};
  std::atomic<int64_t> heard_{0};  // steady time in nanoseconds; 0: never
  std::atomic<int> working_{-1};   // -1: not yet known
  std::atomic<size_t> keys_{0};
  mutable std::mutex mutex_;
  std::condition_variable settled_;
  bool tried_all_ = false;
  std::vector<std::function<void()>> waiting_;
  std::unique_ptr<Watcher> watcher_;
  std::unique_ptr<Tender> tender_;
};

using StatePtr = std::shared_ptr<State>;
using Standing = portolan::Standing<State, &State::store, &State::when_read, &State::waits_behind>;

}  // namespace portolan::etcd
