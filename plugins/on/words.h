// Cuts a command line into words as a shell would, and does nothing else that a shell does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace portolan::on {

/// Blanks separate; '...' takes all as it is; in "..." and outside a backslash takes the next character as it is; `#`
/// at the start of a word ends the line.
Result<std::vector<std::string>> split_words(std::string_view line);

}  // namespace portolan::on
