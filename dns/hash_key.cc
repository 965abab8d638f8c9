// Draws the key once per process.
#include "dns/hash_key.h"

#include <sys/random.h>

namespace portolan::dns {

// Without entropy (never seen on Linux after boot) the key is a constant: slower under attack, but right.
HashKey::HashKey() : first(0x9ae16a3b2f90404f), second(0xc949c7defeafa6d1) {
  uint64_t drawn[2];
  if (getrandom(drawn, sizeof drawn, 0) != static_cast<ssize_t>(sizeof drawn)) return;
  first ^= drawn[0];
  second ^= drawn[1];
}

__attribute__((init_priority(101))) const HashKey kHashKey;

}  // namespace portolan::dns
