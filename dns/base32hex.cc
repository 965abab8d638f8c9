// Five bits a character.
#include "dns/base32hex.h"

namespace portolan::dns {
namespace {

int value_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'v' ? lower - 'a' + 10 : -1;
}

}  // namespace

bool decode_base32hex(std::string_view text, uint8_t* to) {
  uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const int value = value_of(c);
    if (value < 0) return false;
    bits = bits << 5 | static_cast<uint32_t>(value);
    held += 5;
    if (held < 8) continue;
    held -= 8;
    *to++ = static_cast<uint8_t>(bits >> held);
  }
  return held < 5 && (bits & ((1U << held) - 1)) == 0;
}

}  // namespace portolan::dns
