// Integers in their bases, fractions, texts, and lists of them.
#include "plugins/template/go_verb.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "plugins/common/utf8.h"

namespace portolan::templates {
namespace {

constexpr unsigned kMaxDepth = 16;
constexpr size_t kMaxText = 64 * 1024;
constexpr std::string_view kLower = "0123456789abcdef", kUpper = "0123456789ABCDEF";

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

std::string_view first_characters(std::string_view text, size_t count) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<uint8_t>(text[at]) & 0xC0) != 0x80 && count-- == 0) break;
  }
  return text.substr(0, at);
}

// -0x1.8p+01: two digits of the exponent at least.
void append_hexadecimal(TextBuffer& out, double value, int precision) {
  char digits[1200];
  const auto end =
      (precision < 0 ? std::to_chars(digits, digits + sizeof digits, value, std::chars_format::hex)
                     : std::to_chars(digits, digits + sizeof digits, value, std::chars_format::hex, precision))
          .ptr;
  std::string_view text(digits, static_cast<size_t>(end - digits));
  if (text.starts_with('-')) {
    out.append('-');
    text.remove_prefix(1);
  }
  const size_t exponent = text.find('p') + 2;  // behind the sign
  out.append("0x").append(text.substr(0, exponent));
  if (text.size() - exponent < 2) out.append('0');
  out.append(text.substr(exponent));
}

// strconv.Quote, which escapes controls; what is beyond ASCII stays.
void append_quoted(TextBuffer& out, std::string_view text, char mark) {
  static constexpr std::string_view kControls = "\a\b\f\n\r\t\v", kLetters = "abfnrtv";
  out.append(mark);
  for (const char c : text) {
    const auto octet = static_cast<uint8_t>(c);
    if (c == mark || c == '\\') {
      out.append('\\').append(c);
    } else if (const size_t known = kControls.find(c); known != std::string_view::npos) {
      out.append('\\').append(kLetters[known]);
    } else if (octet < ' ' || octet == 0x7F) {
      out.append("\\x").append(kLower[octet >> 4]).append(kLower[octet & 15]);
    } else {
      out.append(c);
    }
  }
  out.append(mark);
}

}  // namespace

std::string_view type_name(const Value& value) {
  if (is_object(value, Object::groups)) return "map[string]string";
  static constexpr std::string_view kNames[] = {
      "<nil>", "bool", "int", "float64", "string", "[]interface {}", "map[string]interface {}", "object"};
  return kNames[static_cast<size_t>(value.kind())];
}

void Printer::print(const Verb& verb, const Value& value) {
  if (out_.text().size() > kMaxText) return;  // of many elements
  if (verb.letter == "T") return padded(verb, type_name(value));
  switch (value.kind()) {
    case Kind::integer:
      return integer(verb, value.integer());
    case Kind::fraction:
      return fraction(verb, value.number());
    case Kind::text:
      return text(verb, value.text());
    case Kind::boolean:
      if (verb.letter == "t" || verb.letter == "v") return padded(verb, value.boolean() ? "true" : "false", verb.zero);
      return bad(verb, value);
    case Kind::nil:
      if (verb.letter == "v") return padded(verb, "<nil>", verb.zero);
      out_.append("%!").append(verb.letter).append("(<nil>)");
      return;
    case Kind::array:
    case Kind::map:
      return elements(verb, value);
    case Kind::object: {
      if (is_object(value, Object::groups)) return elements(verb, group_map(data_, arena_));
      TextBuffer written(arena_);
      if (write(value, data_, written, arena_)) padded(verb, written.text());
      return;
    }
  }
}

// [a b], map[k:v] in the order of the keys, each part as the verb has it.
void Printer::elements(const Verb& verb, const Value& value) {
  if (depth_ >= kMaxDepth) return;
  ++depth_;
  const auto all = value.elements();
  if (value.kind() == Kind::array) {
    out_.append('[');
    for (size_t i = 0; i < all.size(); ++i) {
      if (i > 0) out_.append(' ');
      print(verb, all[i]);
    }
  } else {
    const auto keys = arena_.array<const Value*>(all.size() / 2);
    for (size_t i = 0; i < keys.size(); ++i) keys[i] = &all[i * 2];
    std::sort(keys.begin(), keys.end(), [](const Value* a, const Value* b) { return a->text() < b->text(); });
    out_.append("map[");
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i > 0) out_.append(' ');
      print(verb, keys[i][0]);
      out_.append(':');
      print(verb, keys[i][1]);
    }
  }
  out_.append(']');
  --depth_;
}

void Printer::integer(const Verb& verb, int64_t value) {
  if (verb.letter == "c" || verb.letter == "q" || verb.letter == "U") {
    const Utf8 character(value < 0 || value > 0x10FFFF ? 0xFFFD : static_cast<uint32_t>(value));
    if (verb.letter == "c") return padded(verb, character.text());
    TextBuffer whole(arena_, 24);
    if (verb.letter == "q") {
      append_quoted(whole, character.text(), '\'');
    } else {
      char digits[20];
      const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<uint64_t>(value), 16).ptr;
      whole.append("U+");
      for (auto count = end - digits; count < 4; ++count) whole.append('0');
      for (const char* c = digits; c < end; ++c) whole.append(static_cast<char>(*c >= 'a' ? *c - 32 : *c));
    }
    return padded(verb, whole.text());
  }
  static constexpr struct {
    std::string_view letter;
    int base;
    std::string_view sharp;
  } kBases[] = {{"d", 10, ""}, {"v", 10, ""},   {"b", 2, "0b"}, {"o", 8, "0"},
                {"O", 8, ""},  {"x", 16, "0x"}, {"X", 16, "0X"}};
  const auto* base =
      std::find_if(std::begin(kBases), std::end(kBases), [&](const auto& each) { return each.letter == verb.letter; });
  if (base == std::end(kBases)) return bad(verb, Value::of(value));
  char digits[72];
  const uint64_t magnitude = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const auto end = std::to_chars(digits, digits + sizeof digits, magnitude, base->base).ptr;
  if (verb.letter == "X") std::transform(digits, end, digits, [](char c) { return c >= 'a' ? c - 32 : c; });
  const std::string_view number(digits, static_cast<size_t>(end - digits));
  TextBuffer whole(arena_, 96);
  if (value < 0) {
    whole.append('-');
  } else if (verb.plus || verb.space) {
    whole.append(verb.plus ? '+' : ' ');
  }
  if (verb.sharp) whole.append(base->sharp);
  if (verb.letter == "O") whole.append("0o");
  int wanted = std::max(verb.precision, 0);
  if (verb.zero && !verb.minus && verb.precision < 0) wanted = verb.width - static_cast<int>(whole.text().size());
  for (int i = static_cast<int>(number.size()); i < wanted; ++i) whole.append('0');
  if (!(verb.precision == 0 && value == 0)) whole.append(number);  // as Go, zero with no digits wanted is nothing
  padded(verb, whole.text());
}

// %g is the shortest text that reads back the same; the others have six decimals unless told.
void Printer::fraction(const Verb& verb, double value) {
  const bool general = verb.letter == "v" || verb.letter == "g" || verb.letter == "G";
  const bool scientific = verb.letter == "e" || verb.letter == "E";
  const bool hexadecimal = verb.letter == "x" || verb.letter == "X";
  if (!general && !scientific && !hexadecimal && verb.letter != "f" && verb.letter != "F") {
    return bad(verb, Value::of(value));
  }
  TextBuffer whole(arena_, 64);
  if (!std::signbit(value) && (verb.plus || verb.space)) whole.append(verb.plus ? '+' : ' ');
  char digits[2000];
  if (!std::isfinite(value) || (general && verb.precision < 0)) {
    expression::append_fraction(whole, value);
  } else if (hexadecimal) {
    append_hexadecimal(whole, value, verb.precision);
  } else {
    const auto style = general      ? std::chars_format::general
                       : scientific ? std::chars_format::scientific
                                    : std::chars_format::fixed;
    const int precision = verb.precision < 0 ? 6 : verb.precision;
    const auto end = std::to_chars(digits, digits + sizeof digits, value, style, precision).ptr;
    whole.append({digits, static_cast<size_t>(end - digits)});
  }
  std::string_view text = whole.text();
  if (verb.letter == "E" || verb.letter == "G" || verb.letter == "X") {
    TextBuffer upper(arena_, text.size());
    for (const char c : text) upper.append(static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
    text = upper.text();
  }
  if (!verb.zero || verb.minus || !std::isfinite(value)) return padded(verb, text);
  TextBuffer filled(arena_, 64);  // zeros stand behind the sign
  const bool sign = !text.empty() && (text[0] < '0' || text[0] > '9');
  if (sign) filled.append(text[0]);
  for (int i = static_cast<int>(text.size()); i < verb.width; ++i) filled.append('0');
  padded(verb, filled.append(text.substr(sign)).text());
}

void Printer::text(const Verb& verb, std::string_view text) {
  const std::string_view cut = verb.precision >= 0 ? first_characters(text, static_cast<size_t>(verb.precision)) : text;
  if (verb.letter == "s" || verb.letter == "v") return padded(verb, cut, verb.zero);
  if (verb.letter == "q") {
    TextBuffer quoted(arena_, cut.size() + 2);
    const bool raw =
        verb.sharp && cut.find('`') == std::string_view::npos &&
        std::none_of(cut.begin(), cut.end(), [](char c) { return static_cast<uint8_t>(c) < ' ' && c != '\t'; });
    if (raw) {
      quoted.append('`').append(cut).append('`');
    } else {
      append_quoted(quoted, cut, '"');
    }
    return padded(verb, quoted.text(), verb.zero);
  }
  if (verb.letter != "x" && verb.letter != "X") return bad(verb, Value::of(text));
  const std::string_view digits = verb.letter == "x" ? kLower : kUpper;
  const std::string_view octets =
      verb.precision >= 0 ? text.substr(0, std::min(text.size(), static_cast<size_t>(verb.precision))) : text;
  TextBuffer hex(arena_, octets.size() * 2);
  const auto prefix = [&] {
    if (verb.sharp) hex.append('0').append(verb.letter);
  };
  for (size_t i = 0; i < octets.size(); ++i) {
    if (i > 0 && verb.space) hex.append(' ');
    if (i == 0 || verb.space) prefix();
    hex.append(digits[static_cast<uint8_t>(octets[i]) >> 4]).append(digits[static_cast<uint8_t>(octets[i]) & 15]);
  }
  padded(verb, hex.text(), verb.zero);
}

void Printer::bad(const Verb& verb, const Value& value) {
  out_.append("%!").append(verb.letter).append('(').append(type_name(value)).append('=');
  Verb same = verb;
  same.letter = "v";
  print(same, value);
  out_.append(')');
}

void Printer::padded(const Verb& verb, std::string_view text, bool zeros) {
  if (verb.minus) out_.append(text);
  for (int i = static_cast<int>(characters(text)); i < verb.width; ++i) out_.append(zeros && !verb.minus ? '0' : ' ');
  if (!verb.minus) out_.append(text);
}

}  // namespace portolan::templates
