// JournalFile: the differences between a zone's versions on disk, so that they outlive a restart. A first line with the
// format, then an entry a difference: its length, its SHA-256, the digest of the version it leads to, its octets.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "zones/journal_difference.h"

namespace portolan::zones {

/// Used by one thread, not a worker's: writing waits for the disk. A change is appended; the whole is written beside
/// its place and moved there. Errors are one line and name the file.
class JournalFile {
 public:
  struct Content {
    Differences differences;  // that follow each other
    std::string damage;       // what stands behind them, and was cut off; empty: nothing
  };

  JournalFile(std::string path, const dns::Name& origin) : path_(std::move(path)), origin_(origin) {}

  const std::string& path() const { return path_; }
  /// Octets on disk, as far as is known.
  uint64_t size() const { return size_; }

  /// Nothing when there is no file. What is not whole is cut off.
  Result<Content> read();
  /// Adds `all.back()` where the file holds the others, and nobody else has touched it; else writes `all`.
  Result<void> append(const Differences& all);
  /// Writes `all` in place of what was there.
  Result<void> write(const Differences& all);
  /// Takes the file away.
  Result<void> remove();

  /// What a file holds, read from memory; `whole` becomes the size of its good part, 0: it is no journal.
  static Content parse(std::string_view octets, const dns::Name& origin, size_t& whole);

 private:
  const std::string path_;
  const dns::Name origin_;
  uint64_t size_ = 0;
  bool good_ = false;  // holds what was written or read last
};

}  // namespace portolan::zones
