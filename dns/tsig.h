// TSIG (RFC 8945): messages signed with a shared secret. The hashes are OpenSSL's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/message.h"

namespace portolan::dns {

/// HMAC with a member of the SHA family (RFC 8945 section 6). HMAC-MD5 is not offered.
enum class TsigAlgorithm : uint8_t { sha1, sha224, sha256, sha384, sha512 };

/// The algorithm called `name` ("hmac-sha256."); case is ignored.
std::optional<TsigAlgorithm> tsig_algorithm(NameView name);
/// Its name, which lives for ever.
NameView tsig_algorithm_name(TsigAlgorithm algorithm);

/// The octets of a secret in base64 text. Error: it is not base64.
Result<std::string> parse_tsig_secret(std::string_view text);

/// Error field of a TSIG record (RFC 8945 section 3).
enum class TsigError : uint16_t { none = 0, bad_signature = 16, bad_key = 17, bad_time = 18 };

/// A TSIG record. Everything is borrowed; names have the case of the message.
struct Tsig {
  NameView key;
  NameView algorithm;
  uint64_t time = 0;  // Unix time, 48 bits
  uint16_t fudge = 300;
  std::span<const uint8_t> mac;
  uint16_t original_id = 0;
  TsigError error = TsigError::none;
  std::span<const uint8_t> other;
};

/// Reads the record at `offset` of a packet that parse_query or parse_message found good; what it holds lies in
/// `arena`. False when its rdata is not whole.
bool read_tsig(std::span<const uint8_t> packet, size_t offset, Arena& arena, Tsig& tsig);

/// What stands between two messages of an exchange (RFC 8945 section 4.3): the request's MAC in front of its response,
/// then each response's in front of the next.
struct TsigChain {
  std::span<const uint8_t> previous;      // MAC; empty in front of a request
  bool timers_only = false;               // from the second message of a stream on (section 5.3.1)
  std::span<const uint8_t> between = {};  // messages of the stream since then, unsigned, one behind the other
};

/// Checks the packet whose TSIG record `tsig` stands at `offset`: the MAC, which must be whole, then the time.
/// bad_signature, bad_time or none.
TsigError verify_tsig(std::span<const uint8_t> packet, size_t offset, const Tsig& tsig, std::string_view secret,
                      const TsigChain& chain, uint64_t now);

/// Octets that sign_tsig adds for a record like `tsig`, at most.
size_t tsig_size(const Tsig& tsig);

/// `message` with the record behind it, in `arena`, and ARCOUNT one higher. `tsig.mac` becomes the MAC (in `arena`);
/// without `secret`, or with an algorithm that is not offered, the record goes out with none (section 5.3.2).
std::span<const uint8_t> sign_tsig(std::span<const uint8_t> message, Tsig& tsig, std::optional<std::string_view> secret,
                                   const TsigChain& chain, Arena& arena);

}  // namespace portolan::dns
