// Tokens of an expression, with where they stand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portolan::expression {

enum class TokenKind : uint8_t { end, identifier, number, text, bracket, op };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;  // of a text: without quotes and escapes
  uint32_t at = 0;   // octets in front of it

  bool is(TokenKind wanted, std::string_view word) const { return kind == wanted && text == word; }
  bool is_op(std::string_view word) const { return is(TokenKind::op, word); }
  bool is_bracket(std::string_view word) const { return is(TokenKind::bracket, word); }
};

/// What is wrong with an expression and where.
struct Problem {
  std::string message;
  uint32_t at = 0;
};

/// Splits an expression into tokens, an `end` behind the last.
class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}
  /// False with problem() set when something is no token.
  bool run();
  std::vector<Token>& tokens() { return tokens_; }
  const Problem& problem() const { return *problem_; }

 private:
  void next();
  void quoted(char mark);
  void raw_text();
  bool escape(std::string& out);
  bool code_point(size_t digits, std::string& out);
  void number();
  void word();
  void comment();
  void emit(TokenKind kind, size_t end);
  void fail(std::string message, size_t at);
  char peek(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }

  std::string_view source_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
  std::optional<Problem> problem_;
};

/// A letter, a digit, `_` or `$`, or part of a character beyond ASCII.
bool is_word(char c);

}  // namespace portolan::expression
