// The table behind log::limited().
#include "base/log_limiter.h"

namespace portolan::log {

std::string Limiter::admit(std::string_view text, std::chrono::seconds interval, SteadyTime now) {
  std::string key(text);
  auto found = lines_.find(key);
  if (found == lines_.end()) {
    if (lines_.size() >= kMost) lines_.clear();
    lines_.emplace(key, Line{now, 0});
    return key;
  }
  Line& line = found->second;
  const auto passed = now - line.written;
  if (passed < interval) {
    ++line.held_back;
    return {};
  }
  if (line.held_back > 0) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(passed).count();
    key += " (" + std::to_string(line.held_back) + " more in the last " + std::to_string(seconds) + " seconds)";
  }
  line = {now, 0};
  return key;
}

}  // namespace portolan::log
