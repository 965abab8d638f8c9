// What went wrong with a socket, in the words that CoreDNS's logs have and people grep for.
#pragma once

#include <string>
#include <string_view>

#include "base/address.h"

namespace portolan::forward {

/// The address a socket is bound to; 0.0.0.0:0 when that is not known.
SocketAddress local_address(int fd);
/// "dial udp 192.0.2.1:53: connect: network is unreachable"
std::string dial_error(std::string_view proto, const std::string& remote, std::string_view what);
/// "read udp 127.0.0.1:4312->192.0.2.1:53: i/o timeout"; `operation` is "read" or "write".
std::string io_error(std::string_view operation, std::string_view proto, int fd, const std::string& remote,
                     std::string_view what);

}  // namespace portolan::forward
