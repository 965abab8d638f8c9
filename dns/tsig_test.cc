// TSIG: MACs as another implementation makes them, and what must not be taken for good.
#include "dns/tsig.h"

#include <doctest/doctest.h>

#include "dns/testing.h"

namespace portolan::dns {
namespace {

constexpr const char* kQuery = "12340100000100000000000003777777076578616d706c65036f72670000010001";
constexpr std::string_view kSecret = "0123456789abcdef";
constexpr uint64_t kNow = 1'700'000'000;

struct Signed {
  std::vector<uint8_t> packet;
  size_t offset = 0;
  Tsig tsig;  // as read again
};

/// Borrows from `arena`.
Signed signed_query(Arena& arena, const Name& key, const Name& algorithm, const TsigChain& chain = {}) {
  const auto message = from_hex(kQuery);
  Tsig tsig;
  tsig.key = key;
  tsig.algorithm = algorithm;
  tsig.time = kNow;
  tsig.original_id = 0x1234;
  const auto octets = sign_tsig(message, tsig, kSecret, chain, arena);
  Signed result{{octets.begin(), octets.end()}, 0, {}};
  ParsedQuery parsed;
  REQUIRE(parse_query(result.packet, arena, parsed) == QueryStatus::ok);
  REQUIRE(parsed.has_tsig);
  result.offset = parsed.tsig_offset;
  REQUIRE(result.offset == message.size());
  REQUIRE(read_tsig(result.packet, result.offset, arena, result.tsig));
  return result;
}

}  // namespace

TEST_CASE("tsig: MACs are those that dnspython 2 makes of the same message, key and time") {
  const struct {
    const char* algorithm;
    const char* mac;
  } cases[] = {
      {"hmac-sha1.", "c1f7e18394c37819aa4abcdc9ccc138fb76329c0"},
      {"hmac-sha224.", "fdc140a5a99179f74428f11ec9ff1484a9152cc99f9c920afb91c2bb"},
      {"hmac-sha256.", "8e4b08e667d98af15e315597e2eb90417724b5dcf388241166d2e31dc1b3d1b3"},
      {"hmac-sha384.",
       "364190b0fcea9398fbb04f2201db47f4e06d89c42e5c1e0b82ed113a123c6cbc22ea44de356cf825ba5e6303c44a1786"},
      {"hmac-sha512.",
       "27d21a0ecdf5385b09d0399555bec36eefa2bc479cc8145f05e1a03f3304e9c4a02522bb2fbfa64929cd8cd890af486c"
       "7c4faa069fee0d56d72ff7a1a36e7576"},
      {"HMAC-SHA1.", "c1f7e18394c37819aa4abcdc9ccc138fb76329c0"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.algorithm);
    Arena arena;
    const Name key = name("Key.example.org."), algorithm = name(each.algorithm);
    const Signed made = signed_query(arena, key, algorithm);
    CHECK(to_hex(made.tsig.mac) == each.mac);
    CHECK(made.tsig.key.identical(key));
    CHECK(made.tsig.time == kNow);
    CHECK(made.tsig.fudge == 300);
    CHECK(verify_tsig(made.packet, made.offset, made.tsig, kSecret, {}, kNow) == TsigError::none);
    CHECK(made.packet.size() - made.offset == tsig_size(made.tsig));
  }
}

TEST_CASE("tsig: another secret, a changed octet, a cut MAC and another chain are bad signatures") {
  Arena arena;
  const Name key = name("key.example.org."), algorithm = name("hmac-sha256.");
  const Signed good = signed_query(arena, key, algorithm);
  CHECK(verify_tsig(good.packet, good.offset, good.tsig, "another secret", {}, kNow) == TsigError::bad_signature);
  for (size_t at = 0; at < good.offset; ++at) {
    CAPTURE(at);
    auto packet = good.packet;
    packet[at] ^= 1;
    // The id may be another's: a forwarder puts its own there, and the record has the first one.
    const auto want = at < 2 ? TsigError::none : TsigError::bad_signature;
    CHECK(verify_tsig(packet, good.offset, good.tsig, kSecret, {}, kNow) == want);
  }
  Tsig cut = good.tsig;
  cut.mac = cut.mac.first(16);
  CHECK(verify_tsig(good.packet, good.offset, cut, kSecret, {}, kNow) == TsigError::bad_signature);
  const uint8_t before[] = {1, 2, 3};
  CHECK(verify_tsig(good.packet, good.offset, good.tsig, kSecret, {before}, kNow) == TsigError::bad_signature);
}

TEST_CASE("tsig: the times may be apart by the fudge, and no more") {
  Arena arena;
  const Signed made = signed_query(arena, name("key."), name("hmac-sha256."));
  for (const uint64_t now : {kNow - 300, kNow + 300}) {
    CHECK(verify_tsig(made.packet, made.offset, made.tsig, kSecret, {}, now) == TsigError::none);
  }
  for (const uint64_t now : {kNow - 301, kNow + 301}) {
    CHECK(verify_tsig(made.packet, made.offset, made.tsig, kSecret, {}, now) == TsigError::bad_time);
    // Who does not hold the key learns nothing about times.
    CHECK(verify_tsig(made.packet, made.offset, made.tsig, "x", {}, now) == TsigError::bad_signature);
  }
}

TEST_CASE("tsig: messages of a stream are chained by their MACs and times") {
  Arena arena;
  const Name key = name("key."), algorithm = name("hmac-sha256.");
  const Signed first = signed_query(arena, key, algorithm);
  const TsigChain chain{first.tsig.mac, true};
  const Signed second = signed_query(arena, key, algorithm, chain);
  CHECK(verify_tsig(second.packet, second.offset, second.tsig, kSecret, chain, kNow) == TsigError::none);
  CHECK(verify_tsig(second.packet, second.offset, second.tsig, kSecret, {first.tsig.mac}, kNow) ==
        TsigError::bad_signature);
}

TEST_CASE("tsig: MD5 is not offered") {
  Arena arena;
  const Signed made = signed_query(arena, name("key."), name("hmac-md5.sig-alg.reg.int."));
  CHECK(made.tsig.mac.empty());
  CHECK(verify_tsig(made.packet, made.offset, made.tsig, kSecret, {}, kNow) == TsigError::bad_signature);
}

TEST_CASE("tsig: a record that is not whole is told") {
  Arena arena;
  const Signed made = signed_query(arena, name("key."), name("hmac-sha256."));
  const size_t rdlength_at = made.offset + 5 + 8;
  for (size_t cut = 1; cut < 60; ++cut) {
    auto packet = made.packet;
    packet.resize(packet.size() - cut);
    const size_t length = packet.size() - rdlength_at - 2;
    packet[rdlength_at] = static_cast<uint8_t>(length >> 8);
    packet[rdlength_at + 1] = static_cast<uint8_t>(length);
    Tsig tsig;
    CAPTURE(cut);
    CHECK_FALSE(read_tsig(packet, made.offset, arena, tsig));
  }
}

TEST_CASE("tsig: secrets are base64") {
  CHECK(parse_tsig_secret("YWJj").value() == "abc");
  CHECK(parse_tsig_secret("YWI=").value() == "ab");
  CHECK(parse_tsig_secret("YQ==").value() == "a");
  for (const char* text : {"!!!", "", "YWJ", "YWJj="}) {
    CAPTURE(text);
    CHECK(parse_tsig_secret(text).has_error());
  }
}

}  // namespace portolan::dns
