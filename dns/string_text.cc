// Quotes and escapes.
#include "dns/string_text.h"

#include <cstdint>

namespace portolan::dns {
namespace {

/// Where the first quote without a backslash stands, or the end.
size_t find_quote(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at < text.size() ? at : text.size();
}

}  // namespace

bool take_string(std::string_view& word, StringPart& part) {
  part.quoted = word.front() == '"';
  if (part.quoted) word.remove_prefix(1);
  const size_t end = find_quote(word);
  part.text = word.substr(0, end);
  if (part.quoted && end == word.size()) return false;
  word.remove_prefix(end + (part.quoted ? 1 : 0));
  return true;
}

int read_escape(std::string_view text, size_t& at) {
  if (++at == text.size()) return -1;
  if (!is_digit(text[at])) return static_cast<uint8_t>(text[at]);
  if (at + 2 >= text.size() || !is_digit(text[at + 1]) || !is_digit(text[at + 2])) return -1;
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  at += 2;
  return value <= 255 ? value : -1;
}

bool unescape(std::string_view text, std::string& octets) {
  for (size_t at = 0; at < text.size(); ++at) {
    int octet = static_cast<uint8_t>(text[at]);
    if (octet == '\\') octet = read_escape(text, at);
    if (octet < 0) return false;
    octets += static_cast<char>(octet);
  }
  return true;
}

}  // namespace portolan::dns
