// Hashed denial of existence (RFC 5155): the hash of a name, and the chain of hashed owners that a zone has.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/message.h"

namespace portolan::zones {

using Nsec3Hash = std::array<uint8_t, 20>;  // SHA-1, the one algorithm there is

/// How a zone's names are hashed (RFC 5155 section 5).
struct Nsec3Hashing {
  uint16_t iterations = 0;
  std::string salt;

  /// More make a server work for whoever asks for names that do not exist (RFC 9276 section 3.2).
  static constexpr uint16_t kMostIterations = 150;

  /// From the rdata of NSEC3PARAM, or the head of NSEC3's, which is the same. Errors: cut short, an algorithm other
  /// than SHA-1, too many iterations.
  static Result<Nsec3Hashing> parse(std::span<const uint8_t> rdata);
  /// `name` in lower case.
  Nsec3Hash hash(dns::NameView name) const;
  bool operator==(const Nsec3Hashing&) const = default;
};

/// The hash in the first label of an NSEC3 record's owner; false when that is none (RFC 4648 section 7).
bool parse_nsec3_owner(dns::NameView owner, Nsec3Hash& hash);

}  // namespace portolan::zones
