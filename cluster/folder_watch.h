// Notices changes in folders through inotify(7).
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "base/result.h"

namespace portolan::cluster {

/// wait() belongs to one thread; wake() may be called by any.
class FolderWatch {
 public:
  FolderWatch() = default;
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  Result<void> open();
  /// Watches `folder` too; to be repeated when it may have been replaced.
  void add(const std::string& folder);
  /// Waits for a change, wake() or the time-out. Once something has changed, waits for the flurry to end: until nothing
  /// has happened for 20 ms, at most 50 ms. Returns the names of the entries that changed.
  std::set<std::string> wait(std::chrono::milliseconds timeout);
  void wake();

 private:
  bool poll_once(int milliseconds, std::set<std::string>& names);

  int inotify_ = -1;
  int wake_ = -1;
  std::map<int, std::string> folders_;  // by watch descriptor
};

}  // namespace portolan::cluster
