// Opening the sockets that are listened on, with what a DNS server wants of them.
#pragma once

#include <string>

#include "base/address.h"
#include "base/descriptor.h"
#include "base/result.h"

namespace portolan::server {

/// A non-blocking UDP socket with SO_REUSEPORT, a large receive buffer, and, where it is bound to every address, the
/// destination of each packet (IP_PKTINFO, RFC 3542). IPv6 sockets take IPv6 only.
/// Errors name the address, in CoreDNS's form: `listen udp 127.0.0.1:53: bind: address already in use`.
Result<Descriptor> open_udp(const SocketAddress& address);

/// A listening, non-blocking TCP socket with SO_REUSEPORT.
Result<Descriptor> open_tcp(const SocketAddress& address);

/// From now on the kernel gives new packets to other sockets of the port, or to none. The socket keeps what is queued
/// in it and can send.
void take_no_more_packets(int udp_fd);

/// Packets that the kernel has dropped because the receive queue of `udp_fd` was full.
uint32_t dropped_packets(int udp_fd);

/// Octets written to a TCP socket that the other side has not acknowledged.
int unacknowledged(int tcp_fd);

/// The port that a socket bound to port 0 got.
uint16_t bound_port(int fd);

/// False on a kernel without IPv6, and where it is switched off (disable_ipv6) and no interface has an address of it.
bool has_ipv6();

}  // namespace portolan::server
