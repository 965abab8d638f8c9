// One cluster as it is known: an index and the source that fills it. Handlers with the same source share one, within a
// configuration and across reloads.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/source.h"
#include "plugins/common/standing.h"
#include "plugins/kubernetes/index.h"

namespace portolan::kubernetes {

/// Where objects come from and which.
struct SourceOptions {
  std::vector<std::string> manifests;  // files and folders; else `api`
  cluster::ApiServer api;
  cluster::Wanted wanted;
  bool pod_names = false, all_pod_ips = false, zones = false;
  ClientData clients = ClientData::none;

  Shape shape() const {
    return {wanted.endpoint_slices, wanted.pods, pod_names, all_pod_ips, wanted.service_imports, zones, clients};
  }

  /// For people: the server's host and port, or "manifests".
  std::string label() const;
  /// Equal for sources that read the same objects in the same way, contents of certificate files included.
  std::string key() const;
  /// The same whatever is kept of clients: blocks that are equal in this share a state.
  std::string source_key() const;
  /// Equal for sources that give the same objects, whoever reads them: the server's address and authority, and what is
  /// read. What a snapshot belongs to; a new token or another folder of mounted files does not change it.
  std::string identity() const;
};

/// Held by shared_ptr. The last one who lets go of it stops the source, on a thread made for it: a source stops slowly.
class ClusterState {
 public:
  /// The state of these options that some handler holds, or a new one whose source is started. `fill` may put a
  /// snapshot into the index of a new one before.
  static Result<std::shared_ptr<ClusterState>> get(const SourceOptions& options, const Clock& clock,
                                                   const std::function<void(Index&)>& fill = {});

  const Index& index() const { return index_; }
  const std::string& label() const { return label_; }
  /// Whether `previous` answers until this one is synced: not when this one has more to say already.
  bool waits_behind(const ClusterState& previous) const;
  /// Calls `call` once everything is synced, on a thread of the source; at once if it is.
  void when_synced(std::function<void()> call);

  struct Connection {
    std::atomic<int> working{-1};  // -1: not yet known
    std::atomic<int64_t> read{0};  // steady time in nanoseconds; 0: never
  };
  const Connection& connection(cluster::Kind kind) const { return connections_[static_cast<size_t>(kind)]; }
  bool wants(cluster::Kind kind) const { return wanted_[static_cast<size_t>(kind)]; }
  const Clock& clock() const { return clock_; }

  ClusterState(const SourceOptions& options, const Clock& clock);
  ~ClusterState();

 private:
  void connected(cluster::Kind kind, bool working, std::string_view reason);
  void synced();

  const Clock& clock_;
  const std::string label_;
  std::array<bool, cluster::kKinds> wanted_{};
  std::array<Connection, cluster::kKinds> connections_;
  Index index_;
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
  bool all_called_ = false;
  std::unique_ptr<cluster::Source> source_;
};

using StatePtr = std::shared_ptr<ClusterState>;
using Standing =
    portolan::Standing<ClusterState, &ClusterState::index, &ClusterState::when_synced, &ClusterState::waits_behind>;

}  // namespace portolan::kubernetes
