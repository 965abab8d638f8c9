// Cuts a Corefile into words, with Caddy 1's rules: blanks separate, a word that begins with a double quote runs to the
// next one, `#` begins a comment.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corefile/ast.h"

namespace portolan::corefile {

/// A token and whether a line break stands between it and the token before.
struct Lexeme {
  Token token;
  bool starts_line = false;

  /// Quoted words are never braces.
  bool is(std::string_view word) const { return !token.quoted && token.text == word; }
};

struct Lexemes {
  std::vector<Lexeme> list;
  std::vector<Error> errors;          // each with its position
  std::vector<std::string> warnings;  // each with its position
};

/// Reads all of `text`, which came from `file`. Environment variables are not looked at.
Lexemes lex(std::string_view text, const std::shared_ptr<const std::string>& file);

/// Length in octets of the blank (Unicode's White_Space, as Go's unicode.IsSpace) `text` begins with; 0 if there is
/// none.
size_t blank_at(std::string_view text);

}  // namespace portolan::corefile
