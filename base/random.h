// Random numbers. Message ids, source ports and everything a forger must not guess come from the kernel's generator.
#pragma once

#include <cstdint>

namespace portolan {

/// Unpredictable: from getrandom(2), read in blocks per thread.
uint16_t secure_random16();
uint64_t secure_random64();

/// Fast and predictable: for shuffling answers and jitter. Per thread, seeded from the kernel.
uint64_t fast_random64();

/// Uniform in [0, bound); bound > 0.
inline uint32_t fast_random_below(uint32_t bound) {
  return static_cast<uint32_t>((static_cast<unsigned __int128>(fast_random64()) * bound) >> 64);
}

}  // namespace portolan
