// The text of a zone file as entries (RFC 1035 section 5.1): parentheses join lines, comments go, quoted strings stay
// whole, every word knows its line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace portolan::zones {

/// A word as written, escapes and quotes included.
struct Word {
  std::string text;
  uint32_t line = 0;
};

/// One entry: a directive or a record.
struct Entry {
  bool leading_blank = false;  // the owner is the last one
  std::vector<Word> words;     // one at least
  uint32_t line = 0;           // of the first word
};

class ZoneText {
 public:
  /// `text` must outlive the reader.
  explicit ZoneText(std::string_view text) : text_(text) {}

  /// Reads the next entry; false at the end. Errors: unbalanced parentheses or quotes; line() says where.
  Result<bool> next(Entry& entry);
  /// The line that is being read, from 1.
  uint32_t line() const { return line_; }

 private:
  bool blank_or_end(char c) const;
  void read_word(Entry& entry);
  bool quoted(Word& word);

  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  unsigned depth_ = 0;  // of parentheses
  const char* error_ = nullptr;
};

}  // namespace portolan::zones
