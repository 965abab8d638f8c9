// Puts environment variables into a word: `{$NAME}` and `{%NAME%}`.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan::corefile {

/// The value of an environment variable, or nullptr.
using Environment = std::function<const char*(const char*)>;

/// Replaces all references, those that come in with a value too; an unset variable is empty. A reference without an end
/// or a name stays as it is, as with CoreDNS. Error: the values refer to each other without an end.
Result<std::string> expand_environment(std::string_view word, const Environment& environment);

}  // namespace portolan::corefile
