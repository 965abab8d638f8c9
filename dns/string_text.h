// Character-strings in presentation form (RFC 1035 section 5.1): quoted or not, with escapes.
#pragma once

#include <string>
#include <string_view>

namespace portolan::dns {

/// A string as written, without the quotes around it, but with its escapes.
struct StringPart {
  std::string_view text;
  bool quoted = false;
};

/// Takes the next string off `word`, which is not empty: a quote begins and ends one, so that a"b" is two. False when
/// the closing quote is missing.
bool take_string(std::string_view& word, StringPart& part);

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads the escape behind the backslash at `at` and moves `at` to its last character; -1 when it is broken: \DDD is an
/// octet, \c is c.
int read_escape(std::string_view text, size_t& at);

/// Appends the octets of `text`; false when an escape is broken.
bool unescape(std::string_view text, std::string& octets);

}  // namespace portolan::dns
