// The stream of tokens the parser reads: the Corefile's own, and those of snippets and files where an import put them
// in. It keeps which imports are open, so that one that comes back to itself is refused at once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "corefile/lexer.h"

namespace portolan::corefile {

using LexemeList = std::shared_ptr<const std::vector<Lexeme>>;

class TokenSource {
 public:
  /// Puts `list` in front of what is still to be read. `label` names the snippet or file in messages.
  void push(LexemeList list, std::string label);
  /// The next lexeme, or nullptr at the end. Valid until the next call that is not peek().
  const Lexeme* peek();
  /// Takes the lexeme peek() showed; there must be one.
  Lexeme take();
  /// The lexeme taken last; nullptr before the first.
  const Lexeme* last() const { return taken_ > 0 ? &last_ : nullptr; }
  /// How many lexemes were taken.
  size_t taken() const { return taken_; }
  /// True while lexemes of `label` are being read.
  bool is_open(const std::string& label) const;
  /// The open imports that lead from `label` to here: "(a) -> (b)".
  std::string path_from(const std::string& label) const;

 private:
  struct Frame {
    LexemeList list;
    std::string label;
    size_t next = 0;
  };

  std::vector<Frame> frames_;
  size_t reading_ = 0;  // how many frames lie at and under the one front_ comes from
  Lexeme front_;        // what peek() shows
  bool has_front_ = false;
  Lexeme last_;
  size_t taken_ = 0;
};

}  // namespace portolan::corefile
