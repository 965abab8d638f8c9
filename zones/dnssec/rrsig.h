// RRSIG records: rrsets in canonical form (RFC 4034 section 6), and their signatures.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dns/message.h"
#include "zones/dnssec/key.h"

namespace portolan::zones {

/// When a signature holds, in seconds since the Unix epoch, both ends included.
struct Validity {
  uint32_t inception = 0, expiration = 0;
};

/// What is signed: the RRSIG's fields before the signature, then the records in canonical form and order.
/// `fields` gets the RRSIG's fields alone. The records are of one rrset, one at least.
std::string signed_data(const SigningKey& key, std::span<const dns::Record> rrset, dns::NameView signer,
                        uint32_t original_ttl, const Validity& validity, std::string& fields);

/// The rdata of an RRSIG over `rrset`. Error: OpenSSL's.
Result<std::string> make_rrsig(const SigningKey& key, std::span<const dns::Record> rrset, dns::NameView signer,
                               uint32_t original_ttl, const Validity& validity);

/// Among which keys those of both kinds are looked for.
enum class KeySharing : uint8_t {
  all,           // whatever their algorithms: as CoreDNS's *dnssec*
  by_algorithm,  // those of one algorithm, so that each algorithm signs everything: as BIND and ldns-signzone
};

/// Keys that sign a zone together. With both key-signing and zone-signing keys each does its own (RFC 6781 section
/// 3.1); else every key signs everything.
class KeySet {
 public:
  KeySet() = default;
  explicit KeySet(std::vector<SigningKey> keys, KeySharing sharing = KeySharing::all);

  bool empty() const { return keys_.empty(); }
  /// Whether there are keys of both kinds.
  bool split() const { return split_; }
  const std::vector<SigningKey>& keys() const { return keys_; }
  /// Whether every algorithm among the keys signs everything (RFC 4035 section 2.2): with split keys that share all,
  /// whether each has a key of both kinds. Some validators refuse a zone where one does not.
  bool complete() const;
  /// What to say of a set that is not.
  static constexpr std::string_view kIncomplete =
      "an algorithm has a key-signing key and no zone-signing key, or the reverse: some validators refuse such a zone";
  /// Whether `key` signs rrsets of `type`: the apex's key records are for key-signing keys (RFC 7344 section 4.1).
  bool signs(const SigningKey& key, dns::RRType type) const;
  /// The rdata of all RRSIGs over `rrset`.
  Result<std::vector<std::string>> sign(std::span<const dns::Record> rrset, dns::NameView signer, uint32_t original_ttl,
                                        const Validity& validity) const;

 private:
  bool has_other_kind(const SigningKey& key) const;

  std::vector<SigningKey> keys_;
  KeySharing sharing_ = KeySharing::all;
  bool split_ = false;
};

}  // namespace portolan::zones
