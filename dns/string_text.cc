// Quotes and escapes.
#include "dns/string_text.h"

namespace portolan::dns {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

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

bool unescape(std::string_view text, std::string& octets) {
  while (true) {
    const size_t plain = text.find('\\');
    octets += text.substr(0, plain);
    if (plain == std::string_view::npos) return true;
    text.remove_prefix(plain + 1);
    if (text.empty()) return false;
    if (!is_digit(text[0])) {
      octets += text[0];
      text.remove_prefix(1);
      continue;
    }
    if (text.size() < 3 || !is_digit(text[1]) || !is_digit(text[2])) return false;
    const int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (value > 255) return false;
    octets += static_cast<char>(value);
    text.remove_prefix(3);
  }
}

}  // namespace portolan::dns
