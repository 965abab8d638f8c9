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
  // Most names need no escapes and are as long as on the wire, a dot for each length.
  if (name.size() > capacity_ - size_) reserve(size_ + name.size());
  char* to = data_ + size_;
  for (const uint8_t* at = name.data(); *at != 0;) {
    for (const uint8_t* const end = at + 1 + *at; ++at != end;) {
      if (!kPlain[*at]) return name_with_escapes(name);
      *to++ = static_cast<char>(*at);
    }
    *to++ = '.';
  }
  size_ = static_cast<size_t>(to - data_);
  return *this;
}

TextBuffer& TextBuffer::name_with_escapes(dns::NameView name) {
  for (; !name.is_root(); name = name.parent()) {
    for (const char octet : name.first_label()) {
      if (is_plain(octet)) {
        append(octet);
      } else {
        escaped(static_cast<uint8_t>(octet));
      }
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
