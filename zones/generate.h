// $GENERATE (BIND's directive): a range of numbers, each put into a record template. The spelling of ranges and
// modifiers, and what is refused, is CoreDNS's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan::zones {

/// "START-STOP[/STEP]".
struct GenerateRange {
  int64_t start = 0, stop = 0, step = 1;

  /// Errors: not numbers, a step below one, more than 65536 values.
  static Result<GenerateRange> parse(std::string_view text);
};

/// `text` with every $ and ${OFFSET[,WIDTH[,BASE]]} replaced by `value` ($$ and \$ are a dollar sign). Errors: a bad
/// modifier.
Result<std::string> generate(std::string_view text, const GenerateRange& range, int64_t value);

}  // namespace portolan::zones
