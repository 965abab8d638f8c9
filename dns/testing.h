// What the tests of this folder share: octets from hex, names and records from text. Not part of the library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dns/rdata_text.h"

namespace portolan::dns {

/// Octets of a hex string; blanks are skipped.
inline std::vector<uint8_t> from_hex(std::string_view text) {
  std::vector<uint8_t> octets;
  std::string digits;
  for (const char c : text) {
    if (c != ' ') digits += c;
    if (digits.size() == 2) {
      octets.push_back(static_cast<uint8_t>(std::stoi(digits, nullptr, 16)));
      digits.clear();
    }
  }
  return octets;
}

inline std::string to_hex(std::span<const uint8_t> octets) {
  std::string text;
  for (const uint8_t octet : octets) {
    text += "0123456789abcdef"[octet >> 4];
    text += "0123456789abcdef"[octet & 0xf];
  }
  return text;
}

/// Throws, and so fails the test, when `text` is not a name.
inline Name name(std::string_view text) { return Name::parse(text).value(); }

inline OwnedRecord record(std::string_view text) { return parse_record(text, name("."), 3600).value(); }

}  // namespace portolan::dns
