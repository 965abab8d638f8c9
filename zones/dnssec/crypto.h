// OpenSSL's keys from the octets that DNSSEC has them in, and ECDSA signatures in both of their forms.
#pragma once

#include <openssl/evp.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "zones/dnssec/key.h"

namespace portolan::zones {

using Octets = std::span<const uint8_t>;
using PkeyPtr = std::shared_ptr<EVP_PKEY>;

/// The fields of a private key file, names in lower case.
using PrivateFields = std::map<std::string, std::string, std::less<>>;

/// Both halves of a key: `octets` is what stands behind flags, protocol and algorithm of a DNSKEY.
Result<PkeyPtr> public_key(SigningAlgorithm algorithm, Octets octets);
Result<PkeyPtr> private_key(SigningAlgorithm algorithm, Octets octets, const PrivateFields& fields);

/// What is hashed before it is signed; null where the algorithm does that itself.
const EVP_MD* digest_of(SigningAlgorithm algorithm);

/// Octets of one of the two numbers of an ECDSA signature in DNSSEC's form (RFC 6605 section 4); 0: not ECDSA.
size_t number_size(SigningAlgorithm algorithm);
/// From OpenSSL's DER to two numbers of `size` octets, and back; empty when `signature` is none.
std::string ecdsa_to_dns(Octets signature, size_t size);
std::string ecdsa_from_dns(Octets signature, size_t size);

}  // namespace portolan::zones
