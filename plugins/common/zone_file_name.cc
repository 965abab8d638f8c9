// Escaping what a file's name cannot have.
#include "plugins/common/zone_file_name.h"

namespace portolan {

std::string zone_file_name(const dns::Name& zone) {
  std::string name;
  const std::string text = zone.lower().text();
  for (const char c : text.size() > 1 ? text.substr(0, text.size() - 1) : std::string("@")) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '@') {
      name += c;
    } else {
      constexpr const char* kHex = "0123456789ABCDEF";
      name += {'%', kHex[static_cast<uint8_t>(c) >> 4], kHex[static_cast<uint8_t>(c) & 15]};
    }
  }
  return name;
}

}  // namespace portolan
