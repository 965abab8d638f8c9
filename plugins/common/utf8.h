// Characters in UTF-8.
#pragma once

#include <cstdint>
#include <string_view>

namespace portolan {

/// The octets of one character (RFC 3629 section 3); `code` is at most 0x10FFFF.
class Utf8 {
 public:
  explicit Utf8(uint32_t code) {
    static constexpr uint8_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
    const unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    octets_[size_++] = static_cast<char>(kLead[more] | code >> (6 * more));
    for (unsigned i = more; i-- > 0;) octets_[size_++] = static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
  }
  std::string_view text() const { return {octets_, size_}; }

 private:
  char octets_[4];
  uint8_t size_ = 0;
};

}  // namespace portolan
