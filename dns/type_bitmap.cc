// A window for each 256 types that has any.
#include "dns/type_bitmap.h"

#include <array>

namespace portolan::dns {

void append_type_bitmap(std::string& out, std::span<const RRType> types) {
  for (size_t at = 0; at < types.size();) {
    const unsigned window = static_cast<uint16_t>(types[at]) >> 8;
    std::array<uint8_t, 32> bits{};
    size_t used = 0;
    for (; at < types.size() && static_cast<uint16_t>(types[at]) >> 8 == window; ++at) {
      const unsigned low = static_cast<uint16_t>(types[at]) & 0xffU;
      bits[low / 8] |= static_cast<uint8_t>(0x80 >> low % 8);
      used = low / 8 + 1;
    }
    out += static_cast<char>(window);
    out += static_cast<char>(used);
    out.append(reinterpret_cast<const char*>(bits.data()), used);
  }
}

}  // namespace portolan::dns
