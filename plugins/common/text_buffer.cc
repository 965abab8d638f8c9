// Growth and names of text in an arena.
#include "plugins/common/text_buffer.h"

#include <algorithm>
#include <array>

#include "dns/fold.h"

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

using Block = dns::Octets16;
constexpr size_t kBlock = sizeof(Block);

/// Whether all are letters, digits, hyphens and underscores; `size` is a multiple of kBlock.
bool all_usual(const char* text, size_t size) {
  Block usual = ~Block{};
  for (size_t at = 0; at < size; at += kBlock) {
    const Block octets = dns::load16(reinterpret_cast<const uint8_t*>(text + at));
    const auto letter = (octets | 0x20) - 'a' < 26, digit = octets - '0' < 10;
    usual &= reinterpret_cast<Block>(letter | digit | (octets == '-') | (octets == '_'));
  }
  std::array<uint64_t, kBlock / sizeof(uint64_t)> halves;
  std::memcpy(halves.data(), &usual, kBlock);
  return (halves[0] & halves[1]) == ~uint64_t{0};
}

}  // namespace

TextBuffer& TextBuffer::name(dns::NameView name) {
  if (name.is_root()) return append('.');
  // Most names need no escapes and are as long as on the wire: where the length of a label stood, the one before ends.
  const size_t size = name.size() - 1;
  const size_t padded = (size + kBlock - 1) / kBlock * kBlock;
  if (padded > room()) reserve(size_ + padded);
  char* const to = data_ + size_;
  std::memcpy(to, name.data() + 1, size);
  std::memset(to + size, 'x', padded - size);
  const auto end_labels_with = [&](char character) {
    for (const uint8_t* at = name.data(); *at != 0; at += 1 + *at) to[at - name.data() + *at] = character;
  };
  end_labels_with('x');
  if (!all_usual(to, padded)) return name_with_escapes(name);
  end_labels_with('.');
  size_ += size;
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
