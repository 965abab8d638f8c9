// The argument kinds, one function each.
#include "corefile/argument.h"

#include <arpa/inet.h>

#include <algorithm>

#include "corefile/address.h"
#include "corefile/number.h"
#include "corefile/suggest.h"

namespace portolan::corefile {

namespace {

std::string name_of(const Arg& arg) { return arg.name.empty() ? "the argument" : std::string(arg.name); }

bool has_min(const Arg& arg) { return arg.min != std::numeric_limits<int64_t>::min(); }
bool has_max(const Arg& arg) { return arg.max != std::numeric_limits<int64_t>::max(); }

// A whole number of the largest unit that fits, for messages.
std::string bound_text(const Arg& arg, int64_t bound) {
  if (arg.kind != ArgKind::duration) return std::to_string(bound);
  constexpr std::pair<int64_t, const char*> kUnits[] = {
      {3'600'000'000'000, "h"}, {60'000'000'000, "m"}, {1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}};
  for (const auto& [size, unit] : kUnits) {
    if (bound != 0 && bound % size == 0) return std::to_string(bound / size) + unit;
  }
  return bound == 0 ? "0" : std::to_string(bound) + "ns";
}

Result<void> out_of_range(const Arg& arg, const Token& token) {
  std::string allowed;
  if (has_min(arg)) allowed = "at least " + bound_text(arg, arg.min);
  if (has_max(arg)) allowed += (allowed.empty() ? "at most " : " and at most ") + bound_text(arg, arg.max);
  return fail(name_of(arg) + " must be " + allowed + ": " + token.text);
}

template <class T>
Result<void> ranged(const Arg& arg, const Token& token, Result<T> value, T min, T max, std::vector<Value>& values) {
  if (!value) return fail(value.error().message + ", expecting " + name_of(arg));
  if ((has_min(arg) && *value < min) || (has_max(arg) && *value > max)) return out_of_range(arg, token);
  values.emplace_back(*value);
  return {};
}

bool is_address(const std::string& text) {
  unsigned char octets[16];
  return inet_pton(AF_INET, text.c_str(), octets) == 1 || inet_pton(AF_INET6, text.c_str(), octets) == 1;
}

Result<void> zones(const Arg& arg, const Token& token, std::vector<Value>& values) {
  auto found = zones_of_argument(token.text);
  if (!found) return found.error();
  if (found->size() > 1 && !arg.many) {
    return fail(token.text + " stands for " + std::to_string(found->size()) + " zones, but " + name_of(arg) +
                " is one");
  }
  for (std::string& zone : *found) values.emplace_back(std::move(zone));
  return {};
}

Result<void> choice(const Arg& arg, const Token& token, std::vector<Value>& values) {
  std::vector<std::string_view> words;
  for (std::string_view rest = arg.choices; !rest.empty();) {
    const size_t bar = rest.find('|');
    words.push_back(rest.substr(0, bar));
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  }
  std::string listed;
  for (const std::string_view word : words) {
    if (word == token.text || (arg.any_case && equal_in_any_case(word, token.text))) {
      values.emplace_back(std::string(word));
      return {};
    }
    listed += (listed.empty() ? "" : ", ") + std::string(word);
  }
  return fail("wrong value for " + name_of(arg) + ": '" + token.text + "', must be one of: " + listed +
              did_you_mean(token.text, words));
}

}  // namespace

bool equal_in_any_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

Result<void> add_values(const Arg& arg, const Token& token, std::vector<Value>& values) {
  using std::chrono::nanoseconds;
  switch (arg.kind) {
    case ArgKind::integer:
      return ranged(arg, token, parse_integer(token.text), arg.min, arg.max, values);
    case ArgKind::fraction:
      return ranged(arg, token, parse_fraction(token.text), static_cast<double>(arg.min), static_cast<double>(arg.max),
                    values);
    case ArgKind::duration:
      return ranged(arg, token, parse_duration(token.text), nanoseconds(arg.min), nanoseconds(arg.max), values);
    case ArgKind::zone:
      return zones(arg, token, values);
    case ArgKind::choice:
      return choice(arg, token, values);
    case ArgKind::address:
      if (!is_address(token.text)) return fail("not a valid IP address: \"" + token.text + "\"");
      break;
    case ArgKind::prefix:
      if (!is_cidr(token.text)) return fail("illegal CIDR notation \"" + token.text + "\"");
      break;
    case ArgKind::text:
    case ArgKind::grammar:
      break;
  }
  values.emplace_back(token.text);
  return {};
}

}  // namespace portolan::corefile
