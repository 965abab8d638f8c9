// Octets of names taken eight at a time: case folding and loads, for comparing, hashing and lowering names. A length
// octet is at most 63, below 'A', so that a whole name in wire form can be folded without looking at its labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace portolan::dns {

inline uint64_t load8(const uint8_t* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

inline uint32_t load4(const uint8_t* from) {
  uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// 1 to 7 octets as a word; different octets of the same count give different words.
inline uint64_t load_short(const uint8_t* from, size_t count) {
  if (count >= 4) return load4(from) | uint64_t{load4(from + count - 4)} << 32;
  return from[0] | uint64_t{from[count / 2]} << 8 | uint64_t{from[count - 1]} << 16;
}

/// A-Z to a-z in each of eight octets (RFC 4343 section 3: ASCII only).
inline uint64_t fold(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHigh = kOnes * 0x80;
  const uint64_t low7 = word & ~kHigh;
  const uint64_t from_a = low7 + kOnes * (0x80 - 'A');    // high bit: octet >= 'A'
  const uint64_t beyond_z = low7 + kOnes * (0x7f - 'Z');  // high bit: octet > 'Z'
  const uint64_t upper = (from_a ^ beyond_z) & ~word & kHigh;
  return word | upper >> 2;
}

inline void store_folded(uint8_t* to, const uint8_t* from) {
  const uint64_t word = fold(load8(from));
  std::memcpy(to, &word, sizeof word);
}

/// Copies `count` octets in lower case; the areas do not overlap.
inline void copy_lower(uint8_t* to, const uint8_t* from, size_t count) {
  if (count >= 8) {
    for (size_t at = 0; at + 8 < count; at += 8) store_folded(to + at, from + at);
    store_folded(to + count - 8, from + count - 8);
    return;
  }
  for (size_t at = 0; at < count; ++at) to[at] = from[at] >= 'A' && from[at] <= 'Z' ? from[at] | 0x20 : from[at];
}

/// The two halves of the 128-bit product, mixed.
inline uint64_t mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace portolan::dns
