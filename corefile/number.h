// Go's numbers, as Corefiles write them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace portolan::corefile {

/// Go's strconv.Atoi: decimal, a sign and leading zeros are fine. Errors in Go's words, which people know from CoreDNS.
Result<int64_t> parse_integer(std::string_view text);

/// A decimal fraction, perhaps with an exponent; never infinite.
Result<double> parse_fraction(std::string_view text);

}  // namespace portolan::corefile
