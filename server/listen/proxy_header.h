// The PROXY protocol's header, versions 1 and 2 (haproxy.org, proxy-protocol.txt): what a load balancer writes in front
// of a connection or datagram to tell whom it comes from. A pure function; what it reads is hostile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.h"

namespace portolan::server {

struct ProxyHeader {
  uint8_t version = 0;         // 0: the signature has not come whole
  bool local = false;          // v2 LOCAL, v1 UNKNOWN: the proxy speaks for itself
  bool datagram = false;       // of the protocol that the addresses belong to
  bool has_addresses = false;  // no: LOCAL without any, or Unix domain
  SocketAddress source, destination;
  size_t size = 0;         // octets of the header with all its fields
  const char* fault = "";  // of a malformed one, for the log
};

enum class ProxyParse : uint8_t {
  none,       // no header starts here, whatever may follow
  partial,    // the start of one
  whole,      // a header of header.size octets
  malformed,  // the signature of one, and then nothing that can be
};

/// At most kMostProxyHeader octets are ever wanted.
ProxyParse read_proxy_header(std::span<const uint8_t> octets, ProxyHeader& header);

/// Fields behind the addresses (TLVs) are passed over, a client's certificate among them: 2 KB, often.
constexpr size_t kMostProxyHeader = 16 + 4096;

}  // namespace portolan::server
