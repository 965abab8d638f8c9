// Reading a key, and signing with it.
#include "zones/dnssec/key.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <optional>

#include "zones/dnssec/crypto.h"
#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

constexpr size_t kKeyOffset = 4;    // in a DNSKEY, behind flags, protocol and algorithm
constexpr uint8_t kZoneKey = 0x01;  // of the upper octet of the flags (RFC 4034 section 2.1.1)
constexpr uint8_t kProtocolDnssec = 3;

using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Error openssl_error(const std::string& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return fail(what + ": " + text.data());
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// "Name: value", a line each.
PrivateFields read_fields(std::string_view text) {
  PrivateFields fields;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name(trimmed(line.substr(0, colon)));
    for (char& c : name) c = static_cast<char>(dns::kLower[static_cast<uint8_t>(c)]);
    fields[std::move(name)] = trimmed(line.substr(colon + 1));
  }
  return fields;
}

std::optional<SigningAlgorithm> algorithm_of(uint8_t number) {
  switch (number) {
    case 8:
    case 10:
    case 13:
    case 14:
    case 15:
      return static_cast<SigningAlgorithm>(number);
    default:
      return std::nullopt;
  }
}

Result<void> check_dnskey(const dns::OwnedRecord& record) {
  if (record.type != dns::RRType::dnskey) return fail("holds a " + dns::text(record.type) + ", expecting a DNSKEY");
  const auto rdata = record.view().rdata;
  if (rdata.size() <= kKeyOffset) return fail("holds a DNSKEY without a key");
  if ((rdata[0] & kZoneKey) == 0 || rdata[2] != kProtocolDnssec) {
    return fail("holds a key that is not for zones: flags " + std::to_string(rdata[0] << 8 | rdata[1]) + ", protocol " +
                std::to_string(rdata[2]));
  }
  if (!algorithm_of(rdata[3])) {
    return fail(
        "has algorithm " + std::to_string(rdata[3]) +
        ", expecting 8 (RSASHA256), 10 (RSASHA512), 13 (ECDSAP256SHA256), 14 (ECDSAP384SHA384) or 15 (ED25519)");
  }
  return {};
}

Result<void> check_private(const PrivateFields& fields, uint8_t algorithm) {
  const auto format = fields.find("private-key-format");
  if (format == fields.end() || (format->second != "v1.2" && format->second != "v1.3")) {
    return fail("is no private key: expecting \"Private-key-format: v1.2\" or v1.3");
  }
  const auto stated = fields.find("algorithm");
  const std::string wanted = std::to_string(algorithm);
  if (stated == fields.end() || stated->second.substr(0, stated->second.find(' ')) != wanted) {
    return fail("has algorithm \"" + (stated == fields.end() ? std::string() : stated->second) +
                "\", expecting the public key's, " + wanted);
  }
  return {};
}

}  // namespace

uint16_t key_tag(std::span<const uint8_t> dnskey) {
  uint32_t sum = 0;
  for (size_t i = 0; i < dnskey.size(); ++i) sum += i % 2 == 0 ? uint32_t{dnskey[i]} << 8 : dnskey[i];
  return static_cast<uint16_t>(sum + (sum >> 16));
}

std::string ds_rdata(dns::NameView owner, std::span<const uint8_t> dnskey, DsDigest digest) {
  std::string data;
  for (const uint8_t octet : owner.wire()) data += static_cast<char>(dns::kLower[octet]);
  data.append(reinterpret_cast<const char*>(dnskey.data()), dnskey.size());
  const EVP_MD* function = digest == DsDigest::sha1     ? EVP_sha1()
                           : digest == DsDigest::sha256 ? EVP_sha256()
                                                        : EVP_sha384();
  std::array<uint8_t, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), hash.data(), &size, function, nullptr);
  const uint16_t tag = key_tag(dnskey);
  std::string out{static_cast<char>(tag >> 8), static_cast<char>(tag), static_cast<char>(dnskey[3]),
                  static_cast<char>(digest)};
  out.append(reinterpret_cast<const char*>(hash.data()), size);
  return out;
}

Result<SigningKey> SigningKey::parse(std::string_view public_text, std::string_view private_text) {
  auto record = read_record(public_text, dns::Name());
  if (record.has_error()) return fail("public key: " + record.error().message);
  if (!record->has_value()) return fail("public key: holds no record, expecting a DNSKEY");
  if (const auto good = check_dnskey(**record); good.has_error()) return fail("public key: " + good.error().message);

  SigningKey key;
  key.record_ = std::move(**record);
  key.tag_ = key_tag(key.dnskey());
  key.algorithm_ = *algorithm_of(key.dnskey()[3]);
  const PrivateFields fields = read_fields(private_text);
  if (const auto good = check_private(fields, key.dnskey()[3]); good.has_error()) {
    return fail("private key: " + good.error().message);
  }
  auto open = public_key(key.algorithm_, key.dnskey().subspan(kKeyOffset));
  if (open.has_error()) return fail("public key: " + open.error().message);
  auto secret = private_key(key.algorithm_, key.dnskey().subspan(kKeyOffset), fields);
  if (secret.has_error()) return fail("private key: " + secret.error().message);
  key.public_ = std::move(*open);
  key.private_ = std::move(*secret);

  const auto probe = key.sign(key.dnskey());
  if (probe.has_error()) return fail("private key: " + probe.error().message);
  if (!key.verify(key.dnskey(), {reinterpret_cast<const uint8_t*>(probe->data()), probe->size()})) {
    return fail("private key: is not the public key's other half");
  }
  return key;
}

Result<std::string> SigningKey::sign(std::span<const uint8_t> data) const {
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  size_t size = static_cast<size_t>(EVP_PKEY_get_size(private_.get()));
  std::string signature(size, '\0');
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm_), nullptr, private_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(signature.data()), &size, data.data(), data.size()) !=
          1) {
    return openssl_error("cannot sign");
  }
  signature.resize(size);
  if (const size_t width = number_size(algorithm_); width != 0) {
    signature = ecdsa_to_dns({reinterpret_cast<const uint8_t*>(signature.data()), size}, width);
    if (signature.empty()) return openssl_error("cannot sign");
  }
  return {boost::system::in_place_value, std::move(signature)};
}

bool SigningKey::verify(std::span<const uint8_t> data, std::span<const uint8_t> signature) const {
  std::string der;
  if (const size_t width = number_size(algorithm_); width != 0) {
    der = ecdsa_from_dns(signature, width);
    signature = {reinterpret_cast<const uint8_t*>(der.data()), der.size()};
  }
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool good = context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm_), nullptr, public_.get()) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(), data.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace portolan::zones
