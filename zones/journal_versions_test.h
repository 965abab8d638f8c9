// For tests of journals: versions of a zone, and what a secondary gets of them.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dns/rdata_text.h"
#include "zones/journal.h"
#include "zones/transfer.h"
#include "zones/zone_file.h"

namespace portolan::zones {

using Lines = std::vector<std::string>;
using Tree = std::shared_ptr<const ZoneTree>;

inline const dns::Name kOrigin = *dns::Name::parse("alder.test.");

// `more` behind SOA and NS; a zone of some size has `others`, which stay the same.
inline Tree tree_of(uint32_t serial, const std::string& more, int others = 0) {
  std::string text = "$TTL 60\n@ IN SOA ns h " + std::to_string(serial) + " 3600 600 86400 5\n@ IN NS ns\n" + more;
  for (int i = 0; i < others; ++i) text += "other" + std::to_string(i) + " IN A 192.0.2.9\n";
  auto read = read_zone_text(text, "db", kOrigin);
  REQUIRE_MESSAGE(!read.has_error(), (read.has_error() ? read.error().message : ""));
  return std::move(read->tree);
}

inline Tree version(uint32_t serial) { return tree_of(serial, "w A 192.0.2." + std::to_string(serial) + "\n", 40); }

inline std::string line(const dns::Record& record) {
  std::string text = dns::record_text(record);
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

// The arena is emptied between the pieces, as the plugin does it.
inline Lines read_all(RecordStream* stream) {
  Lines lines;
  while (stream) {
    Arena arena;
    ArenaVector<dns::Record> records(arena);
    if (!stream->next(arena, records)) break;
    for (const dns::Record& record : records) lines.push_back(line(record));
  }
  return lines;
}

inline Lines changes(const Journal& journal, uint32_t from, uint32_t to) {
  return read_all(transfer_changes(journal.differences(), from, to).get());
}

}  // namespace portolan::zones
