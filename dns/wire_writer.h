// Pieces of a message under construction, written where the caller knows that there is room.
#pragma once

#include <cstdint>
#include <cstring>

#include "dns/message.h"

namespace portolan::dns {

/// Each returns where the next octet goes.
inline uint8_t* put16(uint8_t* at, uint16_t value) {
  const uint16_t swapped = __builtin_bswap16(value);
  std::memcpy(at, &swapped, sizeof swapped);
  return at + sizeof swapped;
}

inline uint8_t* put32(uint8_t* at, uint32_t value) {
  const uint32_t swapped = __builtin_bswap32(value);
  std::memcpy(at, &swapped, sizeof swapped);
  return at + sizeof swapped;
}

inline uint8_t* put(uint8_t* at, std::span<const uint8_t> octets) {
  if (!octets.empty()) std::memcpy(at, octets.data(), octets.size());
  return at + octets.size();
}

/// TYPE, CLASS and TTL.
inline uint8_t* put_fields(uint8_t* at, const Record& record) {
  at = put16(at, static_cast<uint16_t>(record.type));
  at = put16(at, static_cast<uint16_t>(record.cls));
  return put32(at, record.ttl);
}

/// RFC 1035 section 4.1.1; `at` is where the message begins.
inline uint8_t* put_header(uint8_t* at, const Header& header) {
  at = put16(at, header.id);
  *at++ = static_cast<uint8_t>((header.qr ? 0x80 : 0) | (static_cast<uint8_t>(header.opcode) & 0xf) << 3 |
                               (header.aa ? 0x04 : 0) | (header.tc ? 0x02 : 0) | (header.rd ? 0x01 : 0));
  *at++ = static_cast<uint8_t>((header.ra ? 0x80 : 0) | (header.z ? 0x40 : 0) | (header.ad ? 0x20 : 0) |
                               (header.cd ? 0x10 : 0) | (header.rcode & 0x0f));
  at = put16(at, header.qdcount);
  at = put16(at, header.ancount);
  at = put16(at, header.nscount);
  return put16(at, header.arcount);
}

/// Octets that the OPT takes.
inline size_t opt_size(const Edns& edns) {
  size_t size = 11;  // root owner, TYPE, CLASS, TTL, RDLENGTH
  for (const EdnsOption& option : edns.options) size += 4 + option.data.size();
  return size;
}

/// RFC 6891 section 6.1.2 and 6.1.3.
inline uint8_t* put_opt(uint8_t* at, const Edns& edns, uint8_t extended_rcode) {
  *at++ = 0;
  at = put16(at, static_cast<uint16_t>(RRType::opt));
  at = put16(at, edns.udp_size);
  *at++ = extended_rcode;
  *at++ = edns.version;
  at = put16(at, static_cast<uint16_t>((edns.dnssec_ok ? 0x8000 : 0) | (edns.z_flags & 0x7fff)));
  uint8_t* const length_at = at;
  at += 2;
  for (const EdnsOption& option : edns.options) {
    at = put16(at, option.code);
    at = put16(at, static_cast<uint16_t>(option.data.size()));
    at = put(at, option.data);
  }
  put16(length_at, static_cast<uint16_t>(at - length_at - 2));
  return at;
}

}  // namespace portolan::dns
