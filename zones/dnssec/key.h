// SigningKey: a DNSKEY record with its private half, and what is derived from a DNSKEY: its tag, the DS of the parent.
// The cryptography is OpenSSL's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/rdata_text.h"

struct evp_pkey_st;

namespace portolan::zones {

/// The algorithms that zones are signed with (IANA's numbers; RFC 5702, 6605, 8080). Those with SHA-1 are not among
/// them: no validator needs to accept what they sign (RFC 8624 section 3.1).
enum class SigningAlgorithm : uint8_t {
  rsasha256 = 8,
  rsasha512 = 10,
  ecdsap256sha256 = 13,
  ecdsap384sha384 = 14,
  ed25519 = 15
};

/// RFC 4034, 4509, 6605.
enum class DsDigest : uint8_t { sha1 = 1, sha256 = 2, sha384 = 4 };

/// RFC 4034 appendix B, of the rdata of a DNSKEY.
uint16_t key_tag(std::span<const uint8_t> dnskey);

/// The rdata of the DS or CDS record for a DNSKEY (RFC 4034 section 5.1).
std::string ds_rdata(dns::NameView owner, std::span<const uint8_t> dnskey, DsDigest digest);

/// Unchanging; signs on any number of threads at once.
class SigningKey {
 public:
  /// From the texts of BIND's two files, K<zone>+<algorithm>+<tag>.key and .private. Errors: what is no key, an
  /// algorithm that does not sign here, a private key that is not that of the DNSKEY.
  static Result<SigningKey> parse(std::string_view public_text, std::string_view private_text);

  /// The DNSKEY as it stands in the file.
  const dns::OwnedRecord& record() const { return record_; }
  std::span<const uint8_t> dnskey() const { return record_.view().rdata; }
  uint16_t tag() const { return tag_; }
  SigningAlgorithm algorithm() const { return algorithm_; }
  /// Has the SEP bit (RFC 4034 section 2.1.1): the parent's DS is of such a key.
  bool is_ksk() const { return (dnskey()[1] & 1) != 0; }

  /// The signature of `data`, as an RRSIG holds it. Error: OpenSSL's.
  Result<std::string> sign(std::span<const uint8_t> data) const;
  /// Whether `signature` is one of `data` by this key.
  bool verify(std::span<const uint8_t> data, std::span<const uint8_t> signature) const;

 private:
  SigningKey() = default;

  dns::OwnedRecord record_;
  uint16_t tag_ = 0;
  SigningAlgorithm algorithm_ = SigningAlgorithm::ecdsap256sha256;
  std::shared_ptr<evp_pkey_st> private_, public_;
};

}  // namespace portolan::zones
