// Verbs, flags and widths.
#include "plugins/template/go_printf.h"

#include <algorithm>
#include <charconv>

namespace portolan::templates {
namespace {

constexpr unsigned kMaxWidth = 1000;

struct Verb {
  bool minus = false, plus = false, sharp = false, zero = false, space = false;
  unsigned width = 0;
  int precision = -1;
  char letter = 0;
};

std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::text:
      return "string";
    default:
      return "<nil>";
  }
}

class Printer {
 public:
  Printer(TextBuffer& out, const Data& data, Arena& arena) : out_(out), data_(data), arena_(arena) {}

  void print(const Verb& verb, const Value& value) {
    switch (value.kind) {
      case Kind::integer:
        return integer(verb, value);
      case Kind::text:
        return text(verb, value);
      case Kind::boolean:
        if (verb.letter == 't' || verb.letter == 'v') return padded(verb, write(value, data_, arena_).text, false);
        return bad(verb, value);
      case Kind::no_value:
        if (verb.letter == 'v') return padded(verb, "<nil>", false);
        out_.append("%!").append(verb.letter).append("(<nil>)");
        return;
      default:
        return padded(verb, write(value, data_, arena_).text, false);
    }
  }

 private:
  void integer(const Verb& verb, const Value& value) {
    int base = 10;
    std::string_view prefix;
    switch (verb.letter) {
      case 'd':
      case 'v':
        break;
      case 'b':
        base = 2;
        prefix = "0b";
        break;
      case 'o':
        base = 8;
        prefix = "0";
        break;
      case 'x':
        base = 16;
        prefix = "0x";
        break;
      case 'X':
        base = 16;
        prefix = "0X";
        break;
      case 'c': {
        if (value.integer < 0 || value.integer > 127) return bad(verb, value);
        const char c = static_cast<char>(value.integer);
        return padded(verb, {&c, 1}, false);
      }
      default:
        return bad(verb, value);
    }
    char digits[72];
    const uint64_t magnitude = value.integer < 0 ? -static_cast<uint64_t>(value.integer) : value.integer;
    const auto end = std::to_chars(digits, digits + sizeof digits, magnitude, base).ptr;
    if (verb.letter == 'X') std::transform(digits, end, digits, [](char c) { return c >= 'a' ? c - 32 : c; });
    std::string_view number(digits, static_cast<size_t>(end - digits));
    TextBuffer whole(arena_, 96);
    if (value.integer < 0) {
      whole.append('-');
    } else if (verb.plus || verb.space) {
      whole.append(verb.plus ? '+' : ' ');
    }
    if (verb.sharp) whole.append(prefix);
    size_t wanted = verb.precision > 0 ? static_cast<size_t>(verb.precision) : 0;
    if (verb.zero && !verb.minus && verb.precision < 0 && verb.width > whole.text().size()) {
      wanted = verb.width - whole.text().size();
    }
    for (size_t i = number.size(); i < wanted; ++i) whole.append('0');
    whole.append(number);
    padded(verb, whole.text(), false);
  }

  void text(const Verb& verb, const Value& value) {
    std::string_view cut = value.text;
    if (verb.precision >= 0) cut = cut.substr(0, std::min(cut.size(), static_cast<size_t>(verb.precision)));
    switch (verb.letter) {
      case 's':
      case 'v':
        return padded(verb, cut, verb.zero);
      case 'q': {
        TextBuffer quoted(arena_, cut.size() + 2);
        quoted.append('"');
        for (const char c : cut) {
          if (c == '"' || c == '\\') quoted.append('\\');
          quoted.append(c);
        }
        return padded(verb, quoted.append('"').text(), verb.zero);
      }
      case 'x':
      case 'X': {
        const char* digits = verb.letter == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
        TextBuffer hex(arena_, cut.size() * 2);
        for (const char c : cut) {
          hex.append(digits[static_cast<uint8_t>(c) >> 4]).append(digits[static_cast<uint8_t>(c) & 15]);
        }
        return padded(verb, hex.text(), verb.zero);
      }
      default:
        return bad(verb, value);
    }
  }

  void bad(const Verb& verb, const Value& value) {
    out_.append("%!").append(verb.letter).append('(').append(type_name(value.kind)).append('=');
    out_.append(write(value, data_, arena_).text).append(')');
  }

  void padded(const Verb& verb, std::string_view text, bool zeros) {
    if (verb.minus) out_.append(text);
    for (size_t i = text.size(); i < verb.width; ++i) out_.append(zeros && !verb.minus ? '0' : ' ');
    if (!verb.minus) out_.append(text);
  }

  TextBuffer& out_;
  const Data& data_;
  Arena& arena_;
};

// Flags, width and precision in front of the letter; false at the end of the format.
bool read_verb(std::string_view format, size_t& at, Verb& verb) {
  for (; at < format.size(); ++at) {
    const char c = format[at];
    if (c == '-') {
      verb.minus = true;
    } else if (c == '+') {
      verb.plus = true;
    } else if (c == '#') {
      verb.sharp = true;
    } else if (c == '0') {
      verb.zero = true;
    } else if (c == ' ') {
      verb.space = true;
    } else {
      break;
    }
  }
  const auto number = [&] {
    unsigned value = 0;
    for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at) {
      value = std::min(kMaxWidth, value * 10 + static_cast<unsigned>(format[at] - '0'));
    }
    return value;
  };
  verb.width = number();
  if (at < format.size() && format[at] == '.') {
    ++at;
    verb.precision = static_cast<int>(number());
  }
  if (at >= format.size()) return false;
  verb.letter = format[at];
  return true;
}

}  // namespace

void go_printf(TextBuffer& out, std::string_view format, std::span<const Value> arguments, const Data& data,
               Arena& arena) {
  Printer printer(out, data, arena);
  size_t next = 0;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out.append(format[at]);
      continue;
    }
    Verb verb;
    if (++at >= format.size() || !read_verb(format, at, verb)) {
      out.append("%!(NOVERB)");
      break;
    }
    if (verb.letter == '%') {
      out.append('%');
    } else if (next >= arguments.size()) {
      out.append("%!").append(verb.letter).append("(MISSING)");
    } else {
      printer.print(verb, arguments[next++]);
    }
  }
  if (next >= arguments.size()) return;
  out.append("%!(EXTRA ");
  for (size_t i = next; i < arguments.size(); ++i) {
    if (i > next) out.append(", ");
    out.append(type_name(arguments[i].kind)).append('=').append(write(arguments[i], data, arena).text);
  }
  out.append(')');
}

}  // namespace portolan::templates
