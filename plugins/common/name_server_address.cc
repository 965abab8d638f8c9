// IPv6 addresses with a port need their brackets.
#include "plugins/common/name_server_address.h"

#include "corefile/number.h"

namespace portolan {

Result<SocketAddress> parse_name_server(const std::string& text) {
  constexpr uint16_t kPort = 53;
  const Error wrong = fail("must specify an IP address: `" + text + "'");
  if (auto plain = IpAddress::parse(text); plain.has_value()) return SocketAddress{*plain, kPort};
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong;
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host);
  if (ip.has_error() || (ip->is_v6() && text.front() != '[')) return wrong;
  if (colon + 1 == text.size()) return SocketAddress{*ip, kPort};
  const auto port = corefile::parse_integer(text.substr(colon + 1));
  if (port.has_error() || *port < 1 || *port > 65535) return fail("no port: `" + text.substr(colon + 1) + "'");
  return SocketAddress{*ip, static_cast<uint16_t>(*port)};
}

}  // namespace portolan
