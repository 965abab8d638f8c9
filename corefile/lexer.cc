// The lexer: one pass over the octets, one state for each of blank, word, quoted word and comment.
#include "corefile/lexer.h"

#include "corefile/limits.h"

namespace portolan::corefile {

namespace {

class Lexer {
 public:
  Lexer(std::string_view text, const std::shared_ptr<const std::string>& file) : text_(text), file_(file) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  Lexemes run() {
    while (skip_blanks()) {
      begin_token();
      if (text_[at_] == '"') {
        quoted_word();
      } else {
        word();
      }
      if (out_.errors.size() >= kMaxErrors) break;
    }
    return std::move(out_);
  }

 private:
  // To the next word; false at the end of the text.
  bool skip_blanks() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        skip_comment();
      } else if (const size_t length = blank_at(text_.substr(at_))) {
        advance(length);
      } else {
        return true;
      }
    }
    return false;
  }

  void skip_comment() {
    const size_t end = text_.find('\n', at_);
    advance((end == std::string_view::npos ? text_.size() : end) - at_);
  }

  void begin_token() {
    lexeme_ = Lexeme{};
    lexeme_.token.at = Position{file_, line_, static_cast<uint32_t>(at_ - line_start_ + 1)};
    lexeme_.starts_line = broken_;
    broken_ = false;
  }

  void word() {
    std::string& text = lexeme_.token.text;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\r') {  // Caddy drops it even in the middle of a word
        advance(1);
        continue;
      }
      if (blank_at(text_.substr(at_)) != 0) break;
      if (c == '#') {
        comment_in_word();
        break;
      }
      text.push_back(c);
      advance(1);
    }
    finish();
  }

  // Caddy forgets the comment at the next blank, so the words behind it count. A file that runs there has to mean the
  // same here, but whoever wrote it should hear of it.
  void comment_in_word() {
    while (at_ < text_.size() && (text_[at_] == '\r' || blank_at(text_.substr(at_)) == 0)) advance(1);
    size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) end = text_.size();
    for (size_t i = at_; i < end; ++i) {
      if (blank_at(text_.substr(i)) != 0) continue;
      if (text_[i] == '#') return;
      out_.warnings.push_back(lexeme_.token.at.text() +
                              " - a '#' inside a word hides text up to the next blank only: "
                              "put a blank in front of it to hide the rest of the line");
      return;
    }
  }

  // Only `\"` is an escape. Without a closing quote the word runs to the end of the file.
  void quoted_word() {
    std::string& text = lexeme_.token.text;
    lexeme_.token.quoted = true;
    advance(1);
    bool escaped = false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      advance(1);
      if (!escaped && c == '\\') {
        escaped = true;
        continue;
      }
      if (!escaped && c == '"') {
        finish();
        return;
      }
      if (escaped && c != '"') text.push_back('\\');
      text.push_back(c);
      escaped = false;
    }
    out_.warnings.push_back(lexeme_.token.at.text() +
                            " - the quotation mark has no partner: the word runs to the end of "
                            "the file");
    if (!text.empty()) finish();
  }

  void finish() {
    if (lexeme_.token.text.size() > kMaxTokenText) {
      out_.errors.push_back(Error{lexeme_.token.at.text() + " - Error during parsing: a word of " +
                                  std::to_string(lexeme_.token.text.size()) + " octets is too long, at most " +
                                  std::to_string(kMaxTokenText) + " are allowed"});
      lexeme_.token.text.clear();
    }
    out_.list.push_back(std::move(lexeme_));
    broken_ = false;
  }

  void advance(size_t octets) {
    for (const size_t end = at_ + octets; at_ < end; ++at_) {
      if (text_[at_] != '\n') continue;
      ++line_;
      line_start_ = at_ + 1;
      broken_ = true;
    }
  }

  std::string_view text_;
  const std::shared_ptr<const std::string>& file_;
  Lexemes out_;
  Lexeme lexeme_;
  size_t at_ = 0;
  size_t line_start_ = 0;
  uint32_t line_ = 1;
  bool broken_ = true;  // a line break was seen since the last token
};

}  // namespace

Lexemes lex(std::string_view text, const std::shared_ptr<const std::string>& file) { return Lexer(text, file).run(); }

size_t blank_at(std::string_view text) {
  if (text.empty()) return 0;
  const auto octet = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
  const uint8_t first = octet(0);
  if (first == ' ' || (first >= '\t' && first <= '\r')) return 1;
  if (first == 0xC2) return octet(1) == 0x85 || octet(1) == 0xA0 ? 2 : 0;  // U+0085, U+00A0
  if (first == 0xE1) return octet(1) == 0x9A && octet(2) == 0x80 ? 3 : 0;  // U+1680
  if (first == 0xE3) return octet(1) == 0x80 && octet(2) == 0x80 ? 3 : 0;  // U+3000
  if (first != 0xE2) return 0;
  if (octet(1) == 0x81) return octet(2) == 0x9F ? 3 : 0;  // U+205F
  if (octet(1) != 0x80) return 0;
  const uint8_t last = octet(2);  // U+2000 to U+200A, U+2028, U+2029, U+202F
  return (last >= 0x80 && last <= 0x8A) || last == 0xA8 || last == 0xA9 || last == 0xAF ? 3 : 0;
}

}  // namespace portolan::corefile
