// Hashed owner names (RFC 5155 section 3.3).
#pragma once

#include <cstdint>
#include <string_view>

namespace portolan::dns {

/// Base 32 with the extended hex alphabet and without padding (RFC 4648 section 7), case ignored: writes
/// text.size() * 5 / 8 octets to `to`. False when `text` is not that, or ends within an octet.
bool decode_base32hex(std::string_view text, uint8_t* to);

}  // namespace portolan::dns
