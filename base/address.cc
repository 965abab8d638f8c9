// Parsing and printing of addresses. The textual form of IPv6 is ours, since inet_ntop(3) prints ::1.2.3.4 for
// addresses that RFC 5952 wants in hexadecimal.
#include "base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace portolan {
namespace {

void append_number(std::string& out, unsigned value, int base = 10) {
  char digits[16];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
}

std::string text_v4(const uint8_t* octets) {
  std::array<char, 15> text;
  char* end = text.data();
  for (int i = 0; i < 4; ++i) {
    if (i) *end++ = '.';
    end = std::to_chars(end, text.data() + text.size(), unsigned{octets[i]}).ptr;
  }
  return {text.data(), end};
}

// The groups [begin, end) that "::" stands for: the first of the longest runs of two or more zero groups (RFC 5952
// section 4.2).
std::pair<int, int> longest_zero_run(const std::array<uint16_t, 8>& groups) {
  std::pair<int, int> best{-1, -1};
  for (int i = 0; i < 8;) {
    int end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i >= 2 && end - i > best.second - best.first) best = {i, end};
    i = std::max(end, i + 1);
  }
  return best;
}

std::string text_v6(const std::array<uint8_t, 16>& octets) {
  std::array<uint16_t, 8> groups;
  for (size_t i = 0; i < 8; ++i) groups[i] = static_cast<uint16_t>(octets[2 * i] << 8 | octets[2 * i + 1]);
  const auto [zeros, zeros_end] = longest_zero_run(groups);
  std::string out;
  for (int i = 0; i < 8; ++i) {
    if (i == zeros) {
      out += "::";
      i = zeros_end - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    append_number(out, groups[i], 16);
  }
  return out;
}

uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 32);
}

}  // namespace

IpAddress IpAddress::v4(std::span<const uint8_t, 4> octets) {
  IpAddress address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(std::span<const uint8_t, 16> octets) {
  IpAddress address;
  address.v6_ = true;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof terminated || text.find('\0') != text.npos) {
    return fail("\"" + std::string(text) + "\" is not an IP address");
  }
  terminated[text.copy(terminated, text.size())] = '\0';
  IpAddress address;
  address.v6_ = text.find(':') != text.npos;
  if (inet_pton(address.v6_ ? AF_INET6 : AF_INET, terminated, address.octets_.data()) != 1) {
    return fail("\"" + std::string(text) + "\" is not an IP address");
  }
  return address;
}

bool IpAddress::is_loopback() const {
  if (!v6_) return octets_[0] == 127;
  return octets_[15] == 1 && std::all_of(octets_.begin(), octets_.end() - 1, [](uint8_t octet) { return octet == 0; });
}

bool IpAddress::is_unspecified() const {
  return std::all_of(octets_.begin(), octets_.end(), [](uint8_t octet) { return octet == 0; });
}

bool IpAddress::is_v4_mapped() const {
  static constexpr uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return v6_ && std::memcmp(octets_.data(), kPrefix, sizeof kPrefix) == 0;
}

IpAddress IpAddress::unmapped() const {
  if (!is_v4_mapped()) return *this;
  return v4(std::span<const uint8_t, 4>(octets_.data() + 12, 4));
}

std::string IpAddress::text() const {
  if (!v6_) return text_v4(octets_.data());
  if (is_v4_mapped()) return "::ffff:" + text_v4(octets_.data() + 12);  // RFC 5952 section 5
  return text_v6(octets_);
}

Result<IpPrefix> IpPrefix::parse(std::string_view text, bool plain_address) {
  const auto slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address || (slash == text.npos && !plain_address)) {
    return fail("\"" + std::string(text) + "\" is not an IP prefix in CIDR form");
  }
  const unsigned longest = address->is_v4() ? 32 : 128;
  unsigned length = longest;
  if (slash != text.npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const bool leading_zero = digits.size() > 1 && digits[0] == '0';
    if (error != std::errc() || end != digits.data() + digits.size() || length > longest || leading_zero) {
      return fail("\"" + std::string(text) + "\" is not an IP prefix in CIDR form");
    }
  }
  std::array<uint8_t, 16> octets{};
  const auto given = address->octets();
  for (unsigned i = 0; i < given.size(); ++i) {
    const unsigned kept = std::clamp<int>(static_cast<int>(length) - static_cast<int>(i) * 8, 0, 8);
    octets[i] = static_cast<uint8_t>(given[i] & (0xff00 >> kept));
  }
  IpPrefix prefix;
  prefix.length = static_cast<uint8_t>(length);
  prefix.address = address->is_v4() ? IpAddress::v4(std::span<const uint8_t, 4>(octets.data(), 4))
                                    : IpAddress::v6(std::span<const uint8_t, 16>(octets));
  return prefix;
}

bool IpPrefix::contains(const IpAddress& other) const {
  if (other.is_v4() != address.is_v4()) return false;
  const auto mine = address.octets(), theirs = other.octets();
  const unsigned whole = length / 8, rest = length % 8;
  if (std::memcmp(mine.data(), theirs.data(), whole) != 0) return false;
  return rest == 0 || ((mine[whole] ^ theirs[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

std::string IpPrefix::text() const {
  std::string out = address.text() + "/";
  append_number(out, length);
  return out;
}

SocketAddress SocketAddress::from(const sockaddr* raw) {
  SocketAddress address;
  if (raw->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, raw, sizeof v4);
    address.ip = IpAddress::v4(std::span<const uint8_t, 4>(reinterpret_cast<const uint8_t*>(&v4.sin_addr), 4));
    address.port = ntohs(v4.sin_port);
  } else if (raw->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, raw, sizeof v6);
    address.ip = IpAddress::v6(std::span<const uint8_t, 16>(v6.sin6_addr.s6_addr, 16));
    address.port = ntohs(v6.sin6_port);
    address.scope = v6.sin6_scope_id;
  }
  return address;
}

socklen_t SocketAddress::to(sockaddr_storage& storage) const {
  std::memset(&storage, 0, sizeof storage);
  const auto octets = ip.octets();
  if (ip.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, octets.data(), octets.size());
    std::memcpy(&storage, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_scope_id = scope;
  std::memcpy(&v6.sin6_addr, octets.data(), octets.size());
  std::memcpy(&storage, &v6, sizeof v6);
  return sizeof v6;
}

std::string SocketAddress::text() const {
  std::string out = ip.is_v4() ? ip.text() : "[" + ip.text();
  if (ip.is_v6()) {
    if (scope != 0) {
      out += '%';
      append_number(out, scope);
    }
    out += ']';
  }
  out += ':';
  append_number(out, port);
  return out;
}

size_t AddressHash::operator()(const IpAddress& address) const {
  uint64_t halves[2] = {0, 0};
  const auto octets = address.octets();
  std::memcpy(halves, octets.data(), octets.size());
  return mix(mix(address.is_v6() ? 1 : 0, halves[0]), halves[1]);
}

size_t AddressHash::operator()(const SocketAddress& address) const {
  return mix((*this)(address.ip), static_cast<uint64_t>(address.scope) << 16 | address.port);
}

}  // namespace portolan
