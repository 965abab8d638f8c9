// RSA from numbers (RFC 3110), ECDSA from a point and a number (RFC 6605), Ed25519 from octets (RFC 8080).
#include "zones/dnssec/crypto.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "base/base64.h"

namespace portolan::zones {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using NumberPtr = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using EcdsaPtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

Octets octets_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

NumberPtr number(Octets octets) {
  return NumberPtr(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
}

// A key of OpenSSL under construction: named numbers and octets, which must outlive it.
class KeyBuilder {
 public:
  explicit KeyBuilder(const char* type) : type_(type), builder_(OSSL_PARAM_BLD_new()) {}

  void add(const char* name, NumberPtr value) {
    good_ = good_ && value && OSSL_PARAM_BLD_push_BN(builder_.get(), name, value.get()) == 1;
    numbers_.push_back(std::move(value));
  }
  void add_text(const char* name, const char* text) {
    good_ = good_ && OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, text, 0) == 1;
  }
  void add_octets(const char* name, const std::string& octets) {
    good_ = good_ && OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, octets.data(), octets.size()) == 1;
  }

  Result<PkeyPtr> make(int selection) {
    const ParamsPtr params(good_ ? OSSL_PARAM_BLD_to_param(builder_.get()) : nullptr);
    const ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type_, nullptr));
    EVP_PKEY* made = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &made, selection, params.get()) != 1) {
      return fail(std::string("the numbers make no ") + type_ + " key");
    }
    return PkeyPtr(made, EVP_PKEY_free);
  }

 private:
  const char* type_;
  BuilderPtr builder_;
  std::vector<NumberPtr> numbers_;
  bool good_ = true;
};

Result<std::string> field(const PrivateFields& fields, std::string_view name) {
  const auto found = fields.find(name);
  if (found == fields.end()) return fail("has no field \"" + std::string(name) + "\"");
  auto octets = base64_decoded(found->second);
  if (octets.has_error() || octets->empty()) return fail("field \"" + std::string(name) + "\": expecting base64");
  return octets;
}

struct RsaPublic {
  Octets exponent, modulus;
};

// RFC 3110 section 2.
Result<RsaPublic> rsa_public(Octets octets) {
  size_t at = 1;
  size_t size = octets.empty() ? 0 : octets[0];
  if (size == 0 && octets.size() > 3) {
    size = static_cast<size_t>(octets[1] << 8 | octets[2]);
    at = 3;
  }
  if (size == 0 || at + size >= octets.size()) return fail("the DNSKEY holds no RSA key");
  return RsaPublic{octets.subspan(at, size), octets.subspan(at + size)};
}

void add_public(KeyBuilder& builder, const RsaPublic& rsa) {
  builder.add(OSSL_PKEY_PARAM_RSA_N, number(rsa.modulus));
  builder.add(OSSL_PKEY_PARAM_RSA_E, number(rsa.exponent));
}

Result<PkeyPtr> rsa_private(Octets octets, const PrivateFields& fields) {
  const auto rsa = rsa_public(octets);
  if (rsa.has_error()) return rsa.error();
  KeyBuilder builder("RSA");
  add_public(builder, *rsa);
  constexpr struct {
    std::string_view name;
    const char* parameter;
  } kNumbers[] = {
      {"privateexponent", OSSL_PKEY_PARAM_RSA_D},   {"prime1", OSSL_PKEY_PARAM_RSA_FACTOR1},
      {"prime2", OSSL_PKEY_PARAM_RSA_FACTOR2},      {"exponent1", OSSL_PKEY_PARAM_RSA_EXPONENT1},
      {"exponent2", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"coefficient", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
  };
  for (const auto& each : kNumbers) {
    const auto value = field(fields, each.name);
    if (value.has_error()) return value.error();
    builder.add(each.parameter, number(octets_of(*value)));
  }
  return builder.make(EVP_PKEY_KEYPAIR);
}

const char* group_of(SigningAlgorithm algorithm) {
  return algorithm == SigningAlgorithm::ecdsap256sha256 ? "P-256" : "P-384";
}

// The private half is null for a public key.
Result<PkeyPtr> ec_key(SigningAlgorithm algorithm, Octets point, const std::string* secret) {
  if (point.size() != 2 * number_size(algorithm)) return fail("the DNSKEY holds no point of its curve");
  std::string uncompressed(1, '\x04');
  uncompressed.append(reinterpret_cast<const char*>(point.data()), point.size());
  KeyBuilder builder("EC");
  builder.add_text(OSSL_PKEY_PARAM_GROUP_NAME, group_of(algorithm));
  builder.add_octets(OSSL_PKEY_PARAM_PUB_KEY, uncompressed);
  if (secret) builder.add(OSSL_PKEY_PARAM_PRIV_KEY, number(octets_of(*secret)));
  return builder.make(secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
}

}  // namespace

Result<PkeyPtr> public_key(SigningAlgorithm algorithm, Octets octets) {
  switch (algorithm) {
    case SigningAlgorithm::ecdsap256sha256:
    case SigningAlgorithm::ecdsap384sha384:
      return ec_key(algorithm, octets, nullptr);
    case SigningAlgorithm::ed25519: {
      PkeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets.data(), octets.size()), EVP_PKEY_free);
      if (!key) return fail("the DNSKEY holds no Ed25519 key");
      return key;
    }
    default: {
      const auto rsa = rsa_public(octets);
      if (rsa.has_error()) return rsa.error();
      KeyBuilder builder("RSA");
      add_public(builder, *rsa);
      return builder.make(EVP_PKEY_PUBLIC_KEY);
    }
  }
}

Result<PkeyPtr> private_key(SigningAlgorithm algorithm, Octets octets, const PrivateFields& fields) {
  if (number_size(algorithm) == 0 && algorithm != SigningAlgorithm::ed25519) return rsa_private(octets, fields);
  const auto secret = field(fields, "privatekey");
  if (secret.has_error()) return secret.error();
  if (algorithm != SigningAlgorithm::ed25519) return ec_key(algorithm, octets, &*secret);
  const Octets seed = octets_of(*secret);
  PkeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()), EVP_PKEY_free);
  if (!key) return fail("field \"privatekey\" holds no Ed25519 key");
  return key;
}

const EVP_MD* digest_of(SigningAlgorithm algorithm) {
  switch (algorithm) {
    case SigningAlgorithm::rsasha512:
      return EVP_sha512();
    case SigningAlgorithm::ecdsap384sha384:
      return EVP_sha384();
    case SigningAlgorithm::ed25519:
      return nullptr;
    default:
      return EVP_sha256();
  }
}

size_t number_size(SigningAlgorithm algorithm) {
  if (algorithm == SigningAlgorithm::ecdsap256sha256) return 32;
  return algorithm == SigningAlgorithm::ecdsap384sha384 ? 48 : 0;
}

std::string ecdsa_to_dns(Octets signature, size_t size) {
  const uint8_t* at = signature.data();
  const EcdsaPtr read(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature.size())));
  if (!read) return {};
  std::string out(2 * size, '\0');
  auto* to = reinterpret_cast<uint8_t*>(out.data());
  const int width = static_cast<int>(size);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(read.get()), to, width) != width) return {};
  if (BN_bn2binpad(ECDSA_SIG_get0_s(read.get()), to + size, width) != width) return {};
  return out;
}

std::string ecdsa_from_dns(Octets signature, size_t size) {
  if (signature.size() != 2 * size) return {};
  const EcdsaPtr made(ECDSA_SIG_new());
  NumberPtr r = number(signature.first(size)), s = number(signature.subspan(size));
  if (!made || !r || !s || ECDSA_SIG_set0(made.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(made.get(), &der);
  if (length <= 0) return {};
  std::string out(reinterpret_cast<const char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  return out;
}

}  // namespace portolan::zones
