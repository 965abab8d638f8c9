// Building and reading the rdata of the types that the server makes itself. Everything lies in an arena or is appended
// to a string for prebuilt rdata.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/arena.h"
#include "dns/message.h"

namespace portolan::dns {

std::span<const uint8_t> a_rdata(const IpAddress& v4, Arena& arena);
std::span<const uint8_t> aaaa_rdata(const IpAddress& v6, Arena& arena);
/// NS, CNAME, PTR, DNAME: the name itself.
inline std::span<const uint8_t> name_rdata(NameView name) { return name.wire(); }
std::span<const uint8_t> srv_rdata(uint16_t priority, uint16_t weight, uint16_t port, NameView target, Arena& arena);
std::span<const uint8_t> mx_rdata(uint16_t preference, NameView exchange, Arena& arena);
/// One character-string per element; what goes beyond 255 octets is left out (RFC 1035 section 3.3.14).
std::span<const uint8_t> txt_rdata(std::span<const std::string_view> strings, Arena& arena);

struct Soa {
  NameView mname, rname;
  uint32_t serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0;
};
std::span<const uint8_t> soa_rdata(const Soa& soa, Arena& arena);
/// Reads uncompressed SOA rdata; false when it is not one.
bool parse_soa(std::span<const uint8_t> rdata, Soa& soa);
/// The name in CNAME, NS, PTR or DNAME rdata, or the target of SRV and MX rdata; the root if it is malformed.
NameView target_name(const Record& record);
/// The type that an RRSIG signs (RFC 4034 section 3.1.1).
RRType signed_type(const Record& rrsig);
/// The address in A or AAAA rdata; false for other types or lengths.
bool address_of(const Record& record, IpAddress& address);

/// d.c.b.a.in-addr.arpa. (RFC 1035 section 3.5) or the nibbles under ip6.arpa. (RFC 3596 section 2.5).
NameView reverse_name(const IpAddress& address, Arena& arena);
/// The address of a full reverse name; false for any other name.
bool address_of_reverse(NameView name, IpAddress& address);

/// An EDE option's data (RFC 8914 section 2).
EdnsOption ede_option(EdeCode code, std::string_view text, Arena& arena);

}  // namespace portolan::dns
