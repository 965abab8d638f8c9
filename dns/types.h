// The numbers of the DNS (IANA registries), as enums that also hold values without a name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/ede.h"

namespace portolan::dns {

enum class RRType : uint16_t {
  none = 0,
  a = 1,
  ns = 2,
  md = 3,
  mf = 4,
  cname = 5,
  soa = 6,
  mb = 7,
  mg = 8,
  mr = 9,
  null = 10,
  wks = 11,
  ptr = 12,
  hinfo = 13,
  minfo = 14,
  mx = 15,
  txt = 16,
  rp = 17,
  afsdb = 18,
  rt = 21,
  sig = 24,
  key = 25,
  aaaa = 28,
  loc = 29,
  srv = 33,
  naptr = 35,
  kx = 36,
  cert = 37,
  dname = 39,
  opt = 41,
  apl = 42,
  ds = 43,
  sshfp = 44,
  rrsig = 46,
  nsec = 47,
  dnskey = 48,
  nsec3 = 50,
  nsec3param = 51,
  tlsa = 52,
  cds = 59,
  cdnskey = 60,
  zonemd = 63,
  svcb = 64,
  https = 65,
  tkey = 249,
  tsig = 250,
  ixfr = 251,
  axfr = 252,
  mailb = 253,
  any = 255,
  uri = 256,
  caa = 257,
  amtrelay = 260,
};

enum class RRClass : uint16_t { in = 1, ch = 3, hs = 4, none = 254, any = 255 };

enum class Opcode : uint8_t { query = 0, iquery = 1, status = 2, notify = 4, update = 5, dso = 6 };

enum class Rcode : uint16_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  yxdomain = 6,
  yxrrset = 7,
  nxrrset = 8,
  notauth = 9,
  notzone = 10,
  badvers = 16,
  badkey = 17,
  badtime = 18,
  badmode = 19,
  badname = 20,
  badalg = 21,
  badtrunc = 22,
  badcookie = 23,
};

/// EDNS option codes (RFC 6891 and IANA).
enum class OptionCode : uint16_t {
  nsid = 3,
  client_subnet = 8,
  expire = 9,
  cookie = 10,
  keepalive = 11,
  padding = 12,
  ede = 15
};

/// "A", "TYPE65280" (RFC 3597 section 5).
std::string text(RRType type);
std::string text(RRClass cls);
/// "NOERROR"; "RCODE24" for numbers without a name. 16 is "BADSIG", as CoreDNS writes it.
std::string text(Rcode rcode);
std::string text(Opcode opcode);
/// What text() says of a number that has a name, without a copy; empty for the others.
std::string_view mnemonic(RRType type);
std::string_view mnemonic(RRClass cls);
std::string_view mnemonic(Rcode rcode);
/// The reverse of text(), case ignored; parse_rcode also knows BADVERS and NOTIMPL.
Result<RRType> parse_type(std::string_view text);
Result<RRClass> parse_class(std::string_view text);
Result<Rcode> parse_rcode(std::string_view text);

}  // namespace portolan::dns
