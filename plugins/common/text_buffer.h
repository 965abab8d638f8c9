// Text in a query's arena, for log lines: nothing is taken from the heap.
#pragma once

#include <charconv>
#include <cstdint>
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
    if (text.size() > room()) reserve(size_ + text.size());
    copy(data_ + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  TextBuffer& append(char character) {
    if (room() == 0) reserve(size_ + 1);
    data_[size_++] = character;
    return *this;
  }
  TextBuffer& number(uint64_t value) {
    constexpr size_t kMostDigits = 20;
    if (room() < kMostDigits) reserve(size_ + kMostDigits);
    size_ = static_cast<size_t>(std::to_chars(data_ + size_, data_ + capacity_, value).ptr - data_);
    return *this;
  }
  /// Presentation form as miekg/dns writes it.
  TextBuffer& name(dns::NameView name);

  void drop_last() { --size_; }
  std::string_view text() const { return {data_, size_}; }

 private:
  size_t room() const { return capacity_ - size_; }
  void reserve(size_t wanted);
  // A line has many short texts, for which a call of memcpy() costs more than the copy: two halves that may overlap.
  static void copy(char* to, const char* from, size_t size) {
    if (size > 16) {
      std::memcpy(to, from, size);
    } else if (size >= 8) {
      copy_ends<uint64_t>(to, from, size);
    } else if (size >= 4) {
      copy_ends<uint32_t>(to, from, size);
    } else {
      for (size_t i = 0; i < size; ++i) to[i] = from[i];
    }
  }
  template <class Half>
  static void copy_ends(char* to, const char* from, size_t size) {
    Half first, last;
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
  }
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
