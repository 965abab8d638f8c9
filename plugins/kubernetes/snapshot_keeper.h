// The snapshot of a cluster's state: read before its source starts, saved while it changes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "plugins/kubernetes/cluster_state.h"

namespace portolan::kubernetes {

struct SnapshotOptions {
  std::string path;    // absolute; empty: none is kept
  bool serve = false;  // ready with a snapshot only
};

struct SnapshotPace {
  std::chrono::nanoseconds after_changes = std::chrono::seconds(10);  // between two files
  std::chrono::nanoseconds unchanged = std::chrono::minutes(10);      // so that a file's time tells how good it is
};

/// Puts the snapshot at `path` into `index` and says so in the log. One that cannot be used (damaged, of another
/// format, of another source) is named with its reason, and the index stays empty.
void load_snapshot(const std::string& path, const SourceOptions& source, Index& index, const Clock& clock);

/// Saves the index of one state to one file, on a thread of its own: when all has been read, then some seconds after a
/// change, and at the end. Held by the handlers; when a reload gives the file to another state, only the last one that
/// got it writes.
class SnapshotKeeper : public std::enable_shared_from_this<SnapshotKeeper> {
 public:
  /// The keeper of this file and state that some handler holds, or a new one.
  static std::shared_ptr<SnapshotKeeper> get(const std::string& path, const SourceOptions& source, StatePtr state,
                                             SnapshotPace pace = {});
  /// Saves once more if something has changed, and waits for it.
  ~SnapshotKeeper();

  /// Whether the last attempt to save failed.
  bool failing() const { return failing_.load(std::memory_order_relaxed); }
  /// For metrics.
  void show() const;

 private:
  SnapshotKeeper(std::string path, const SourceOptions& source, StatePtr state, SnapshotPace pace);
  void start();
  void run();
  bool due() const;
  void save_and_tell();
  Result<void> save();
  bool owns_file() const;

  const std::string path_;
  const cluster::Digest identity_;
  const StatePtr state_;
  const Clock& clock_;
  const SnapshotPace pace_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool synced_ = false, stopping_ = false;
  uint64_t saved_version_ = 0;     // the thread's
  SteadyTime saved_at_{};          // the thread's
  std::atomic<int64_t> saved_{0};  // wall time in milliseconds; 0: not by this process
  std::atomic<bool> failing_{false};
  std::thread thread_;
};

}  // namespace portolan::kubernetes
