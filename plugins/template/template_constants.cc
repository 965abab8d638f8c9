// Texts, characters and numbers, as Go writes them.
#include <charconv>

#include "plugins/common/utf8.h"
#include "plugins/template/template_parser.h"

namespace portolan::templates {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

}  // namespace

// Behind a backslash: what it stands for.
Result<std::string> TemplateParser::escape(char mark) {
  static constexpr std::string_view kLetters = "abfnrtv\\", kMeant = "\a\b\f\n\r\t\v\\";
  const char c = peek();
  std::string out;
  if (const size_t known = kLetters.find(c); at_ < text_.size() && known != std::string_view::npos) {
    ++at_;
    out += kMeant[known];
    return out;
  }
  if (c == mark) {
    ++at_;
    out += c;
    return out;
  }
  const bool octal = c >= '0' && c <= '7';
  const size_t digits = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) return error("invalid escape in a text");
  if (!octal) ++at_;
  uint64_t code = 0;
  for (size_t i = 0; i < digits; ++i, ++at_) {
    const int digit = digit_of(peek());
    if (digit >= (octal ? 8 : 16)) return error("invalid escape in a text");
    code = code * (octal ? 8 : 16) + static_cast<uint64_t>(digit);
  }
  if (octal || c == 'x') {
    if (code > 255) return error("invalid escape in a text");
    out += static_cast<char>(code);  // an octet
  } else {
    if (code > 0x10FFFF) return error("invalid escape in a text");
    out += Utf8(static_cast<uint32_t>(code)).text();
  }
  return out;
}

Result<Expression> TemplateParser::quoted() {
  Expression out;
  out.column = column();
  out.constant = Value::of(std::string_view());
  const char mark = text_[at_++];
  while (at_ < text_.size() && text_[at_] != mark) {
    const char c = text_[at_++];
    if (c == '\n' && mark == '"') return error_at(out.column, "unterminated quoted string");
    if (c != '\\' || mark != '"') {
      out.text += c;
      continue;
    }
    const auto meant = escape(mark);
    if (meant.has_error()) return meant.error();
    out.text += *meant;
  }
  if (at_ >= text_.size()) return error_at(out.column, "unterminated quoted string");
  ++at_;
  return {boost::system::in_place_value, std::move(out)};
}

// 'a': a number, the character's code.
Result<Expression> TemplateParser::character() {
  Expression out;
  out.column = column();
  ++at_;
  uint32_t code = 0;
  std::string octets;
  if (peek() == '\\') {
    ++at_;
    const auto meant = escape('\'');
    if (meant.has_error()) return meant.error();
    octets = *meant;
  } else {
    octets = peek();
    ++at_;
    while (octets.size() < 4 && (static_cast<uint8_t>(peek()) & 0xC0) == 0x80) octets += text_[at_++];
  }
  const auto first = static_cast<uint8_t>(octets[0]);
  code = octets.size() == 1 ? first : first & (0x7FU >> octets.size());
  for (size_t i = 1; i < octets.size(); ++i) code = code << 6 | (static_cast<uint8_t>(octets[i]) & 0x3FU);
  if (peek() != '\'') return error_at(out.column, "malformed character constant");
  ++at_;
  out.constant = Value::of(static_cast<int64_t>(code));
  return {boost::system::in_place_value, std::move(out)};
}

Result<Expression> TemplateParser::number() {
  Expression out;
  out.column = column();
  const size_t begin = at_;
  const bool negative = peek() == '-';
  if (negative || peek() == '+') ++at_;
  const bool hexadecimal = peek() == '0' && (peek(1) | 0x20) == 'x';
  while (is_word(peek()) || peek() == '.' ||
         (!hexadecimal && (peek() == '-' || peek() == '+') && (text_[at_ - 1] | 0x20) == 'e')) {
    ++at_;
  }
  const std::string_view whole = text_.substr(begin, at_ - begin);
  std::string digits;
  for (const char c : whole) {
    if (c != '_' && c != '+' && !(c == '-' && digits.empty())) digits += c;
  }
  const auto bad = [&] { return error_at(out.column, "bad number syntax: " + quote(whole)); };
  const char* end = digits.data() + digits.size();
  if (!hexadecimal && digits.find_first_of(".eE") != std::string::npos) {
    double value = 0;
    const auto [stop, failed] = std::from_chars(digits.data(), end, value);
    if (failed != std::errc() || stop != end) return bad();
    out.constant = Value::of(negative ? -value : value);
    return {boost::system::in_place_value, std::move(out)};
  }
  int radix = 10;
  size_t prefix = 0;
  if (digits.size() > 1 && digits[0] == '0') {
    const char base = static_cast<char>(digits[1] | 0x20);
    radix = base == 'x' ? 16 : base == 'b' ? 2 : 8;
    prefix = base == 'x' || base == 'b' || base == 'o' ? 2 : 1;
  }
  int64_t value = 0;
  const auto [stop, failed] = std::from_chars(digits.data() + prefix, end, value, radix);
  if (failed != std::errc() || stop != end) return bad();
  out.constant = Value::of(negative ? -value : value);
  return {boost::system::in_place_value, std::move(out)};
}

}  // namespace portolan::templates
