// Keys of states.
#include "plugins/common/standing.h"

#include <filesystem>

namespace portolan {

void StateKey::add_all(const std::vector<std::string>& texts) {
  add(std::to_string(texts.size()));
  for (const std::string& text : texts) add(text);
}

void StateKey::add_file(const std::string& path) {
  if (path.empty()) return add("");
  std::error_code error;
  const auto time = std::filesystem::last_write_time(path, error).time_since_epoch().count();
  add(path + '@' + (error ? "none" : std::to_string(time)));
}

}  // namespace portolan
