// Keys of server blocks. The order of the checks is CoreDNS's, since it decides what an odd key means: scheme, port
// behind the last colon, length, syntax of the name, and only then whether it is a CIDR.
#include "corefile/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

namespace portolan::corefile {

namespace {

constexpr std::array<std::string_view, 7> kSchemes = {"tls", "dns", "quic", "grpc", "https3", "https", "unix"};
constexpr size_t kMaxZoneText = 255;  // RFC 1035 section 3.1
constexpr size_t kMaxLabel = 63;
constexpr long kMaxPort = 65535;

// Go's strconv.Atoi: a sign is fine.
std::optional<long> number(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What one dot-separated walk over a name in presentation form finds out.
struct NameShape {
  bool valid = true;
  bool absolute = false;
};

NameShape examine(std::string_view name) {
  size_t wire = 1;  // the root label
  size_t label = 0;
  bool absolute = false;
  for (size_t i = 0; i < name.size(); ++i) {
    absolute = false;
    if (name[i] == '\\') {
      const bool decimal =
          i + 3 < name.size() && is_digit(name[i + 1]) && is_digit(name[i + 2]) && is_digit(name[i + 3]);
      if (i + 1 == name.size()) return {.valid = false};
      i += decimal ? 3 : 1;
      ++label;
    } else if (name[i] == '.') {
      if (label == 0 && name.size() > 1) return {.valid = false};
      wire += label == 0 ? 0 : label + 1;
      label = 0;
      absolute = true;
    } else {
      ++label;
    }
    if (label > kMaxLabel) return {.valid = false};
  }
  if (label != 0) wire += label + 1;
  return {.valid = !name.empty() && wire <= kMaxZoneText, .absolute = absolute};
}

struct Prefix {
  std::array<uint8_t, 16> octets{};
  size_t size = 4;
  unsigned bits = 0;
};

std::optional<Prefix> parse_prefix(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return std::nullopt;
  const std::string address(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  if (!std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  Prefix prefix;
  prefix.size = address.find(':') == std::string::npos ? 4 : 16;
  if (inet_pton(prefix.size == 4 ? AF_INET : AF_INET6, address.c_str(), prefix.octets.data()) != 1) return std::nullopt;
  const auto length = number(digits);
  if (!length || static_cast<size_t>(*length) > prefix.size * 8) return std::nullopt;
  prefix.bits = static_cast<unsigned>(*length);
  for (unsigned bit = prefix.bits; bit < prefix.size * 8; ++bit) prefix.octets[bit / 8] &= ~(0x80U >> (bit % 8));
  return prefix;
}

// The zone of the first `bits` bits, a multiple of the label's width.
std::string reverse_zone(const Prefix& prefix, unsigned bits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string zone;
  if (prefix.size == 4) {
    for (unsigned i = bits / 8; i-- > 0;) zone += std::to_string(prefix.octets[i]) + ".";
    return zone + "in-addr.arpa.";
  }
  for (unsigned i = bits / 4; i-- > 0;) {
    zone += kHex[i % 2 == 0 ? prefix.octets[i / 2] >> 4 : prefix.octets[i / 2] & 0xF];
    zone += '.';
  }
  return zone + "ip6.arpa.";
}

struct Split {
  std::vector<std::string> zones;
  std::string port;
};

Result<Split> split(std::string_view text) {
  Split out;
  const size_t colon = text.rfind(':');
  if (!text.empty() && colon == text.size() - 1) {
    return fail("expecting data after last colon: \"" + std::string(text) + "\"");
  }
  if (colon != std::string_view::npos) {
    if (const auto port = number(text.substr(colon + 1))) {
      out.port = std::to_string(*port);
      if (*port < 0 || *port > kMaxPort) return fail("address " + out.port + ": invalid port");
      text = text.substr(0, colon);
    }
  }
  if (text.size() > kMaxZoneText) {
    return fail("specified zone is too long: " + std::to_string(text.size()) + " > 255");
  }
  auto zone = normalize_zone(text);
  if (!zone) return zone.error();
  if (!is_cidr(text)) {
    out.zones.push_back(std::move(*zone));
    return out;
  }
  auto zones = reverse_zones(text);
  if (!zones) return zones.error();
  out.zones = std::move(*zones);
  return out;
}

// Takes a known `scheme://` off the front of `text`.
std::string_view take_scheme(std::string_view& text) {
  for (const std::string_view scheme : kSchemes) {
    if (!text.starts_with(scheme) || !text.substr(scheme.size()).starts_with("://")) continue;
    text.remove_prefix(scheme.size() + 3);
    return scheme;
  }
  return "dns";
}

}  // namespace

Result<Key> parse_key(std::string_view text, const Position& at) {
  Key key;
  key.text = text;
  key.at = at;
  key.scheme = take_scheme(text);
  if (key.scheme == "unix") return fail("unix:// is no transport a zone can be served on");
  auto parts = split(text);
  if (!parts) return parts.error();
  key.zones = std::move(parts->zones);
  key.port = std::move(parts->port);
  return key;
}

std::string_view default_port(std::string_view scheme) {
  if (scheme == "tls" || scheme == "quic") return "853";
  if (scheme == "grpc" || scheme == "https" || scheme == "https3") return "443";
  return "53";
}

Result<std::string> normalize_zone(std::string_view name) {
  const NameShape shape = examine(name);
  if (!shape.valid) return fail("zone is not a valid domain name: " + std::string(name));
  std::string zone(name);
  for (char& c : zone) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (!shape.absolute) zone.push_back('.');
  return {boost::system::in_place_value, std::move(zone)};
}

bool is_cidr(std::string_view text) { return parse_prefix(text).has_value(); }

Result<std::vector<std::string>> reverse_zones(std::string_view cidr) {
  const auto prefix = parse_prefix(cidr);
  if (!prefix || cidr[0] == ':' || (cidr[0] == '0' && prefix->size == 16)) {
    return fail("invalid CIDR " + std::string(cidr));
  }
  const unsigned width = prefix->size == 4 ? 8 : 4;
  const unsigned bits = (prefix->bits + width - 1) / width * width;
  std::vector<std::string> zones;
  const unsigned count = 1U << (bits - prefix->bits);
  for (unsigned i = 0; i < count; ++i) {
    Prefix part = *prefix;
    if (bits != 0) part.octets[(bits - 1) / 8] |= static_cast<uint8_t>(i << ((8 - bits % 8) % 8));
    zones.push_back(reverse_zone(part, bits));
  }
  return zones;
}

Result<std::vector<std::string>> zones_of_argument(std::string_view text) {
  take_scheme(text);
  auto parts = split(text);
  if (!parts) return parts.error();
  return std::move(parts->zones);
}

}  // namespace portolan::corefile
