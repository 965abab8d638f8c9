// Addresses of other name servers in a Corefile, as `transfer` and `secondary` have them.
#pragma once

#include <string>

#include "base/address.h"
#include "base/result.h"

namespace portolan {

/// ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; the port is 53 when there is none. Errors in CoreDNS's words.
Result<SocketAddress> parse_name_server(const std::string& text);

}  // namespace portolan
