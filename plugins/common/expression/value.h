// What an expression or a template works on: a plain value whose text, elements and pairs lie in the query's arena or
// live as long as the configuration.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plugins/common/text_buffer.h"

namespace portolan::expression {

enum class Kind : uint8_t { nil, boolean, integer, fraction, text, array, map, object };

/// Trivially copyable, so that arrays of it lie in arenas.
class Value {
 public:
  constexpr Value() : integer_(0) {}
  static Value of(bool value) { return Value(Kind::boolean, value); }
  static Value of(int64_t value) { return Value(Kind::integer, value); }
  static Value of(double value) {
    Value out(Kind::fraction, 0);
    out.fraction_ = value;
    return out;
  }
  static Value of(std::string_view text) {
    Value out(Kind::text, 0, text.size());
    out.octets_ = text.data();
    return out;
  }
  static Value of(const char* text) { return of(std::string_view(text)); }
  static Value of(std::span<const Value> elements) {
    Value out(Kind::array, 0, elements.size());
    out.elements_ = elements.data();
    return out;
  }
  /// Keys and values in turn.
  static Value map_of(std::span<const Value> pairs) {
    Value out(Kind::map, 0, pairs.size());
    out.elements_ = pairs.data();
    return out;
  }
  /// Something that only whoever made it knows; `tag` says what.
  static Value object(uint8_t tag) { return Value(Kind::object, tag); }

  Kind kind() const { return kind_; }
  bool is_nil() const { return kind_ == Kind::nil; }
  bool is_number() const { return kind_ == Kind::integer || kind_ == Kind::fraction; }
  bool is_text() const { return kind_ == Kind::text; }
  bool is_true() const { return kind_ == Kind::boolean && integer_ != 0; }

  bool boolean() const { return integer_ != 0; }
  int64_t integer() const { return integer_; }
  /// Of either kind of number.
  double number() const { return kind_ == Kind::integer ? static_cast<double>(integer_) : fraction_; }
  std::string_view text() const { return {octets_, size_}; }
  /// Of an array; of a map: keys and values in turn.
  std::span<const Value> elements() const { return {elements_, size_}; }
  uint8_t tag() const { return static_cast<uint8_t>(integer_); }

  /// The value of a map's key; null when there is none.
  const Value* find(std::string_view key) const;

 private:
  Value(Kind kind, int64_t integer, size_t size = 0)
      : kind_(kind), size_(static_cast<uint32_t>(size)), integer_(integer) {}

  Kind kind_ = Kind::nil;
  uint32_t size_ = 0;
  union {
    int64_t integer_;
    double fraction_;
    const char* octets_;
    const Value* elements_;
  };
};

/// Appends what Go's %v makes of a value: `3`, `1.5`, `[a b]`, `map[k:v]`, `<nil>`.
void append_text(TextBuffer& out, const Value& value);
/// About how many octets append_text() appends; stops counting beyond `limit`.
size_t text_size(const Value& value, size_t limit);
/// A fraction as Go's %v has it: the shortest digits, an exponent below 1e-4 and from 1e6 on.
void append_fraction(TextBuffer& out, double value);

/// What Go or the language calls the kind: "string", "int", "float64", "bool", "array", "map", "nil".
std::string_view kind_name(Kind kind);

}  // namespace portolan::expression
