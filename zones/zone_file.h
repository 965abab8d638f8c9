// Reading zone files: $ORIGIN, $TTL, $INCLUDE, $GENERATE, and records, as CoreDNS reads them. Every error names file
// and line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/rdata_text.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

struct ReadOptions {
  bool allow_include = true;                 // $INCLUDE opens files
  size_t max_records = SIZE_MAX;             // more are refused
  std::optional<uint32_t> unchanged_serial;  // a zone with this serial is not read further
};

struct ZoneRead {
  std::unique_ptr<const ZoneTree> tree;  // none: the serial is `unchanged_serial`
  std::vector<std::string> warnings;     // "FILE:LINE: ..."
};

/// Reads zone `origin` from the file at `path`. An error that starts with "open " says that the file cannot be opened.
Result<ZoneRead> read_zone_file(const std::string& path, const dns::Name& origin, const ReadOptions& options = {});

/// The same from text; `path` is for messages, and $INCLUDE is relative to its folder.
Result<ZoneRead> read_zone_text(std::string_view text, const std::string& path, const dns::Name& origin,
                                const ReadOptions& options = {});

/// The file's octets. Error: "open PATH: no such file or directory", or "read PATH: ...".
Result<std::string> read_file(const std::string& path);

/// The first record in `text`, which may take several lines; none when there are only blanks and comments. Relative
/// names are completed with `origin`, the TTL is `default_ttl` when there is none.
Result<std::optional<dns::OwnedRecord>> read_record(std::string_view text, const dns::Name& origin,
                                                    uint32_t default_ttl = 3600);

}  // namespace portolan::zones
