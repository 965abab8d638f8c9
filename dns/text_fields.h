// What the data of each type is made of in presentation form: the fields with their names, in order.
#pragma once

#include <cstdint>
#include <span>

#include "dns/types.h"

namespace portolan::dns {

enum class FieldKind : uint8_t {
  u8,
  u16,
  u32,
  timer,            // 32 bits, seconds or with units: 1h30m
  time,             // YYYYMMDDHHmmSS or seconds since 1970 (RFC 4034 section 3.2)
  name,             // completed with the origin
  string,           // one of up to 255 octets
  optional_string,  // the last one, may be missing
  strings,          // up to the end, one at least; those beyond 255 octets are split
  value,            // one string of any length without a length octet
  tag,              // letters and digits (RFC 8659 section 4.1)
  hex,              // up to the end
  base64,           // up to the end
  optional_base64,  // the same, may be missing
  salt,             // hexadecimal in one word, or "-"
  hash,             // base32hex in one word
  type,
  types,      // up to the end, maybe none: a bitmap
  algorithm,  // of DNSSEC, number or mnemonic
  cert_type,  // number or mnemonic (RFC 4398 section 2.1)
  ipv4,
  ipv6,
  eui48,
  eui64,
  node_id,     // four groups of hexadecimal digits (RFC 6742 section 2.1.2)
  nsap,        // hexadecimal behind 0x, with dots (RFC 1706 section 6)
  relay_type,  // discovery optional, and the type of `gateway` (RFC 8777 section 4.3)
  gateway,     // of the type in the second octet (RFC 4025 section 3)
  hip,         // RFC 8005 section 6
  location,    // RFC 1876 section 3
  prefixes,    // RFC 3123 section 5
  services,    // protocol and ports (RFC 1035 section 3.4.2)
  parameters,  // RFC 9460 section 2.1
};

struct TextField {
  FieldKind kind;
  const char* name;  // for messages
};

/// Empty for types that have no presentation form but that of RFC 3597.
std::span<const TextField> text_fields(RRType type);

}  // namespace portolan::dns
