// What can be said of a whole Corefile without running it: directives nobody knows, and blocks that cannot be meant.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corefile/ast.h"

namespace portolan::corefile {

/// A directive of the ordered list; `built` is false for those CoreDNS has and this server has not.
struct KnownDirective {
  std::string_view name;
  bool built = true;
};

/// Every directive that cannot be served, in file order. The text is CoreDNS's, with a hint behind it.
std::vector<Error> check_directives(const File& file, std::span<const KnownDirective> known);

/// Warnings about what is accepted but hardly meant: a key twice, a block no query reaches, a scheme or port that
/// became a part of the zone's name.
std::vector<Error> lint(const File& file);

}  // namespace portolan::corefile
