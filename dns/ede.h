// Extended DNS Errors (RFC 8914): the codes, and a reason as it is sent to clients that ask with EDNS.
#pragma once

#include <cstdint>
#include <string_view>

namespace portolan::dns {

/// IANA's registry; none is not a code of it.
enum class EdeCode : uint16_t {
  other = 0,
  unsupported_dnskey_algorithm = 1,
  unsupported_ds_digest = 2,
  stale_answer = 3,
  forged_answer = 4,
  dnssec_indeterminate = 5,
  dnssec_bogus = 6,
  signature_expired = 7,
  signature_not_yet_valid = 8,
  dnskey_missing = 9,
  rrsigs_missing = 10,
  no_zone_key_bit = 11,
  nsec_missing = 12,
  cached_error = 13,
  not_ready = 14,
  blocked = 15,
  censored = 16,
  filtered = 17,
  prohibited = 18,
  stale_nxdomain = 19,
  not_authoritative = 20,
  not_supported = 21,
  no_reachable_authority = 22,
  network_error = 23,
  invalid_data = 24,
  none = 0xffff,
};

/// Why an answer is what it is. `text` goes to whoever asked: no addresses, no names of machines. Reasons are constants
/// of the plugins that give them, so that passing one on is passing a pointer.
struct Ede {
  EdeCode code = EdeCode::none;
  std::string_view text;
};

}  // namespace portolan::dns
