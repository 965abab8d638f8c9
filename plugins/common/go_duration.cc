// Go's way of writing durations.
#include "plugins/common/go_duration.h"

namespace portolan {
namespace {

// `value` / 10^digits without zeros at the end.
std::string decimal(uint64_t value, unsigned digits) {
  std::string fraction;
  for (unsigned i = 0; i < digits; ++i, value /= 10) {
    const char digit = static_cast<char>('0' + value % 10);
    if (digit != '0' || !fraction.empty()) fraction.insert(fraction.begin(), digit);
  }
  return std::to_string(value) + (fraction.empty() ? "" : "." + fraction);
}

}  // namespace

std::string go_duration(std::chrono::nanoseconds duration) {
  if (duration.count() == 0) return "0s";
  const bool negative = duration.count() < 0;
  const uint64_t ns = negative ? 0 - static_cast<uint64_t>(duration.count()) : static_cast<uint64_t>(duration.count());
  std::string text = negative ? "-" : "";
  constexpr uint64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
  if (ns < 1'000) return text + std::to_string(ns) + "ns";
  if (ns < 1'000'000) return text + decimal(ns, 3) + "µs";
  if (ns < kSecond) return text + decimal(ns, 6) + "ms";
  if (ns >= kHour) text += std::to_string(ns / kHour) + "h";
  if (ns >= kMinute) text += std::to_string(ns % kHour / kMinute) + "m";
  return text + decimal(ns % kMinute, 9) + "s";
}

}  // namespace portolan
