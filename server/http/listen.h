// A listening TCP socket from "host:port" text, with the error messages of CoreDNS.
#pragma once

#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace portolan::server::http {

struct HostPort {
  std::string host;  // without brackets; empty: every address
  std::string port;
};

/// Splits as net.SplitHostPort does, with its messages.
Result<HostPort> split_host_port(std::string_view address);

/// Opens a listening socket; the caller closes it.
Result<int> listen_tcp(std::string_view address);

/// What `descriptor` is bound to.
SocketAddress bound_address(int descriptor);

}  // namespace portolan::server::http
