// A zone that is served from a file and read again when the file has changed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "base/rcu.h"
#include "base/result.h"
#include "dns/name.h"
#include "zones/zone_tree.h"

namespace portolan::zone_file {

/// Read by all workers, inside an rcu::ReadGuard; everything else happens on the main thread.
class ServedZone {
 public:
  ServedZone(const dns::Name& origin, std::string path) : origin_(origin), path_(std::move(path)) {}
  ~ServedZone() { tree_.replace(nullptr); }
  ServedZone(const ServedZone&) = delete;
  ServedZone& operator=(const ServedZone&) = delete;

  const dns::Name& origin() const { return origin_; }
  const std::string& path() const { return path_; }
  /// The version that is served; null while there is none.
  const zones::ZoneTree* tree() const { return tree_.read(); }
  /// The same, to be kept beyond the ReadGuard.
  std::shared_ptr<const zones::ZoneTree> share() const { return tree_.share(); }

  /// The first reading. Errors: the file cannot be opened (open_failed() then) or is no zone.
  Result<void> load();
  bool open_failed() const { return open_failed_; }
  /// "FILE:LINE: ..." of what was accepted although it can hardly be meant.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// Looks at the file each `interval`; with `by_mtime` at its time, else at the SOA's serial. Calls `changed` when it
  /// has taken over a new version.
  void watch(Loop& background, std::chrono::nanoseconds interval, bool by_mtime, std::function<void()> changed);
  void unwatch() noexcept { timer_.reset(); }

 private:
  void schedule();
  void look();
  void complain(const std::string& text);

  const dns::Name origin_;
  const std::string path_;
  rcu::SharedPointer<zones::ZoneTree> tree_;
  std::optional<Timer> timer_;
  std::function<void()> changed_;
  std::chrono::nanoseconds interval_{0};
  bool by_mtime_ = false;
  bool open_failed_ = false;
  int64_t mtime_ = 0;  // nanoseconds
  std::string complaint_;
  std::vector<std::string> warnings_;
};

}  // namespace portolan::zone_file
