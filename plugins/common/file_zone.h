// A zone that is served from a file and read again when the file has changed: what `file` and `auto` have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/rcu.h"
#include "base/result.h"
#include "dns/name.h"
#include "zones/zone_file.h"

namespace portolan {

/// Read by all workers, inside an rcu::ReadGuard; everything else happens on the main thread.
class FileZone {
 public:
  /// `plugin` stands in front of log lines: "file".
  FileZone(std::string_view plugin, const dns::Name& origin, std::string path)
      : plugin_(plugin), origin_(origin), path_(std::move(path)) {}
  ~FileZone() { tree_.replace(nullptr); }
  FileZone(const FileZone&) = delete;
  FileZone& operator=(const FileZone&) = delete;

  const dns::Name& origin() const { return origin_; }
  const std::string& path() const { return path_; }
  /// The zone lies in another file from now on, for the next look().
  void set_path(const std::string& path) { path_ = path; }
  /// The version that is served; null while there is none.
  const zones::ZoneTree* tree() const { return tree_.read(); }
  /// The same, to be kept beyond the ReadGuard.
  std::shared_ptr<const zones::ZoneTree> share() const { return tree_.share(); }
  /// The same without a ReadGuard, on the main thread.
  std::shared_ptr<const zones::ZoneTree> current() const;

  /// From now on a file whose ZONEMD digest does not fit is broken (RFC 8976).
  void check_digests() { check_digests_ = true; }
  /// The first reading. Errors: the file cannot be opened (open_failed() then) or is no zone.
  Result<void> load();
  bool open_failed() const { return open_failed_; }
  /// What load() would say of the file, without serving it. One that cannot be opened is nothing wrong: it may be on
  /// another machine.
  Result<void> check() const;
  /// "FILE:LINE: ..." of what was accepted although it can hardly be meant.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// Looks whether the file has changed: with `by_mtime` at its time, else at the SOA's serial. True when a new version
  /// has been taken over. A file that cannot be read or is broken leaves the zone as it is, and is complained about
  /// once.
  bool look(bool by_mtime);

 private:
  Result<zones::ZoneRead> read(std::string_view text, const zones::ReadOptions& options) const;
  void complain(const std::string& text);

  const std::string plugin_;
  const dns::Name origin_;
  std::string path_;
  rcu::SharedPointer<zones::ZoneTree> tree_;
  bool open_failed_ = false, check_digests_ = false;
  int64_t mtime_ = 0;  // nanoseconds
  std::string complaint_;
  std::vector<std::string> warnings_;
};

}  // namespace portolan
