// The name servers of a resolv.conf file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace portolan::forward {

/// The `nameserver` lines of a text in resolv.conf(5) form, in order, port 53. Lines that are no address are left out.
std::vector<SocketAddress> parse_resolv_conf(std::string_view text);

/// The same from a file; an error when it cannot be read.
Result<std::vector<SocketAddress>> read_resolv_conf(const std::string& path);

}  // namespace portolan::forward
