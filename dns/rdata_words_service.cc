// The parameters of SVCB and HTTPS (RFC 9460), and those of RFC 9461 and RFC 9540.
#include <algorithm>
#include <limits>
#include <map>

#include "base/address.h"
#include "base/base64.h"
#include "dns/rdata_words.h"
#include "dns/string_text.h"

namespace portolan::dns {
namespace {

enum Key : uint16_t {
  mandatory,
  alpn,
  no_default_alpn,
  port,
  ipv4hint,
  ech,
  ipv6hint,
  dohpath,
  ohttp,
  reserved = 65535  // RFC 9460 section 14.3.2
};

constexpr std::string_view kNames[] = {"mandatory", "alpn",     "no-default-alpn", "port", "ipv4hint",
                                       "ech",       "ipv6hint", "dohpath",         "ohttp"};

/// The number of a key's name, or of key65280; none for the numbers of RFC 9460's own keys, as in CoreDNS.
std::optional<uint16_t> key_number(std::string_view name) {
  constexpr std::string_view kPrefix = "key";
  const auto* const known = std::find(std::begin(kNames), std::end(kNames), name);
  if (known != std::end(kNames)) return static_cast<uint16_t>(known - std::begin(kNames));
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size());
  uint32_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = std::min<uint32_t>(number * 10 + static_cast<uint32_t>(c - '0'), reserved);
  }
  // Section 2.1: no leading zeros. Those behind ipv6hint came later, and ldns writes them as numbers.
  if (digits.empty() || digits.front() == '0' || number <= ipv6hint || number == reserved) return std::nullopt;
  return static_cast<uint16_t>(number);
}

/// Appendix A.1: items with commas between; a backslash protects a comma or a backslash. False when an item is empty.
bool split_list(std::string_view text, std::vector<std::string>& items) {
  items.emplace_back();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      if (items.back().empty()) return false;
      items.emplace_back();
      continue;
    }
    if (text[i] == '\\' && (++i == text.size() || (text[i] != ',' && text[i] != '\\'))) return false;
    items.back() += text[i];
  }
  return !items.back().empty();
}

void append16(std::string& out, size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

/// Section 8: a list of other keys, each once, of which the record has all.
bool mandatory_is_valid(const std::map<uint16_t, std::string>& parameters) {
  const auto found = parameters.find(mandatory);
  if (found == parameters.end()) return true;
  const std::string& keys = found->second;
  for (size_t i = 0; i < keys.size(); i += 2) {
    const auto key = static_cast<uint16_t>(static_cast<uint8_t>(keys[i]) << 8 | static_cast<uint8_t>(keys[i + 1]));
    if (key == mandatory || !parameters.contains(key)) return false;
    if (i != 0 && keys.compare(i - 2, 2, keys, i, 2) == 0) return false;
  }
  return true;
}

}  // namespace

// KEY, KEY=VALUE or KEY="VALUE", in any order; in octets the keys ascend.
bool RdataWords::read_parameters(const char* field) {
  std::map<uint16_t, std::string> parameters;
  while (!at_end()) {
    std::string_view word;
    if (!take_plain(field, word)) return false;
    const size_t sign = std::min(word.find('='), word.size());
    const std::string_view name = word.substr(0, sign);
    std::string_view rest = word.substr(std::min(sign + 1, word.size()));
    const auto key = key_number(name);
    if (!key) return wrong(field, name, "known key");
    StringPart part;
    std::string value, octets;
    const bool good = rest.empty() || (take_string(rest, part) && rest.empty() && unescape(part.text, value));
    if (!good) return wrong(field, word, "KEY, KEY=VALUE or KEY=\"VALUE\"");
    if (!parameter_value(*key, name, value, octets)) return false;
    if (octets.size() > std::numeric_limits<uint16_t>::max()) return wrong(field, name, "value of up to 65535 octets");
    if (!parameters.emplace(*key, std::move(octets)).second) {
      return fail_with(about(field) + " " + std::string(name) + " is there twice");
    }
  }
  if (!mandatory_is_valid(parameters)) {
    return fail_with(about(field) + " mandatory has to name other keys of the record, each once");
  }
  for (const auto& [key, octets] : parameters) {
    put16(key);
    put16(static_cast<uint32_t>(octets.size()));
    out_ += octets;
  }
  return true;
}

// `value` is without quotes and escapes.
bool RdataWords::parameter_value(uint16_t key, std::string_view name, const std::string& value, std::string& octets) {
  const std::string field = "parameter " + std::string(name);
  std::vector<std::string> items;
  const bool is_list = key == mandatory || key == alpn || key == ipv4hint || key == ipv6hint;
  if (is_list && !split_list(value, items)) return wrong(field.c_str(), value, "list with commas between");
  switch (key) {
    case mandatory: {
      std::vector<uint16_t> keys;
      for (const std::string& item : items) {
        const auto number = key_number(item);
        if (!number) return wrong(field.c_str(), item, "known key");
        keys.push_back(*number);
      }
      std::sort(keys.begin(), keys.end());
      for (const uint16_t each : keys) append16(octets, each);
      return true;
    }
    case alpn:
      for (const std::string& item : items) {
        if (item.size() > std::numeric_limits<uint8_t>::max())
          return wrong(field.c_str(), item, "protocol of up to 255 octets");
        octets += static_cast<char>(item.size());
        octets += item;
      }
      return true;
    case no_default_alpn:
    case ohttp:
      return value.empty() || fail_with(about(field.c_str()) + " has no value");
    case port: {
      uint32_t number_read = 0;
      if (!number(field.c_str(), value, std::numeric_limits<uint16_t>::max(), number_read)) return false;
      append16(octets, number_read);
      return true;
    }
    case ipv4hint:
    case ipv6hint:
      for (const std::string& item : items) {
        const auto address = IpAddress::parse(item);
        if (address.has_error() || address->is_v6() != (key == ipv6hint)) {
          return wrong(field.c_str(), item, key == ipv6hint ? "IPv6 address" : "IPv4 address");
        }
        octets.append(reinterpret_cast<const char*>(address->octets().data()), address->octets().size());
      }
      return true;
    case ech: {
      auto decoded = base64_decoded(value);
      if (decoded.has_error()) return wrong(field.c_str(), value, "base64");
      octets = std::move(*decoded);
      return true;
    }
    default:
      octets = value;
      return true;
  }
}

}  // namespace portolan::dns
