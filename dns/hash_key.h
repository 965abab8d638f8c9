// The secret of this process's hash tables of names: nobody outside can choose names that collide.
#pragma once

#include <cstdint>

namespace portolan::dns {

struct HashKey {
  uint64_t first;
  uint64_t second;
  HashKey();
};

/// Drawn from the kernel before other static objects are built, so that tables filled by those keep working.
extern const HashKey kHashKey;

}  // namespace portolan::dns
