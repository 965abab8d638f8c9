// SHA-1, again and again (RFC 5155 section 5).
#include "zones/nsec3.h"

#include <openssl/evp.h>

#include <memory>

#include "dns/base32hex.h"

namespace portolan::zones {
namespace {

constexpr uint8_t kSha1 = 1;  // RFC 5155 section 11

class Sha1 {
 public:
  Sha1() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {}
  Sha1& begin() {
    // Fetched once: EVP_sha1() makes OpenSSL look for its implementation each time, under a lock.
    static EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    EVP_DigestInit_ex(context_.get(), sha1, nullptr);
    return *this;
  }
  Sha1& add(const void* octets, size_t count) {
    EVP_DigestUpdate(context_.get(), octets, count);
    return *this;
  }
  void finish(Nsec3Hash& hash) { EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr); }

 private:
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

Result<Nsec3Hashing> Nsec3Hashing::parse(std::span<const uint8_t> rdata) {
  if (rdata.size() < 5 || rdata.size() < 5U + rdata[4]) return fail("NSEC3 parameters are cut short");
  if (rdata[0] != kSha1) return fail("NSEC3 algorithm " + std::to_string(rdata[0]) + ", expecting 1 (SHA-1)");
  Nsec3Hashing hashing;
  hashing.iterations = static_cast<uint16_t>(rdata[2] << 8 | rdata[3]);
  if (hashing.iterations > kMostIterations) {
    return fail("NSEC3 with " + std::to_string(hashing.iterations) + " iterations, expecting " +
                std::to_string(kMostIterations) + " at most (RFC 9276)");
  }
  hashing.salt.assign(reinterpret_cast<const char*>(rdata.data()) + 5, rdata[4]);
  return hashing;
}

Nsec3Hash Nsec3Hashing::hash(dns::NameView name) const {
  thread_local Sha1 sha1;
  Nsec3Hash hash;
  sha1.begin().add(name.data(), name.size()).add(salt.data(), salt.size()).finish(hash);
  for (uint16_t i = 0; i < iterations; ++i) {
    sha1.begin().add(hash.data(), hash.size()).add(salt.data(), salt.size()).finish(hash);
  }
  return hash;
}

bool parse_nsec3_owner(dns::NameView owner, Nsec3Hash& hash) {
  const std::string_view label = owner.first_label();
  return label.size() == hash.size() * 8 / 5 && dns::decode_base32hex(label, hash.data());
}

}  // namespace portolan::zones
