// The words behind FROM: addresses, host names and resolv.conf files, with a scheme, a TLS server name and a port.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace portolan::forward {

enum class Scheme : uint8_t { dns, tls };

/// A word as written, taken apart. Whether it is a file or a host name is seen when it is looked up.
struct TargetWord {
  std::string word;
  std::string host;  // an IP address, a host name or a file name
  bool is_address = false;
  Scheme scheme = Scheme::dns;
  uint16_t port = 53;
  uint32_t scope = 0;       // IPv6 zone index of an address
  std::string server_name;  // behind `%`, for TLS
};

/// An upstream to be used.
struct Target {
  Scheme scheme = Scheme::dns;
  SocketAddress address;
  std::string server_name;
  bool operator==(const Target&) const = default;
};

Result<TargetWord> parse_target(std::string_view word);

/// The port of "IP", "IP:PORT", "[IP]:PORT"; `port` stays when none is written.
Result<SocketAddress> parse_resolver(std::string_view text);

/// Every word as upstreams, in order, each address once. Reads files and asks resolvers: may block for seconds.
Result<std::vector<Target>> look_up(const std::vector<TargetWord>& words, const std::vector<SocketAddress>& resolvers);

}  // namespace portolan::forward
