// Integers, fractions and durations with Go's syntax.
#include "corefile/number.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>

#include "corefile/option.h"

namespace portolan::corefile {

namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A `+` in front, which std::from_chars does not take.
std::string_view without_plus(std::string_view text) {
  return text.size() > 1 && text[0] == '+' && text[1] != '-' ? text.substr(1) : text;
}

std::optional<uint64_t> unit_of(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "\u00B5s" || unit == "\u03BCs") return 1'000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return 1'000'000'000;
  if (unit == "m") return 60'000'000'000;
  if (unit == "h") return 3'600'000'000'000;
  return std::nullopt;
}

// Reads digits off the front; nullopt if the value does not fit.
std::optional<uint64_t> take_digits(std::string_view& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<size_t>(end - text.data());
  text.remove_prefix(length);
  if (error == std::errc::result_out_of_range || value > uint64_t{1} << 63) return std::nullopt;
  return value;
}

// Digits behind the point as a fraction below 1; what a double cannot hold is dropped.
double take_decimals(std::string_view& text) {
  double value = 0;
  double scale = 1;
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1)) {
    if (scale > 1e17) continue;
    scale *= 10;
    value = value * 10 + (text[0] - '0');
  }
  return value / scale;
}

}  // namespace

Result<int64_t> parse_integer(std::string_view text) {
  const std::string_view digits = without_plus(text);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range && end == digits.data() + digits.size()) {
    return fail("strconv.Atoi: parsing " + quoted(text) + ": value out of range");
  }
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return fail("strconv.Atoi: parsing " + quoted(text) + ": invalid syntax");
  }
  return value;
}

Result<double> parse_fraction(std::string_view text) {
  const std::string_view digits = without_plus(text);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value)) {
    return fail("strconv.ParseFloat: parsing " + quoted(text) + ": invalid syntax");
  }
  return value;
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto invalid = [&] { return fail("time: invalid duration " + quoted(text)); };
  constexpr uint64_t kMost = uint64_t{1} << 63;
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return std::chrono::nanoseconds(0);
  if (rest.empty()) return invalid();
  uint64_t total = 0;
  while (!rest.empty()) {
    const bool whole = is_digit(rest[0]);
    if (!whole && rest[0] != '.') return invalid();
    const auto count = whole ? take_digits(rest) : 0;
    if (!count) return invalid();
    double decimals = 0;
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      const bool digits = !rest.empty() && is_digit(rest[0]);
      if (!whole && !digits) return invalid();
      decimals = take_decimals(rest);
    }
    size_t length = 0;
    while (length < rest.size() && rest[length] != '.' && !is_digit(rest[length])) ++length;
    const std::string_view name = rest.substr(0, length);
    if (name.empty()) return fail("time: missing unit in duration " + quoted(text));
    const auto unit = unit_of(name);
    if (!unit) return fail("time: unknown unit " + quoted(name) + " in duration " + quoted(text));
    rest.remove_prefix(length);
    if (*count > kMost / *unit) return invalid();
    const uint64_t part = *count * *unit + static_cast<uint64_t>(decimals * static_cast<double>(*unit));
    if (part > kMost || total + part > kMost) return invalid();
    total += part;
  }
  if (total == kMost && !negative) return invalid();
  return std::chrono::nanoseconds(static_cast<int64_t>(negative ? 0 - total : total));
}

}  // namespace portolan::corefile
