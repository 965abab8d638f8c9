// Names of the reverse zones (RFC 1035 section 3.5, RFC 3596 section 2.5) and the addresses they stand for.
#include <array>

#include "dns/rdata.h"

namespace portolan::dns {
namespace {

constexpr uint8_t kInAddrArpa[] =
    "\x07in-addr\x04"
    "arpa";
constexpr uint8_t kIp6Arpa[] =
    "\x03ip6\x04"
    "arpa";
constexpr NameView kV4Zone(kInAddrArpa, sizeof kInAddrArpa);
constexpr NameView kV6Zone(kIp6Arpa, sizeof kIp6Arpa);
constexpr size_t kV6Labels = 32 * 2;  // octets of 32 labels of one nibble

/// A decimal number from 0 to 255 without leading zeros; -1 for anything else.
int octet_of(std::string_view label) {
  if (label.empty() || label.size() > 3 || (label.size() > 1 && label[0] == '0')) return -1;
  int value = 0;
  for (const char c : label) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value <= 255 ? value : -1;
}

int nibble_of(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = kLower[c];
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool v4_of(NameView name, IpAddress& address) {
  std::array<uint8_t, 4> octets{};
  for (size_t i = octets.size(); i-- != 0; name = name.parent()) {
    const int octet = octet_of(name.first_label());
    if (octet < 0) return false;
    octets[i] = static_cast<uint8_t>(octet);
  }
  if (!name.equals(kV4Zone)) return false;
  address = IpAddress::v4(octets);
  return true;
}

bool v6_of(std::span<const uint8_t> labels, IpAddress& address) {
  if (labels.size() != kV6Labels) return false;
  std::array<uint8_t, 16> octets{};
  for (size_t i = 0; i < 32; ++i) {
    const int nibble = labels[2 * i] == 1 ? nibble_of(labels[2 * i + 1]) : -1;
    if (nibble < 0) return false;
    octets[15 - i / 2] |= static_cast<uint8_t>(i % 2 == 0 ? nibble : nibble << 4);
  }
  address = IpAddress::v6(octets);
  return true;
}

/// One label with the decimal form of `octet`.
uint8_t* put_decimal(uint8_t* at, uint8_t octet) {
  uint8_t* const length = at++;
  if (octet >= 100) *at++ = static_cast<uint8_t>('0' + octet / 100);
  if (octet >= 10) *at++ = static_cast<uint8_t>('0' + octet / 10 % 10);
  *at++ = static_cast<uint8_t>('0' + octet % 10);
  *length = static_cast<uint8_t>(at - length - 1);
  return at;
}

}  // namespace

NameView reverse_name(const IpAddress& address, Arena& arena) {
  const auto octets = address.octets();
  const NameView zone = address.is_v4() ? kV4Zone : kV6Zone;
  std::array<uint8_t, kMaxName> name;
  uint8_t* at = name.data();
  for (size_t i = octets.size(); i-- != 0;) {
    if (address.is_v4()) {
      at = put_decimal(at, octets[i]);
      continue;
    }
    for (const int nibble : {octets[i] & 0xf, octets[i] >> 4}) {
      *at++ = 1;
      *at++ = static_cast<uint8_t>("0123456789abcdef"[nibble]);
    }
  }
  std::memcpy(at, zone.data(), zone.size());
  at += zone.size();
  const auto size = static_cast<uint8_t>(at - name.data());
  return {arena.copy({name.data(), size}).data(), size};
}

bool address_of_reverse(NameView name, IpAddress& address) {
  if (name.is_under(kV6Zone)) return v6_of(name.labels_before(kV6Zone), address);
  return name.is_under(kV4Zone) && v4_of(name, address);
}

}  // namespace portolan::dns
