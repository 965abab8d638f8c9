// One T for a whole configuration, shared by the instances of a plugin in its server blocks.
#pragma once

#include <map>
#include <memory>

#include "base/guarded.h"

namespace portolan::server {
class Configuration;
}

namespace portolan {

/// The T of `configuration`, made at the first call; it lives as long as somebody holds it. For setup.
template <class T>
std::shared_ptr<T> per_configuration(const server::Configuration& configuration) {
  static Guarded<std::map<const server::Configuration*, std::weak_ptr<T>>> all;
  auto access = all.lock();
  std::erase_if(*access, [](const auto& each) { return each.second.expired(); });
  auto& known = (*access)[&configuration];
  auto shared = known.lock();
  if (!shared) {
    shared = std::make_shared<T>();
    known = shared;
  }
  return shared;
}

}  // namespace portolan
