// One argument of an option: a token turned into the value its kind says.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corefile/option.h"

namespace portolan::corefile {

/// Adds to `values` what `token` gives for `arg` (a CIDR among zones can give several). Not for grammars, which take
/// all remaining tokens.
Result<void> add_values(const Arg& arg, const Token& token, std::vector<Value>& values);

/// Whether the texts are the same but for the case of ASCII letters.
bool equal_in_any_case(std::string_view a, std::string_view b);

}  // namespace portolan::corefile
