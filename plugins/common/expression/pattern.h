// A regular expression of `matches`: RE2, whose syntax is Go's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan::expression {

class Pattern {
 public:
  /// At most 10000 octets, as for every regular expression of a Corefile; `memory` bounds what it compiles to.
  static Result<std::unique_ptr<Pattern>> compile(std::string_view source, size_t memory = 8 << 20);
  ~Pattern();
  /// Whether any part of `text` matches.
  bool matches(std::string_view text) const;

 private:
  struct Compiled;
  explicit Pattern(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace portolan::expression
