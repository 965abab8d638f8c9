// Journals: what changes between the versions of a block's zones, where `transfer` is to keep it.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "base/guarded.h"
#include "base/loop.h"
#include "zones/journal.h"
#include "zones/record_stream.h"

namespace portolan::transfer {

/// Files of journals of a configuration, so that two server blocks do not write one.
struct JournalFiles {
  std::set<std::string> paths;
};

/// Everything on the main thread but changes().
class Journals {
 public:
  Journals(Loop& loop, std::shared_ptr<JournalFiles> files) : files_(std::move(files)), settled_(loop) {}
  Journals(const Journals&) = delete;
  Journals& operator=(const Journals&) = delete;

  /// Goes on with the journals of a configuration that this one follows, each from its zone's first version here on.
  void adopt(const Journals& previous) { before_ = previous.journals_; }
  /// All zones tell of their versions about now: what is left of the configuration before is of no use.
  void serving();
  /// The zone's next version. `folder`: where its file lies; empty: none.
  void keep(const std::string& folder, const std::shared_ptr<const zones::ZoneTree>& tree);
  /// The zone is no longer there.
  void forget(const dns::Name& zone);
  /// Any thread: the answer to a client with serial `from`, up to `to`; null when they are not kept.
  std::unique_ptr<zones::RecordStream> changes(dns::NameView zone, uint32_t from, uint32_t to);

 private:
  template <class T>
  using ByZone = std::unordered_map<dns::Name, std::shared_ptr<T>, dns::NameHash, dns::NameEqual>;

  std::shared_ptr<zones::Journal> begin(const dns::Name& zone, const std::string& folder);

  const std::shared_ptr<JournalFiles> files_;
  ByZone<zones::Journal> journals_, before_;
  Guarded<ByZone<const zones::Differences>> published_;
  Timer settled_;
};

}  // namespace portolan::transfer
