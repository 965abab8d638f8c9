// Growth and names of text in an arena.
#include "plugins/common/text_buffer.h"

#include <algorithm>

namespace portolan {

void TextBuffer::reserve(size_t wanted) {
  capacity_ = std::max(wanted, capacity_ * 2);
  auto* data = reinterpret_cast<char*>(arena_->bytes(capacity_).data());
  if (size_ > 0) std::memcpy(data, data_, size_);
  data_ = data;
}

TextBuffer& TextBuffer::name(dns::NameView name) {
  if (name.is_root()) return append('.');
  constexpr std::string_view kEscaped = ". '@;()\"\\";
  for (; !name.is_root(); name = name.parent()) {
    for (const char octet : name.first_label()) {
      const auto value = static_cast<uint8_t>(octet);
      if (value < 0x20 || value > 0x7e) {
        const char escape[4] = {'\\', static_cast<char>('0' + value / 100), static_cast<char>('0' + value / 10 % 10),
                                static_cast<char>('0' + value % 10)};
        append({escape, sizeof escape});
        continue;
      }
      if (kEscaped.find(octet) != kEscaped.npos) append('\\');
      append(octet);
    }
    append('.');
  }
  return *this;
}

}  // namespace portolan
