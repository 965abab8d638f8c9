// Texts in three kinds of quotes, numbers in four bases, words, operators, comments.
#include <algorithm>

#include "plugins/common/expression/token.h"
#include "plugins/common/utf8.h"

namespace portolan::expression {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Words that are operators; "not in" and its like are two tokens.
constexpr std::string_view kWordOperators[] = {"in",       "or",  "and", "matches", "contains", "startsWith",
                                               "endsWith", "let", "if",  "else",    "not"};

}  // namespace

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         static_cast<uint8_t>(c) >= 0x80;
}

bool Lexer::run() {
  while (!problem_) {
    while (at_ < source_.size() && is_blank(source_[at_])) ++at_;
    if (at_ >= source_.size()) break;
    next();
  }
  // What is missing at the end is told at the last character, as expr does.
  tokens_.push_back({TokenKind::end, "", static_cast<uint32_t>(source_.empty() ? 0 : source_.size() - 1)});
  return !problem_;
}

void Lexer::next() {
  const char c = peek();
  const char second = peek(1);
  if (c == '\'' || c == '"') return quoted(c);
  if (c == '`') return raw_text();
  if ((c == 'b' || c == 'B') && (second == '\'' || second == '"')) {
    return fail("bytes are not built into portolan", at_);
  }
  if (is_digit(c) || (c == '.' && is_digit(second))) return number();
  if (c == '/' && (second == '/' || second == '*')) return comment();
  if (is_word(c)) return word();
  if (std::string_view("([{)]}").find(c) != std::string_view::npos) return emit(TokenKind::bracket, at_ + 1);
  if (c == '?' && (second == '.' || second == '?')) return emit(TokenKind::op, at_ + 2);
  if ((c == '|' || c == ':' || c == '.' || c == '#') && second == c) return emit(TokenKind::op, at_ + 2);
  if (std::string_view("&!=*<>").find(c) != std::string_view::npos) {
    const bool two = second != '\0' && std::string_view("&=*").find(second) != std::string_view::npos;
    return emit(TokenKind::op, at_ + (two ? 2 : 1));
  }
  if (c != '\0' && std::string_view("?|:.#,;%+-^/").find(c) != std::string_view::npos) {
    return emit(TokenKind::op, at_ + 1);
  }
  fail("unrecognized character: \"" + std::string(1, c) + "\"", at_);
}

void Lexer::quoted(char mark) {
  const size_t begin = at_++;
  std::string out;
  for (;;) {
    if (at_ >= source_.size() || peek() == '\n') return fail("literal not terminated", at_);
    const char c = source_[at_++];
    if (c == mark) break;
    if (c != '\\') {
      out += c;
    } else if (!escape(out)) {
      return fail("invalid char escape", at_);
    }
  }
  tokens_.push_back({TokenKind::text, std::move(out), static_cast<uint32_t>(begin)});
}

// Behind a backslash.
bool Lexer::escape(std::string& out) {
  static constexpr std::string_view kLetters = "abfnrtv\\'\"`?", kMeant = "\a\b\f\n\r\t\v\\'\"`?";
  const char c = peek();
  if (at_ >= source_.size()) return false;
  ++at_;
  if (const size_t known = kLetters.find(c); known != std::string_view::npos) {
    out += kMeant[known];
    return true;
  }
  if (c == 'x') return code_point(2, out);
  if (c == 'U') return code_point(8, out);
  if (c == 'u' && peek() == '{') {
    const size_t close = source_.find('}', ++at_);
    if (close == std::string_view::npos || close == at_ || close - at_ > 6) return false;
    if (!code_point(close - at_, out)) return false;
    ++at_;
    return true;
  }
  if (c == 'u') return code_point(4, out);
  if (c < '0' || c > '3') return false;
  uint32_t code = static_cast<uint32_t>(c - '0');
  for (int i = 0; i < 2; ++i, ++at_) {
    if (peek() < '0' || peek() > '7') return false;
    code = code * 8 + static_cast<uint32_t>(peek() - '0');
  }
  out += Utf8(code).text();
  return true;
}

bool Lexer::code_point(size_t digits, std::string& out) {
  uint32_t code = 0;
  for (size_t i = 0; i < digits; ++i, ++at_) {
    const int digit = at_ < source_.size() ? hex_digit(source_[at_]) : -1;
    if (digit < 0 || code > 0x10FFFF) return false;
    code = code * 16 + static_cast<uint32_t>(digit);
  }
  if (code > 0x10FFFF) return false;
  out += Utf8(code).text();
  return true;
}

// `text`, in which `` stands for one backquote.
void Lexer::raw_text() {
  const size_t begin = at_++;
  std::string out;
  for (;;) {
    if (at_ >= source_.size()) return fail("literal not terminated", at_);
    const char c = source_[at_++];
    if (c == '`') {
      if (peek() != '`') break;
      ++at_;
    }
    out += c;
  }
  tokens_.push_back({TokenKind::text, std::move(out), static_cast<uint32_t>(begin)});
}

void Lexer::number() {
  std::string_view digits = "0123456789_";
  size_t end = at_;
  const auto accept_run = [&] {
    while (end < source_.size() && digits.find(source_[end]) != std::string_view::npos) ++end;
  };
  const auto at = [&](size_t i) { return i < source_.size() ? source_[i] : '\0'; };
  if (at(end) == '0') {
    const char base = static_cast<char>(at(end + 1) | 0x20);
    if (base == 'x') digits = "0123456789abcdefABCDEF_";
    if (base == 'o') digits = "01234567_";
    if (base == 'b') digits = "01_";
    if (base == 'x' || base == 'o' || base == 'b') end += 2;
  }
  accept_run();
  if (at(end) == '.' && at(end + 1) != '.') {  // two dots are a range
    ++end;
    accept_run();
  }
  if (at(end) == 'e' || at(end) == 'E') {
    ++end;
    if (at(end) == '+' || at(end) == '-') ++end;
    accept_run();
  }
  if (is_word(at(end))) {
    return fail("bad number syntax: \"" + std::string(source_.substr(at_, end + 1 - at_)) + "\"", end);
  }
  emit(TokenKind::number, end);
}

void Lexer::word() {
  size_t end = at_;
  while (end < source_.size() && is_word(source_[end])) ++end;
  const std::string_view text = source_.substr(at_, end - at_);
  const bool op = std::find(std::begin(kWordOperators), std::end(kWordOperators), text) != std::end(kWordOperators);
  emit(op ? TokenKind::op : TokenKind::identifier, end);
}

void Lexer::comment() {
  if (peek(1) == '/') {
    at_ = std::min(source_.find('\n', at_), source_.size());
    return;
  }
  const size_t close = source_.find("*/", at_ + 2);
  if (close == std::string_view::npos) return fail("unclosed comment", source_.size());
  at_ = close + 2;
}

void Lexer::emit(TokenKind kind, size_t end) {
  end = std::min(end, source_.size());
  tokens_.push_back({kind, std::string(source_.substr(at_, end - at_)), static_cast<uint32_t>(at_)});
  at_ = end;
}

void Lexer::fail(std::string message, size_t at) {
  if (!problem_) problem_ = Problem{std::move(message), static_cast<uint32_t>(std::min(at, source_.size()))};
}

}  // namespace portolan::expression
