// Durations in the form of Go's Duration.String(), which log lines of CoreDNS hold.
#pragma once

#include <chrono>
#include <string>

namespace portolan {

/// "1.5s", "5m0s", "300ms", "0s".
std::string go_duration(std::chrono::nanoseconds duration);

}  // namespace portolan
