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

/// Sixteen octets, for the compiler to keep in one register.
using Octets16 = uint8_t __attribute__((vector_size(16)));

inline Octets16 load16(const uint8_t* from) {
  Octets16 octets;
  std::memcpy(&octets, from, sizeof octets);
  return octets;
}

inline Octets16 fold(Octets16 octets) {
  const auto upper = octets - uint8_t{'A'} < uint8_t{26};  // all bits of an octet that is one
  return octets | (reinterpret_cast<const Octets16&>(upper) & uint8_t{0x20});
}

/// Whether two areas of `count` > 0 octets are the same but for case.
inline bool equal_folded(const uint8_t* a, const uint8_t* b, size_t count) {
  if (count < 8) return fold(load_short(a, count)) == fold(load_short(b, count));
  if (count < 16) {
    return fold(load8(a)) == fold(load8(b)) && fold(load8(a + count - 8)) == fold(load8(b + count - 8));
  }
  const auto same = [](const uint8_t* x, const uint8_t* y) {
    const Octets16 difference = fold(load16(x)) ^ fold(load16(y));
    uint64_t halves[2];
    std::memcpy(halves, &difference, sizeof halves);
    return (halves[0] | halves[1]) == 0;
  };
  for (size_t at = 0; at + 16 < count; at += 16) {
    if (!same(a + at, b + at)) return false;
  }
  return same(a + count - 16, b + count - 16);
}

inline void store_folded16(uint8_t* to, const uint8_t* from) {
  const Octets16 octets = fold(load16(from));
  std::memcpy(to, &octets, sizeof octets);
}

inline void store_folded(uint8_t* to, const uint8_t* from) {
  const uint64_t word = fold(load8(from));
  std::memcpy(to, &word, sizeof word);
}

/// Copies `count` octets in lower case; the areas do not overlap.
inline void copy_lower(uint8_t* to, const uint8_t* from, size_t count) {
  if (count >= 16) {
    for (size_t at = 0; at + 16 < count; at += 16) store_folded16(to + at, from + at);
    store_folded16(to + count - 16, from + count - 16);
    return;
  }
  if (count >= 8) {
    store_folded(to, from);
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
