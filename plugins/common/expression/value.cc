// Writing values.
#include "plugins/common/expression/value.h"

#include <charconv>
#include <cmath>

namespace portolan::expression {
namespace {

constexpr unsigned kMaxNesting = 64;

void append_at(TextBuffer& out, const Value& value, unsigned depth);

void append_integer(TextBuffer& out, int64_t value) {
  char digits[24];
  out.append({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)});
}

// Go writes the pairs of a map in the order of their keys.
void append_map(TextBuffer& out, std::span<const Value> pairs, unsigned depth) {
  out.append("map[");
  std::string_view before;
  for (size_t written = 0; written < pairs.size() / 2; ++written) {
    const Value* next = nullptr;
    for (size_t i = 0; i < pairs.size(); i += 2) {
      if (written > 0 && pairs[i].text() <= before) continue;
      if (!next || pairs[i].text() < next->text()) next = &pairs[i];
    }
    if (!next) break;
    before = next->text();
    if (written > 0) out.append(' ');
    out.append(before).append(':');
    append_at(out, next[1], depth + 1);
  }
  out.append(']');
}

void append_at(TextBuffer& out, const Value& value, unsigned depth) {
  if (depth > kMaxNesting) return;
  switch (value.kind()) {
    case Kind::nil:
      out.append("<nil>");
      return;
    case Kind::boolean:
      out.append(value.boolean() ? "true" : "false");
      return;
    case Kind::integer:
      append_integer(out, value.integer());
      return;
    case Kind::fraction:
      append_fraction(out, value.number());
      return;
    case Kind::text:
      out.append(value.text());
      return;
    case Kind::array: {
      out.append('[');
      const auto elements = value.elements();
      for (size_t i = 0; i < elements.size(); ++i) {
        if (i > 0) out.append(' ');
        append_at(out, elements[i], depth + 1);
      }
      out.append(']');
      return;
    }
    case Kind::map:
      append_map(out, value.elements(), depth);
      return;
    case Kind::object:
      return;
  }
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  const auto pairs = elements();
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (pairs[i].text() == key) return &pairs[i + 1];
  }
  return nullptr;
}

void append_text(TextBuffer& out, const Value& value) { append_at(out, value, 0); }

size_t text_size(const Value& value, size_t limit) {
  constexpr size_t kNumber = 24;
  if (value.is_text()) return value.text().size();
  if (value.kind() != Kind::array && value.kind() != Kind::map) return kNumber;
  size_t size = kNumber;
  for (const Value& each : value.elements()) {
    if (size > limit) break;
    size += 1 + text_size(each, limit - size);
  }
  return size;
}

void append_fraction(TextBuffer& out, double value) {
  if (std::isnan(value)) {
    out.append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out.append(value < 0 ? "-Inf" : "+Inf");
    return;
  }
  char digits[400];
  const double size = std::fabs(value);
  const bool exponent = size != 0 && (size < 1e-4 || size >= 1e6);
  const auto end = std::to_chars(digits, digits + sizeof digits, value,
                                 exponent ? std::chars_format::scientific : std::chars_format::fixed)
                       .ptr;
  out.append({digits, static_cast<size_t>(end - digits)});
}

std::string_view kind_name(Kind kind) {
  static constexpr std::string_view kNames[] = {"nil", "bool", "int", "float64", "string", "array", "map", "object"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace portolan::expression
