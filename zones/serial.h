// Serial numbers of zones, which go round in a circle (RFC 1982).
#pragma once

#include <cstdint>

namespace portolan::zones {

/// RFC 1982 section 3.2: whether `serial` comes before `other`. Of two that are 2^31 apart neither does.
constexpr bool serial_before(uint32_t serial, uint32_t other) {
  const uint32_t distance = other - serial;
  return distance != 0 && distance < 0x8000'0000;
}

}  // namespace portolan::zones
