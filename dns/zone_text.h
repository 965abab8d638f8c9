// The text of a zone file as entries (RFC 1035 section 5.1): parentheses join lines, comments go, quoted strings stay
// whole, every word knows its line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"

namespace portolan::dns {

/// A word as written, escapes and quotes included.
struct ZoneWord {
  std::string text;
  uint32_t line = 0;
};

/// One entry: a directive or a record.
struct ZoneEntry {
  bool leading_blank = false;   // the owner is the last one
  std::vector<ZoneWord> words;  // one at least
  uint32_t line = 0;            // of the first word
};

class ZoneText {
 public:
  /// `text` must outlive the reader.
  explicit ZoneText(std::string_view text) : text_(text) {}

  /// Reads the next entry; false at the end. Errors: unbalanced parentheses or quotes; line() says where.
  Result<bool> next(ZoneEntry& entry);
  /// The line that is being read, from 1.
  uint32_t line() const { return line_; }

 private:
  bool blank_or_end(char c) const;
  void read_word(ZoneEntry& entry);
  bool quoted(ZoneWord& word);

  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  unsigned depth_ = 0;  // of parentheses
  const char* error_ = nullptr;
};

/// A name in zone text: "@" is `origin`, what has no final dot is relative to it, and only an escaped quote is part of
/// a name.
Result<Name> parse_zone_name(std::string_view text, NameView origin);

/// "3600", "1h30m", "1w2d" in seconds; none when it is no TTL.
std::optional<uint32_t> parse_ttl(std::string_view text);

}  // namespace portolan::dns
