// Text in a query's arena, for log lines: nothing is taken from the heap.
#pragma once

#include <charconv>
#include <cstring>
#include <string_view>

#include "base/arena.h"
#include "dns/message.h"

namespace portolan {

/// Grows in the arena. For one query on its worker.
class TextBuffer {
 public:
  explicit TextBuffer(Arena& arena, size_t expected = 256) : arena_(&arena) { reserve(expected); }

  TextBuffer& append(std::string_view text) {
    if (text.empty()) return *this;  // memcpy() takes no null pointers
    if (text.size() > capacity_ - size_) reserve(size_ + text.size());
    std::memcpy(data_ + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  TextBuffer& append(char character) { return append(std::string_view(&character, 1)); }
  TextBuffer& number(uint64_t value) {
    char digits[20];
    return append({digits, std::to_chars(digits, digits + sizeof digits, value).ptr});
  }
  /// Presentation form as miekg/dns writes it.
  TextBuffer& name(dns::NameView name);

  void drop_last() { --size_; }
  std::string_view text() const { return {data_, size_}; }

 private:
  void reserve(size_t wanted);
  TextBuffer& name_with_escapes(dns::NameView name);
  /// An octet of a name that means something, or nothing, in a zone file.
  void escaped(uint8_t octet);

  Arena* arena_;
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

/// A name alone in presentation form, as TextBuffer::name() writes it.
inline std::string_view name_text(dns::NameView name, Arena& arena) {
  return TextBuffer(arena, name.size()).name(name).text();  // as long as on the wire, but for escapes
}

}  // namespace portolan
