// Fields that one or two types have: interface and node identifiers, gateways, HIP, APL, WKS, NSAP.
#include <netdb.h>

#include <algorithm>
#include <limits>

#include "base/address.h"
#include "base/base64.h"
#include "dns/rdata_words.h"

namespace portolan::dns {
namespace {

constexpr uint32_t kMax8 = std::numeric_limits<uint8_t>::max(), kMax16 = std::numeric_limits<uint16_t>::max();

/// The number that /etc/protocols and /etc/services have for a name; none when they have none.
std::optional<uint32_t> protocol_number(const std::string& name) {
  if (name == "tcp") return IPPROTO_TCP;  // those that RFC 1035 section 3.4.2 names need no file
  if (name == "udp") return IPPROTO_UDP;
  protoent entry{}, *found = nullptr;
  char buffer[4096];
  if (getprotobyname_r(name.c_str(), &entry, buffer, sizeof buffer, &found) != 0 || !found) return std::nullopt;
  return static_cast<uint32_t>(found->p_proto);
}

std::optional<uint32_t> service_port(const std::string& name) {
  servent entry{}, *found = nullptr;
  char buffer[4096];
  if (getservbyname_r(name.c_str(), nullptr, &entry, buffer, sizeof buffer, &found) != 0 || !found) return std::nullopt;
  return ntohs(static_cast<uint16_t>(found->s_port));
}

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 0x20 : c);
  return out;
}

}  // namespace

// RFC 7043: octets with hyphens between.
bool RdataWords::read_eui(const char* field, unsigned octets) {
  std::string_view word;
  if (!take_plain(field, word)) return false;
  std::string digits;
  bool good = word.size() == octets * 3 - 1;
  for (size_t i = 0; good && i < word.size(); ++i) {
    if (i % 3 == 2) {
      good = word[i] == '-';
    } else {
      digits += word[i];
    }
  }
  if (!good) return wrong(field, word, octets == 6 ? "address of six octets" : "address of eight octets");
  std::string checked;
  return hex_digits(field, digits, checked) && put_hex(field, checked);
}

bool RdataWords::read_node_id(const char* field) {
  constexpr size_t kGroups = 4, kDigits = 4;
  std::string_view word;
  if (!take_plain(field, word)) return false;
  std::string digits;
  std::string_view rest = word;
  for (size_t group = 0; group < kGroups; ++group) {
    const size_t end = std::min(rest.find(':'), rest.size());
    const bool last = group + 1 == kGroups;
    if (end == 0 || end > kDigits || (end == rest.size()) != last) return wrong(field, word, "node identifier");
    digits.append(kDigits - end, '0');
    digits += rest.substr(0, end);
    rest.remove_prefix(last ? end : end + 1);
  }
  std::string checked;
  return hex_digits(field, digits, checked) && put_hex(field, checked);
}

bool RdataWords::read_nsap(const char* field) {
  std::string_view word;
  if (!take_plain(field, word)) return false;
  if (!word.starts_with("0x") && !word.starts_with("0X")) return wrong(field, word, "hexadecimal number behind 0x");
  std::string plain(word.substr(2)), digits;
  std::erase(plain, '.');
  if (plain.empty()) return wrong(field, word, "hexadecimal number behind 0x");
  return hex_digits(field, plain, digits) && put_hex(field, digits);
}

bool RdataWords::read_relay_type(const char* field) {
  uint32_t discovery = 0, type = 0;
  if (!take_number("discovery", 1, discovery) || !take_number(field, kMax8 >> 1, type)) return false;
  put8(discovery << 7 | type);
  return true;
}

bool RdataWords::read_gateway(const char* field) {
  const unsigned type = static_cast<uint8_t>(out_[1]) & (type_ == RRType::amtrelay ? 0x7f : 0xff);
  std::string_view word;
  switch (type) {
    case 0:
      if (!take_plain(field, word)) return false;
      return word == "." || fail_with(about(field) + " of type 0 has to be \".\", not \"" + std::string(word) + "\"");
    case 1:
    case 2:
      return read_address(field, type == 2);
    case 3:
      return read_name(field);
    default:
      return fail_with(about(field) + " type " + std::to_string(type) + " is not within 0 to 3");
  }
}

// ALGORITHM HIT KEY [SERVER...]; in octets the two lengths stand first.
bool RdataWords::read_hip() {
  constexpr const char* kHit = "host identity tag";
  constexpr const char* kKey = "key";
  uint32_t algorithm = 0;
  std::string_view tag, key;
  std::string digits;
  if (!take_number("algorithm", kMax8, algorithm) || !take_plain(kHit, tag) || !hex_digits(kHit, tag, digits) ||
      !take_plain(kKey, key)) {
    return false;
  }
  const auto octets = base64_decoded(key);
  if (octets.has_error()) return wrong(kKey, key, "base64");
  if (digits.size() / 2 > kMax8) return fail_with(about(kHit) + " is longer than 255 octets");
  if (octets->size() > kMax16) return fail_with(about(kKey) + " is longer than 65535 octets");
  put8(static_cast<uint32_t>(digits.size() / 2));
  put8(algorithm);
  put16(static_cast<uint32_t>(octets->size()));
  if (!put_hex(kHit, digits)) return false;
  out_ += *octets;
  while (!at_end()) {
    if (!read_name("rendezvous server")) return false;
  }
  return true;
}

// [!]FAMILY:ADDRESS/LENGTH, any number of them.
bool RdataWords::read_prefixes(const char* field) {
  while (!at_end()) {
    std::string_view word;
    if (!take_plain(field, word)) return false;
    const bool negated = word.front() == '!';
    const std::string_view rest = word.substr(negated ? 1 : 0);
    const size_t colon = rest.find(':'), slash = rest.rfind('/');
    if (colon == std::string_view::npos || slash == std::string_view::npos || slash < colon) {
      return wrong(field, word, "FAMILY:ADDRESS/LENGTH");
    }
    uint32_t family = 0, length = 0;
    if (!number("address family", rest.substr(0, colon), kMax16, family)) return false;
    const std::string_view written = rest.substr(colon + 1, slash - colon - 1);
    const auto address = IpAddress::parse(written);
    if (family != 1 && family != 2) return fail_with("APL address family " + std::to_string(family) + " is not 1 or 2");
    if (address.has_error() || address->is_v6() != (family == 2)) {
      return wrong("address", written, family == 2 ? "IPv6 address" : "IPv4 address");
    }
    if (!number("prefix length", rest.substr(slash + 1), family == 2 ? 128 : 32, length)) return false;
    // Section 4: zero octets at the end are left out.
    auto octets = address->octets();
    while (!octets.empty() && octets.back() == 0) octets = octets.first(octets.size() - 1);
    put16(family);
    put8(length);
    put8((negated ? 0x80 : 0) | static_cast<uint32_t>(octets.size()));
    put(octets);
  }
  return true;
}

bool RdataWords::read_services() {
  constexpr size_t kBitmap = 8192;  // octets for all ports
  std::string_view word;
  if (!take_plain("protocol", word)) return false;
  uint32_t protocol = 0;
  if (const auto known = protocol_number(lower(word))) {
    protocol = *known;
  } else if (!number("protocol", word, kMax8, protocol)) {
    return false;
  }
  put8(protocol);
  std::string bits(kBitmap, '\0');
  size_t used = 0;
  while (!at_end()) {
    if (!take_plain("service", word)) return false;
    uint32_t port = 0;
    if (const auto known = service_port(lower(word))) {
      port = *known;
    } else if (!number("service", word, kMax16, port)) {
      return false;
    }
    bits[port / 8] = static_cast<char>(bits[port / 8] | 0x80 >> port % 8);
    used = std::max<size_t>(used, port / 8 + 1);
  }
  out_.append(bits, 0, used);
  return true;
}

}  // namespace portolan::dns
