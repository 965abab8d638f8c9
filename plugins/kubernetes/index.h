// The index of a cluster: everything the plugin answers from. The source writes it, one object at a time; workers read
// it without locks. A change rebuilds the entry of one service.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cluster/source.h"
#include "plugins/kubernetes/entry.h"
#include "plugins/kubernetes/namespaces.h"
#include "plugins/kubernetes/pod_table.h"
#include "plugins/kubernetes/reverse_table.h"

namespace portolan::kubernetes {

class Writer;

/// What an index holds.
struct Shape {
  bool endpoint_slices = true;
  bool pods = false;
  bool pod_names = false;  // endpoint_pod_names
};

/// Readers hold an rcu::ReadGuard as long as they use what they find. The Sink's calls are for the source's threads and
/// take a lock.
class Index : public cluster::Sink {
 public:
  Index(Shape shape, const Clock& clock);
  ~Index() override;

  /// The service whose labels SERVICE.NAMESPACE.svc are `key`, in wire form and lower case; null when it does not
  /// exist.
  const Entry* service(std::string_view key) const;
  bool has_namespace(std::string_view name) const;
  /// The names of an address; null when there are none.
  const ReverseNode* names_of(const IpAddress& address) const;
  /// How many pods have `address` in namespace `space`.
  uint32_t pods(const IpAddress& address, std::string_view space) const;
  /// Unix time of the last change that shows in the zone, 0 before the first.
  uint32_t serial() const { return serial_.load(std::memory_order_relaxed); }
  /// Whether the first snapshot of `kind` is complete, or is not wanted.
  bool synced(cluster::Kind kind) const { return synced_[static_cast<size_t>(kind)].load(std::memory_order_acquire); }
  /// Whether all are.
  bool synced() const;

  /// Called once, on a thread of the source, when everything is synced; at once if it is already.
  void when_synced(std::function<void()> call);
  /// Called after each call of connection(), on that thread; to be set before the source starts.
  void on_connection(std::function<void(cluster::Kind, bool working, std::string_view reason)> call);
  /// Called when a slice has changed whose trigger time is known; `headless` tells the service's form.
  void on_programmed(std::function<void(std::string_view trigger_time, bool headless)> call);

  void begin_snapshot(cluster::Kind kind) override;
  void end_snapshot(cluster::Kind kind) override;
  void apply(cluster::Object&& object) override;
  void remove(cluster::Kind kind, std::string_view space, std::string_view name) override;
  void connection(cluster::Kind kind, bool working, std::string_view reason) override;

 private:
  friend class Writer;

  RcuTable<Entry> services_;
  Namespaces namespaces_;
  ReverseTable reverse_;
  PodTable pods_;
  std::atomic<uint32_t> serial_{0};
  std::array<std::atomic<bool>, cluster::kKinds> synced_{};

  std::mutex mutex_;  // around everything that the writer does
  std::unique_ptr<Writer> writer_;
  std::function<void()> when_synced_;
  std::function<void(cluster::Kind, bool, std::string_view)> on_connection_;
  std::function<void(std::string_view, bool)> on_programmed_;
};

}  // namespace portolan::kubernetes
