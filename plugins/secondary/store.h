// Copies of zones on disk, so that a start while the primaries are away is no outage. A copy is a transfer that was
// written down: the messages of an AXFR answer as TCP has them, read as a transfer is. Its modification time says when
// a primary has last confirmed it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "zones/zone_tree.h"

namespace portolan::secondary {

/// Used by the main thread.
class ZoneStore {
 public:
  struct Kept {
    std::unique_ptr<const zones::ZoneTree> tree;
    std::chrono::nanoseconds age{0};  // since it was confirmed; 0 for a time to come
  };

  explicit ZoneStore(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }
  /// FOLDER/example.org.axfr; what cannot be in a file's name is %XX.
  std::string path(const dns::Name& zone) const;

  /// Takes the place of the copy before in one step, confirmed at `now`.
  Result<void> write(std::shared_ptr<const zones::ZoneTree> tree, WallTime now) const;
  /// The copy is still the current version at `now`.
  Result<void> confirm(const dns::Name& zone, WallTime now) const;
  void remove(const dns::Name& zone) const;
  /// None when there is no copy. Errors name the file.
  Result<std::optional<Kept>> read(const dns::Name& zone, WallTime now) const;

 private:
  const std::string folder_;
};

}  // namespace portolan::secondary
