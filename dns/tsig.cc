// Digests of RFC 8945 section 4.3.
#include "dns/tsig.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "base/base64.h"
#include "dns/fold.h"
#include "dns/reader.h"
#include "dns/wire_writer.h"

namespace portolan::dns {
namespace {

struct Algorithm {
  std::string_view wire;  // of the name
  const char* digest;     // as OpenSSL calls it
  size_t size;            // octets of the MAC
};

constexpr Algorithm kAlgorithms[] = {
    {{"\11hmac-sha1\0", 11}, "SHA1", 20},     {{"\13hmac-sha224\0", 13}, "SHA224", 28},
    {{"\13hmac-sha256\0", 13}, "SHA256", 32}, {{"\13hmac-sha384\0", 13}, "SHA384", 48},
    {{"\13hmac-sha512\0", 13}, "SHA512", 64},
};

constexpr size_t kFixedRdata = 16;  // time, fudge, MAC size, original id, error, other length

const Algorithm& of(TsigAlgorithm algorithm) { return kAlgorithms[static_cast<size_t>(algorithm)]; }

class Hmac {
 public:
  Hmac(TsigAlgorithm algorithm, std::string_view secret) {
    static const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                                        EVP_MAC_free);
    context_.reset(EVP_MAC_CTX_new(hmac.get()));
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string("digest", const_cast<char*>(of(algorithm).digest), 0),
        OSSL_PARAM_construct_end()};
    // A null key would mean the one before.
    static constexpr uint8_t kEmpty[1] = {0};
    const auto* key = secret.empty() ? kEmpty : reinterpret_cast<const uint8_t*>(secret.data());
    if (!context_ || EVP_MAC_init(context_.get(), key, secret.size(), parameters) != 1) {
      throw std::runtime_error("OpenSSL has no HMAC with " + std::string(of(algorithm).digest));
    }
  }
  void add(std::span<const uint8_t> octets) {
    failed_ |= EVP_MAC_update(context_.get(), octets.data(), octets.size()) != 1;
  }
  void add16(uint16_t value) {
    uint8_t octets[2];
    put16(octets, value);
    add(octets);
  }
  /// Valid as long as this object.
  std::span<const uint8_t> finish() {
    size_t size = 0;
    failed_ |= EVP_MAC_final(context_.get(), mac_.data(), &size, mac_.size()) != 1;
    if (failed_) throw std::runtime_error("OpenSSL could not make a MAC");
    return {mac_.data(), size};
  }

 private:
  std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context_{nullptr, EVP_MAC_CTX_free};
  std::array<uint8_t, 64> mac_{};
  bool failed_ = false;
};

uint8_t* put_time(uint8_t* at, const Tsig& tsig) {
  at = put16(at, static_cast<uint16_t>(tsig.time >> 32));
  at = put32(at, static_cast<uint32_t>(tsig.time));
  return put16(at, tsig.fudge);
}

void add_lower(Hmac& hmac, NameView name) {
  std::array<uint8_t, kMaxName> lowered;
  copy_lower(lowered.data(), name.data(), name.size());
  hmac.add(std::span(lowered).first(name.size()));
}

// RFC 8945 section 4.3.3: the record without its MAC, or its times alone.
void add_variables(Hmac& hmac, const Tsig& tsig, bool timers_only) {
  std::array<uint8_t, 8> times;
  put_time(times.data(), tsig);
  if (timers_only) return hmac.add(times);
  add_lower(hmac, tsig.key);
  static constexpr uint8_t kClassAnyTtl0[] = {0, 255, 0, 0, 0, 0};
  hmac.add(kClassAnyTtl0);
  add_lower(hmac, tsig.algorithm);
  hmac.add(times);
  hmac.add16(static_cast<uint16_t>(tsig.error));
  hmac.add16(static_cast<uint16_t>(tsig.other.size()));
  hmac.add(tsig.other);
}

void add_previous(Hmac& hmac, const TsigChain& chain) {
  if (chain.previous.empty()) return;
  hmac.add16(static_cast<uint16_t>(chain.previous.size()));
  hmac.add(chain.previous);
  hmac.add(chain.between);
}

std::span<const uint8_t> octets_of(Packet rdata, size_t& at, size_t count, bool& whole) {
  whole = whole && at + count <= rdata.size();
  if (!whole) return {};
  at += count;
  return rdata.subspan(at - count, count);
}

uint64_t number_of(std::span<const uint8_t> octets) {
  uint64_t number = 0;
  for (const uint8_t octet : octets) number = number << 8 | octet;
  return number;
}

}  // namespace

std::optional<TsigAlgorithm> tsig_algorithm(NameView name) {
  for (size_t i = 0; i < std::size(kAlgorithms); ++i) {
    const auto algorithm = static_cast<TsigAlgorithm>(i);
    if (name.equals(tsig_algorithm_name(algorithm))) return algorithm;
  }
  return {};
}

NameView tsig_algorithm_name(TsigAlgorithm algorithm) {
  const std::string_view wire = of(algorithm).wire;
  return {reinterpret_cast<const uint8_t*>(wire.data()), static_cast<uint8_t>(wire.size())};
}

Result<std::string> parse_tsig_secret(std::string_view text) {
  auto octets = base64_decoded(text);
  if (octets.has_error() || octets->empty()) return fail("the secret is not base64");
  return octets;
}

bool read_tsig(Packet packet, size_t offset, Arena& arena, Tsig& tsig) {
  const NameExtent owner = measure_name(packet, offset);
  RecordFields fields;
  if (owner.end == 0 || !read_record_fields(packet, owner.end, fields)) return false;
  const auto key = arena.bytes(owner.size);
  copy_name(packet, offset, key.data());
  tsig.key = {key.data(), owner.size};

  const auto rdata = arena.copy(packet.subspan(fields.rdata, fields.end - fields.rdata));
  const size_t name_size = uncompressed_name_size(rdata);
  if (name_size == 0) return false;
  tsig.algorithm = {rdata.data(), static_cast<uint8_t>(name_size)};
  size_t at = name_size;
  bool whole = true;
  tsig.time = number_of(octets_of(rdata, at, 6, whole));
  tsig.fudge = static_cast<uint16_t>(number_of(octets_of(rdata, at, 2, whole)));
  tsig.mac = octets_of(rdata, at, number_of(octets_of(rdata, at, 2, whole)), whole);
  tsig.original_id = static_cast<uint16_t>(number_of(octets_of(rdata, at, 2, whole)));
  tsig.error = static_cast<TsigError>(number_of(octets_of(rdata, at, 2, whole)));
  tsig.other = octets_of(rdata, at, number_of(octets_of(rdata, at, 2, whole)), whole);
  return whole;
}

TsigError verify_tsig(Packet packet, size_t offset, const Tsig& tsig, std::string_view secret, const TsigChain& chain,
                      uint64_t now) {
  const auto algorithm = tsig_algorithm(tsig.algorithm);
  if (!algorithm || tsig.mac.size() != of(*algorithm).size) return TsigError::bad_signature;
  // As it was before it was signed: the id that the client chose, one additional record less.
  std::array<uint8_t, kHeaderSize> header;
  std::memcpy(header.data(), packet.data(), header.size());
  put16(header.data(), tsig.original_id);
  put16(header.data() + 10, static_cast<uint16_t>(read16(packet.data() + 10) - 1));
  Hmac hmac(*algorithm, secret);
  add_previous(hmac, chain);
  hmac.add(header);
  hmac.add(packet.subspan(kHeaderSize, offset - kHeaderSize));
  add_variables(hmac, tsig, chain.timers_only);
  const auto mac = hmac.finish();
  if (mac.size() != tsig.mac.size() || CRYPTO_memcmp(mac.data(), tsig.mac.data(), mac.size()) != 0) {
    return TsigError::bad_signature;
  }
  const uint64_t apart = now > tsig.time ? now - tsig.time : tsig.time - now;
  return apart > tsig.fudge ? TsigError::bad_time : TsigError::none;
}

size_t tsig_size(const Tsig& tsig) {
  const auto algorithm = tsig_algorithm(tsig.algorithm);
  return tsig.key.size() + 10 + tsig.algorithm.size() + kFixedRdata + (algorithm ? of(*algorithm).size : 0) +
         tsig.other.size();
}

std::span<const uint8_t> sign_tsig(std::span<const uint8_t> message, Tsig& tsig, std::optional<std::string_view> secret,
                                   const TsigChain& chain, Arena& arena) {
  const auto algorithm = tsig_algorithm(tsig.algorithm);
  tsig.mac = {};
  if (secret && algorithm) {
    Hmac hmac(*algorithm, *secret);
    add_previous(hmac, chain);
    hmac.add(message);
    add_variables(hmac, tsig, chain.timers_only);
    tsig.mac = arena.copy(hmac.finish());
  }
  const auto out = arena.bytes(message.size() + tsig_size(tsig));
  uint8_t* at = put(out.data(), message);
  put16(out.data() + 10, static_cast<uint16_t>(read16(message.data() + 10) + 1));
  at = put(at, tsig.key.wire());
  at = put_fields(at, {{}, RRType::tsig, RRClass::any, 0, {}});
  at = put16(at, static_cast<uint16_t>(tsig.algorithm.size() + kFixedRdata + tsig.mac.size() + tsig.other.size()));
  at = put_time(put(at, tsig.algorithm.wire()), tsig);
  at = put(put16(at, static_cast<uint16_t>(tsig.mac.size())), tsig.mac);
  at = put16(put16(at, tsig.original_id), static_cast<uint16_t>(tsig.error));
  at = put(put16(at, static_cast<uint16_t>(tsig.other.size())), tsig.other);
  return out.first(static_cast<size_t>(at - out.data()));
}

}  // namespace portolan::dns
