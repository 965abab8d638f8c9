// Arguments of `fallthrough` to zones.
#include "plugins/common/fallthrough.h"

#include "corefile/address.h"

namespace portolan {

Fallthrough Fallthrough::parse(std::span<const std::string> arguments) {
  Fallthrough result;
  if (arguments.empty()) {
    result.zones.emplace_back();
    return result;
  }
  for (const std::string& argument : arguments) {
    const auto zones = corefile::zones_of_argument(argument);
    if (!zones) continue;
    for (const std::string& zone : *zones) {
      auto name = dns::Name::parse(zone);
      if (name) result.zones.push_back(name->lower());
    }
  }
  return result;
}

}  // namespace portolan
