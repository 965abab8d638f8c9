// The keys of server blocks: `scheme://zone:port`, with CIDRs for reverse zones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corefile/ast.h"

namespace portolan::corefile {

/// Takes a key apart. Without `scheme://` the scheme is "dns"; an unknown one counts as a part of the zone, and so does
/// a port that is not a number, both as with CoreDNS.
Result<Key> parse_key(std::string_view text, const Position& at);

/// Where the servers of a scheme listen when the key names no port: 53, 853, 443. "dns" has the server's own default.
std::string_view default_port(std::string_view scheme);

/// `name` in lower case and absolute, escapes as written. Error: an empty label, one over 63 octets, a name over 255.
Result<std::string> normalize_zone(std::string_view name);

/// True when `text` is an IP prefix that Go's net.ParseCIDR accepts.
bool is_cidr(std::string_view text);

/// The reverse zones a prefix stands for (RFC 1035 section 3.5, RFC 3596 section 2.5): one, or several if its length is
/// no multiple of 8 (IPv4) or 4 (IPv6). Error: not a CIDR, or an IPv6 one that begins with ':' or '0', as with CoreDNS.
Result<std::vector<std::string>> reverse_zones(std::string_view cidr);

/// A zone that stands as a plugin's argument: scheme and port are taken off, CIDRs become reverse zones.
Result<std::vector<std::string>> zones_of_argument(std::string_view text);

}  // namespace portolan::corefile
