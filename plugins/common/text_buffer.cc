// Growth and names of text in an arena.
#include "plugins/common/text_buffer.h"

#include <algorithm>
#include <array>

namespace portolan {

void TextBuffer::reserve(size_t wanted) {
  capacity_ = std::max(wanted, capacity_ * 2);
  auto* data = reinterpret_cast<char*>(arena_->bytes(capacity_).data());
  if (size_ > 0) std::memcpy(data, data_, size_);
  data_ = data;
}

namespace {

// Octets that stand for themselves.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int octet = 0x20; octet < 0x7f; ++octet) plain[octet] = true;
  for (const char escaped : std::string_view(". '@;()\"\\")) plain[static_cast<uint8_t>(escaped)] = false;
  return plain;
}();

bool is_plain(char octet) { return kPlain[static_cast<uint8_t>(octet)]; }

}  // namespace

TextBuffer& TextBuffer::name(dns::NameView name) {
  if (name.is_root()) return append('.');
  for (; !name.is_root(); name = name.parent()) {
    const std::string_view label = name.first_label();
    for (size_t at = 0; at < label.size();) {
      size_t end = at;
      while (end < label.size() && is_plain(label[end])) ++end;
      append(label.substr(at, end - at));
      if (end < label.size()) escaped(static_cast<uint8_t>(label[end]));
      at = end + 1;
    }
    append('.');
  }
  return *this;
}

void TextBuffer::escaped(uint8_t octet) {
  const char digits[3] = {static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
                          static_cast<char>('0' + octet % 10)};
  append('\\');
  if (octet < 0x20 || octet > 0x7e) {
    append({digits, sizeof digits});
  } else {
    append(static_cast<char>(octet));
  }
}

}  // namespace portolan
