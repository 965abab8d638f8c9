// Canonical form and order.
#include "zones/dnssec/rrsig.h"

#include <algorithm>

#include "zones/canonical.h"

namespace portolan::zones {
namespace {

using dns::RRType;

void append16(std::string& out, uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

void append32(std::string& out, uint32_t value) {
  append16(out, static_cast<uint16_t>(value >> 16));
  append16(out, static_cast<uint16_t>(value));
}

void append_lower(std::string& out, std::span<const uint8_t> octets) {
  for (const uint8_t octet : octets) out += static_cast<char>(dns::kLower[octet]);
}

bool is_wildcard(dns::NameView name) { return name.first_label() == "*"; }

}  // namespace

std::string signed_data(const SigningKey& key, std::span<const dns::Record> rrset, dns::NameView signer,
                        uint32_t original_ttl, const Validity& validity, std::string& fields) {
  const dns::Record& first = rrset.front();
  fields.clear();
  append16(fields, static_cast<uint16_t>(first.type));
  fields += static_cast<char>(key.algorithm());
  fields += static_cast<char>(first.owner.label_count() - (is_wildcard(first.owner) ? 1 : 0));  // section 3.1.3
  append32(fields, original_ttl);
  append32(fields, validity.expiration);
  append32(fields, validity.inception);
  append16(fields, key.tag());
  append_lower(fields, signer.wire());

  std::string head;
  append_lower(head, first.owner.wire());
  append16(head, static_cast<uint16_t>(first.type));
  append16(head, static_cast<uint16_t>(first.cls));
  append32(head, original_ttl);

  std::vector<std::string> rdata;
  rdata.reserve(rrset.size());
  for (const dns::Record& record : rrset) rdata.push_back(canonical_rdata(record));
  std::sort(rdata.begin(), rdata.end());  // of unsigned octets, shorter first (section 6.3)
  rdata.erase(std::unique(rdata.begin(), rdata.end()), rdata.end());

  std::string data = fields;
  for (const std::string& each : rdata) {
    data += head;
    append16(data, static_cast<uint16_t>(each.size()));
    data += each;
  }
  return data;
}

Result<std::string> make_rrsig(const SigningKey& key, std::span<const dns::Record> rrset, dns::NameView signer,
                               uint32_t original_ttl, const Validity& validity) {
  std::string fields;
  const std::string data = signed_data(key, rrset, signer, original_ttl, validity, fields);
  const auto signature = key.sign({reinterpret_cast<const uint8_t*>(data.data()), data.size()});
  if (signature.has_error()) return signature.error();
  return {boost::system::in_place_value, fields + *signature};
}

KeySet::KeySet(std::vector<SigningKey> keys, KeySharing sharing) : keys_(std::move(keys)), sharing_(sharing) {
  const auto ksks = std::count_if(keys_.begin(), keys_.end(), [](const SigningKey& key) { return key.is_ksk(); });
  split_ = ksks > 0 && static_cast<size_t>(ksks) < keys_.size();
}

// Among the keys of the same algorithm.
bool KeySet::has_other_kind(const SigningKey& key) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const SigningKey& other) {
    return other.algorithm() == key.algorithm() && other.is_ksk() != key.is_ksk();
  });
}

bool KeySet::complete() const {
  if (!split_ || sharing_ == KeySharing::by_algorithm) return true;
  return std::all_of(keys_.begin(), keys_.end(), [this](const SigningKey& key) { return has_other_kind(key); });
}

bool KeySet::signs(const SigningKey& key, RRType type) const {
  if (!split_ || (sharing_ == KeySharing::by_algorithm && !has_other_kind(key))) return true;
  return key.is_ksk() == (type == RRType::dnskey || type == RRType::cds || type == RRType::cdnskey);
}

Result<std::vector<std::string>> KeySet::sign(std::span<const dns::Record> rrset, dns::NameView signer,
                                              uint32_t original_ttl, const Validity& validity) const {
  std::vector<std::string> all;
  for (const SigningKey& key : keys_) {
    if (!signs(key, rrset.front().type)) continue;
    auto rdata = make_rrsig(key, rrset, signer, original_ttl, validity);
    if (rdata.has_error()) return rdata.error();
    all.push_back(std::move(*rdata));
  }
  return {boost::system::in_place_value, std::move(all)};
}

}  // namespace portolan::zones
