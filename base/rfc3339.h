// The time format of Kubernetes' objects (RFC 3339 section 5.6).
#pragma once

#include <string_view>

namespace portolan {

/// Seconds since the Unix epoch, with their fraction; negative when `text` is no such time.
double rfc3339_seconds(std::string_view text);

}  // namespace portolan
