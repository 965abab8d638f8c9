// Ranges and modifiers of $GENERATE.
#include "zones/generate.h"

#include <charconv>
#include <cstdio>

namespace portolan::zones {
namespace {

constexpr int64_t kMaxSteps = 65535;
constexpr int64_t kMaxValue = (int64_t{1} << 31) - 1;

template <class T>
bool number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

struct Modifier {
  int64_t offset = 0;
  uint8_t width = 0;
  char base = 'd';
};

// "OFFSET[,WIDTH[,BASE]]"
Result<Modifier> parse_modifier(std::string_view text) {
  Modifier out;
  std::string_view parts[3];
  size_t count = 0;
  for (size_t at = 0; at <= text.size();) {
    if (count == 3) return fail("bad modifier in $GENERATE");
    const size_t comma = std::min(text.find(',', at), text.size());
    parts[count++] = text.substr(at, comma - at);
    at = comma + 1;
  }
  if (count > 2) {
    if (parts[2] != "o" && parts[2] != "d" && parts[2] != "x" && parts[2] != "X") {
      return fail("bad base in $GENERATE");
    }
    out.base = parts[2][0];
  }
  if (!number(parts[0], out.offset)) return fail("bad offset in $GENERATE");
  if (count > 1 && !number(parts[1], out.width)) return fail("bad width in $GENERATE");
  return out;
}

std::string formatted(const Modifier& modifier, int64_t value) {
  char digits[32];
  const char* pattern = modifier.base == 'o'   ? "%llo"
                        : modifier.base == 'x' ? "%llx"
                        : modifier.base == 'X' ? "%llX"
                                               : "%lld";
  const int size = std::snprintf(digits, sizeof digits, pattern, static_cast<long long>(value));
  std::string out(digits, static_cast<size_t>(size));
  if (out.size() < modifier.width) out.insert(0, modifier.width - out.size(), '0');
  return out;
}

}  // namespace

Result<GenerateRange> GenerateRange::parse(std::string_view text) {
  GenerateRange out;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (!number(text.substr(slash + 1), out.step) || out.step <= 0) return fail("bad step in $GENERATE range");
    text = text.substr(0, slash);
  }
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return fail("bad start-stop in $GENERATE range");
  if (!number(text.substr(0, dash), out.start)) return fail("bad start in $GENERATE range");
  if (!number(text.substr(dash + 1), out.stop)) return fail("bad stop in $GENERATE range");
  if (out.start < 0 || out.stop < out.start || (out.stop - out.start) / out.step > kMaxSteps) {
    return fail("bad range in $GENERATE range");
  }
  return out;
}

Result<std::string> generate(std::string_view text, const GenerateRange& range, int64_t value) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      // An escaped $ or backslash stands for itself; other escaped characters are left out, as in CoreDNS.
      if (++i < text.size() && (text[i] == '$' || text[i] == '\\')) out += text[i];
    } else if (c != '$') {
      out += c;
    } else if (i + 1 < text.size() && text[i + 1] == '$') {
      out += '$';
      ++i;
    } else if (i + 1 < text.size() && text[i + 1] == '{') {
      const size_t close = text.find('}', i);
      if (close == std::string_view::npos) return fail("bad modifier in $GENERATE");
      const auto modifier = parse_modifier(text.substr(i + 2, close - i - 2));
      if (modifier.has_error()) return modifier.error();
      if (modifier->offset < -range.start || modifier->offset > kMaxValue ||
          range.stop + modifier->offset > kMaxValue) {
        return fail("bad offset in $GENERATE");
      }
      out += formatted(*modifier, value + modifier->offset);
      i = close;
    } else {
      out += std::to_string(value);
    }
  }
  return {boost::system::in_place_value, std::move(out)};
}

}  // namespace portolan::zones
