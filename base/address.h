// IP and socket addresses as plain values: what a packet came from, what a listener binds, what an upstream is.
#pragma once

#include <netinet/in.h>

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan {

/// An IPv4 or IPv6 address, in network order. IPv4 lies in the first four octets, the rest is zero.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // 0.0.0.0
  static IpAddress v4(std::span<const uint8_t, 4> octets);
  static IpAddress v6(std::span<const uint8_t, 16> octets);
  /// Textual form of either family; no zone index, no brackets, no leading zeros in IPv4 octets.
  static Result<IpAddress> parse(std::string_view text);

  bool is_v4() const { return !v6_; }
  bool is_v6() const { return v6_; }
  bool is_loopback() const;
  bool is_unspecified() const;
  /// True for ::ffff:a.b.c.d; unmapped() gives the IPv4 address inside.
  bool is_v4_mapped() const;
  IpAddress unmapped() const;
  /// 4 or 16 octets.
  std::span<const uint8_t> octets() const { return {octets_.data(), v6_ ? size_t{16} : size_t{4}}; }
  /// RFC 5952 for IPv6.
  std::string text() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  bool v6_ = false;
  std::array<uint8_t, 16> octets_{};
};

/// An IP prefix; bits beyond `length` are zero.
struct IpPrefix {
  IpAddress address;
  uint8_t length = 0;

  /// CIDR form; host bits are cleared. A plain address is a prefix of its full length when `plain_address` is set.
  static Result<IpPrefix> parse(std::string_view text, bool plain_address = false);
  bool contains(const IpAddress& other) const;
  std::string text() const;
  auto operator<=>(const IpPrefix&) const = default;
};

/// An address with a port in host order, convertible to what the socket calls take.
struct SocketAddress {
  IpAddress ip;
  uint16_t port = 0;
  uint32_t scope = 0;  // IPv6 link-local zone index

  static SocketAddress from(const sockaddr* raw);
  /// Fills `storage` and returns its length.
  socklen_t to(sockaddr_storage& storage) const;
  /// "127.0.0.1:53", "[::1]:53".
  std::string text() const;
  auto operator<=>(const SocketAddress&) const = default;
};

/// Hash for unordered containers; not resistant to chosen keys.
struct AddressHash {
  size_t operator()(const IpAddress& address) const;
  size_t operator()(const SocketAddress& address) const;
};

}  // namespace portolan
