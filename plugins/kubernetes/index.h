// The index of a cluster: everything the plugin answers from. The source writes it, one object at a time; workers read
// it without locks. A change rebuilds the entry of one service.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/clock.h"
#include "cluster/source.h"
#include "plugins/kubernetes/client_pods.h"
#include "plugins/kubernetes/entry.h"
#include "plugins/kubernetes/namespaces.h"
#include "plugins/kubernetes/pod_table.h"
#include "plugins/kubernetes/reverse_table.h"
#include "plugins/kubernetes/snapshot_rows.h"

namespace portolan::kubernetes {

class Writer;

/// What an index holds.
struct Shape {
  bool endpoint_slices = true;
  bool pods = false;
  bool pod_names = false;  // endpoint_pod_names
  bool all_pod_ips = false;
  bool imports = false;  // services of a cluster set, for multicluster zones
  bool zones = false;    // topology zones of endpoints
  ClientData clients = ClientData::none;
};

/// Services by name: the cluster's own, or those imported from other clusters.
class Services {
 public:
  /// The service whose labels SERVICE.NAMESPACE.svc are `key`, in wire form and lower case; null when it does not
  /// exist.
  const Entry* find(std::string_view key) const;
  /// The keys of all services, copied: a walk over the table, some 100 ns for each.
  std::vector<std::string_view> keys(Arena& arena) const;
  /// Unix time of the last change that shows in the zone, 0 before the first.
  uint32_t serial() const { return serial_.load(std::memory_order_relaxed); }

 private:
  friend class Index;
  friend class Writer;
  RcuTable<Entry> table_;
  std::atomic<uint32_t> serial_{0};
};

/// Readers hold an rcu::ReadGuard as long as they use what they find. The Sink's calls are for the source's threads and
/// take a lock.
class Index : public cluster::Sink {
 public:
  Index(Shape shape, const Clock& clock);
  ~Index() override;

  const Services& services() const { return services_; }
  const Services& imports() const { return imports_; }
  bool has_namespace(std::string_view name) const;
  /// The names of an address; null when there are none.
  const ReverseNode* names_of(const IpAddress& address) const;
  /// The services that have `address` as an external one; null when there are none.
  const ReverseNode* external_names_of(const IpAddress& address) const;
  /// How many pods have `address` in namespace `space`.
  uint32_t pods(const IpAddress& address, std::string_view space) const;
  /// The pod that asks from `address`; null when it is not known. Needs Shape::clients.
  const ClientPod* client(const IpAddress& address) const { return clients_.find(address); }
  /// Unix time of the last change that shows in external zones; 0 before the first after the snapshot of the services.
  uint32_t external_serial() const { return external_serial_.load(std::memory_order_relaxed); }
  /// Whether the first snapshot of `kind` is complete, or is not wanted.
  bool synced(cluster::Kind kind) const { return !(unsynced_.load(std::memory_order_acquire) & bit(kind)); }
  /// Whether all are.
  bool synced() const { return unsynced_.load(std::memory_order_acquire) == 0; }
  /// Whether all are that a zone needs: one of imports no services, any other no imports.
  bool synced_for(bool multicluster) const {
    const uint32_t others = bit(multicluster ? cluster::Kind::service : cluster::Kind::service_import);
    return !(unsynced_.load(std::memory_order_acquire) & ~others);
  }
  /// Whether a snapshot of a former process was put in. As long as not all is synced, answers may be from it.
  bool restored() const { return restored_.load(std::memory_order_acquire); }
  /// When that snapshot was saved.
  WallTime restored_from() const { return restored_from_; }
  /// Whether what there is of `kind` is all of it, though perhaps no longer as it is now.
  bool known(cluster::Kind kind) const { return synced(kind) || restored(); }

  /// Moves with every change that a snapshot would show.
  uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  /// Appends the next few hundred rows of a snapshot and moves `cursor` behind them. Takes the lock for some
  /// microseconds, so that a snapshot of a big cluster holds up no change.
  void collect(SnapshotCursor& cursor, std::string& rows) const;
  /// Puts a snapshot in, before the source starts: nothing or, if all its rows are right, all of it.
  Result<SnapshotCounts> restore(const cluster::Snapshot& snapshot);

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

  static uint32_t bit(cluster::Kind kind) { return 1U << static_cast<unsigned>(kind); }

  Services services_, imports_;
  Namespaces namespaces_;
  ReverseTable reverse_, external_reverse_;
  PodTable pods_;
  ClientPods clients_;
  std::atomic<uint32_t> external_serial_{0};
  std::atomic<uint64_t> version_{0};
  WallTime restored_from_{};  // written before restored_
  std::atomic<bool> restored_{false};
  std::atomic<uint32_t> unsynced_{(1U << cluster::kKinds) - 1};  // a bit of each kind

  mutable std::mutex mutex_;  // around everything that the writer does
  std::unique_ptr<Writer> writer_;
  std::function<void()> when_synced_;
  std::function<void(cluster::Kind, bool, std::string_view)> on_connection_;
  std::function<void(std::string_view, bool)> on_programmed_;
};

}  // namespace portolan::kubernetes
