// Reading both versions of the header.
#include "server/listen/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace portolan::server {
namespace {

constexpr std::string_view kSignature1 = "PROXY";
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kMostLine = 107;  // of version 1, with its CR LF
constexpr size_t kFixed = 16;      // of version 2: signature, version and command, family, length
constexpr uint8_t kLocal = 0x20, kProxy = 0x21;
constexpr uint8_t kUnspecified = 0x00, kTcp4 = 0x11, kUdp4 = 0x12, kTcp6 = 0x21, kUdp6 = 0x22, kUnix = 0x31,
                  kUnixDatagram = 0x32;

ProxyParse malformed(ProxyHeader& header, const char* fault) {
  header.fault = fault;
  return ProxyParse::malformed;
}

// Both are the same as far as both go.
bool agree(std::string_view text, std::string_view signature) {
  const size_t size = std::min(text.size(), signature.size());
  return text.substr(0, size) == signature.substr(0, size);
}

// 0 to 65535 in digits, without signs and leading zeros.
std::optional<uint16_t> port(std::string_view text) {
  uint16_t value = 0;
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The words of a line, single spaces between them; more than fit are told by the count.
size_t split(std::string_view line, std::span<std::string_view> words) {
  size_t count = 0;
  for (;;) {
    const size_t space = line.find(' ');
    if (count < words.size()) words[count] = line.substr(0, space);
    ++count;
    if (space == line.npos) return count;
    line.remove_prefix(space + 1);
  }
}

bool read_endpoint(std::string_view ip, std::string_view port_text, bool v6, SocketAddress& endpoint) {
  const auto address = IpAddress::parse(ip);
  const auto number = port(port_text);
  if (address.has_error() || address->is_v6() != v6 || !number) return false;
  endpoint = {address->unmapped(), *number};
  return true;
}

// Section 2.1: "PROXY TCP4 192.0.2.1 192.0.2.2 56324 53\r\n".
ProxyParse read_line(std::string_view text, ProxyHeader& header) {
  const size_t end = text.substr(0, kMostLine).find('\n');
  if (end == text.npos) {
    return text.size() < kMostLine ? ProxyParse::partial : malformed(header, "a line of more than 107 octets");
  }
  header.size = end + 1;
  if (text[end - 1] != '\r') return malformed(header, "a line without CR LF");
  std::array<std::string_view, 6> words;
  const size_t count = split(text.substr(0, end - 1), words);
  if (count < 2 || words[0] != kSignature1) return malformed(header, "a line without a protocol");
  if (words[1] == "UNKNOWN") {
    header.local = true;  // whatever follows is to be ignored
    return ProxyParse::whole;
  }
  const bool v6 = words[1] == "TCP6";
  if (!v6 && words[1] != "TCP4") return malformed(header, "a protocol that is not TCP4, TCP6 or UNKNOWN");
  if (count != words.size()) return malformed(header, "a line that has not six words");
  if (!read_endpoint(words[2], words[4], v6, header.source) ||
      !read_endpoint(words[3], words[5], v6, header.destination)) {
    return malformed(header, "an address or port that cannot be");
  }
  header.has_addresses = true;
  return ProxyParse::whole;
}

size_t address_size(uint8_t family) {
  switch (family) {
    case kTcp4:
    case kUdp4:
      return 12;
    case kTcp6:
    case kUdp6:
      return 36;
    case kUnix:
    case kUnixDatagram:
      return 216;
    default:
      return 0;
  }
}

bool known_family(uint8_t family) { return family == kUnspecified || address_size(family) > 0; }

uint16_t number(std::span<const uint8_t> octets) { return static_cast<uint16_t>(octets[0] << 8 | octets[1]); }

IpAddress address(std::span<const uint8_t> octets, bool v6) {
  return v6 ? IpAddress::v6(octets.first<16>()).unmapped() : IpAddress::v4(octets.first<4>());
}

// Section 2.2.
ProxyParse read_binary(std::span<const uint8_t> octets, ProxyHeader& header) {
  if (octets.size() < kFixed) return ProxyParse::partial;
  const uint8_t command = octets[12], family = octets[13];
  const size_t length = number(octets.subspan(14));
  if (command != kLocal && command != kProxy) return malformed(header, "an unknown version or command");
  if (!known_family(family)) return malformed(header, "an unknown address family");
  header.local = command == kLocal;
  if (family == kUnspecified && !header.local) return malformed(header, "no address family");
  const size_t wanted = address_size(family);
  if (length < wanted && !header.local) return malformed(header, "too few octets for its addresses");
  if (length > kMostProxyHeader - kFixed) return malformed(header, "more than 4096 octets");
  header.size = kFixed + length;
  if (octets.size() < header.size) return ProxyParse::partial;
  header.datagram = (family & 0x0F) == 2;
  const bool v6 = (family & 0xF0) == 0x20;
  if (length < wanted || family == kUnspecified || family == kUnix || family == kUnixDatagram) return ProxyParse::whole;
  const size_t each = v6 ? 16 : 4;
  const std::span<const uint8_t> block = octets.subspan(kFixed, wanted);
  header.source = {address(block, v6), number(block.subspan(2 * each))};
  header.destination = {address(block.subspan(each), v6), number(block.subspan(2 * each + 2))};
  header.has_addresses = true;
  return ProxyParse::whole;
}

}  // namespace

ProxyParse read_proxy_header(std::span<const uint8_t> octets, ProxyHeader& header) {
  header = {};
  const std::string_view text(reinterpret_cast<const char*>(octets.data()), octets.size());
  if (agree(text, kSignature1)) {
    if (text.size() < kSignature1.size()) return ProxyParse::partial;
    header.version = 1;
    return read_line(text, header);
  }
  if (agree(text, kSignature2)) {
    if (text.size() < kSignature2.size()) return ProxyParse::partial;
    header.version = 2;
    return read_binary(octets, header);
  }
  return ProxyParse::none;
}

}  // namespace portolan::server
