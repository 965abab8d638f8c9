// Journal: what has changed between the last versions of a zone, for secondaries that have one of them (RFC 1995).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zones/journal_difference.h"
#include "zones/journal_file.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

/// One zone's. Its differences take no more octets than the zone does, so that they are never the longer answer; the
/// oldest ones go first. Used by one thread, not a worker's; what differences() gives may go to any.
class Journal {
 public:
  /// `path`: the file it is kept in too; empty: none.
  explicit Journal(const dns::Name& origin, const std::string& path = {});

  /// Empty: it is in memory alone.
  const std::string& path() const { return path_; }

  /// `tree` is the zone from now on; the first one may be the version that the file leads to. What a person should know
  /// is returned, a line each. A difference is made when the serial has gone up (RFC 1982) and it is no larger than the
  /// zone; else the journal begins anew.
  std::vector<std::string> advance(std::shared_ptr<const ZoneTree> tree);
  /// They lead to the version that is there.
  std::shared_ptr<const Differences> differences() const { return published_; }
  /// Takes the file away: the zone is no longer there.
  void remove_file();

 private:
  using Lines = std::vector<std::string>;

  void begin(const ZoneTree& tree, const ZoneSum& sum, Lines& lines);
  void step(const ZoneTree& tree, const ZoneSum& sum, Lines& lines);
  void trim(uint64_t limit);
  void drop(Lines& lines);
  void note(const Result<void>& done, Lines& lines);

  const std::string path_;
  std::optional<JournalFile> file_;
  std::shared_ptr<const ZoneTree> last_;
  ZoneSum sum_;  // of `last_`
  // Two versions have had the serial of `last_`: nobody knows which of them a secondary has.
  bool doubtful_ = false;
  Differences differences_;
  uint64_t octets_ = 0;  // of them
  std::shared_ptr<const Differences> published_ = std::make_shared<Differences>();
  std::string complaint_;  // the disk's last; it is not repeated
};

}  // namespace portolan::zones
