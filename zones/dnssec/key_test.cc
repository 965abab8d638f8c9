// Keys: the examples of RFC 5702, 6605 and 8080, and what is refused.
#include "zones/dnssec/key.h"

#include <doctest/doctest.h>

#include "dns/testing.h"
#include "zones/dnssec/testing.h"

namespace portolan::zones {
namespace {

std::span<const uint8_t> octets(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST_CASE("keys: tags and DS records are those of the RFCs' examples") {
  const struct {
    ExampleKey example;
    uint16_t tag;
    DsDigest digest;
    const char* ds;  // empty: the RFC has none
  } cases[] = {
      {kRsaSha256, 9033, DsDigest::sha256, ""},
      {kRsaSha512, 3740, DsDigest::sha256, ""},
      {kEcdsa256, 55648, DsDigest::sha256, "d9600d02b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"},
      {kEcdsa384, 10771, DsDigest::sha384,
       "2a130e0472d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6"},
      {kEd25519, 3613, DsDigest::sha256, "0e1d0f023aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b"},
      // Of the CDS record that CoreDNS publishes.
      {kKeySigning, 22216, DsDigest::sha1, "56c80d01c8875a5869aee38765e8850c3816a52b858508dd"},
      {kKeySigning, 22216, DsDigest::sha256,
       "56c80d027b3cb8af6c497d50bfc9417fb9849030ac735f9a9bdb48a8581115de220360f9"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.tag);
    const SigningKey key = c.example.key();
    CHECK(key.tag() == c.tag);
    if (*c.ds) CHECK(dns::to_hex(octets(ds_rdata(key.record().owner, key.dnskey(), c.digest))) == c.ds);
  }
  CHECK(kKeySigning.key().is_ksk());
  CHECK(!kZoneSigning.key().is_ksk());
}

TEST_CASE("keys: what a key signs it verifies, and nothing else") {
  for (const ExampleKey& example : {kRsaSha256, kRsaSha512, kEcdsa256, kEcdsa384, kEd25519}) {
    const SigningKey key = example.key();
    CAPTURE(static_cast<int>(key.algorithm()));
    const std::string data = "what is signed";
    const auto signature = key.sign(octets(data));
    REQUIRE(signature.has_value());
    CHECK(key.verify(octets(data), octets(*signature)));
    CHECK(!key.verify(octets("what is singed"), octets(*signature)));
    std::string broken = *signature;
    broken[broken.size() / 2] ^= 1;
    CHECK(!key.verify(octets(data), octets(broken)));
    CHECK(!key.verify(octets(data), octets(signature->substr(1))));
  }
}

TEST_CASE("keys: what is no key is refused with what was expected") {
  const std::string open(kKeySigning.open), secret(kKeySigning.secret);
  const auto with = [](std::string text, std::string_view old, std::string_view fresh) {
    return text.replace(text.find(old), old.size(), fresh);
  };
  const struct {
    std::string open, secret, expected;
  } cases[] = {
      {"not a key\n", secret, "public key: "},
      {"; nothing\n", secret, "holds no record, expecting a DNSKEY"},
      {"alder.test. IN A 192.0.2.1\n", secret, "holds a A, expecting a DNSKEY"},
      {with(open, "257 3", "1 3"), secret, "not for zones: flags 1, protocol 3"},
      {with(open, "257 3", "257 2"), secret, "not for zones: flags 257, protocol 2"},
      {with(open, "3 13", "3 5"), secret, "has algorithm 5, expecting 8 (RSASHA256)"},
      {with(open, "3 13", "3 14"), secret, "has algorithm \"13 (ECDSAP256SHA256)\", expecting the public key's, 14"},
      {open, "x\n", "is no private key"},
      {open, with(secret, "v1.3", "v2.0"), "is no private key"},
      {open, with(secret, "PrivateKey", "Private"), "has no field \"privatekey\""},
      {open, with(secret, "G25g", "G2%g"), "field \"privatekey\": expecting base64"},
      {open,
       with(secret, "PrivateKey: G25g3A0gugJLIITLrMsm+llTfMd4XrIgTSSXE+T1hRA=",
            "PrivateKey: 630P68IbA1ZOz+IENRS0uPElLixSlXVGqkk+8mEEcSM="),
       "is not the public key's other half"},
      {std::string(kEd25519.open), with(std::string(kEd25519.secret), "ODIy", "ODIz"),
       "is not the public key's other half"},
      {std::string(kRsaSha256.open), with(std::string(kRsaSha256.secret), "Prime2", "Prime3"),
       "has no field \"prime2\""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.expected);
    const auto key = SigningKey::parse(c.open, c.secret);
    REQUIRE(key.has_error());
    CAPTURE(key.error().message);
    CHECK(key.error().message.find(c.expected) != std::string::npos);
  }
}

TEST_CASE("keys: files with an octet changed or cut off are refused, or the key still signs") {
  size_t refused = 0;
  const auto try_one = [&](std::string_view open, std::string_view secret) {
    const auto key = SigningKey::parse(open, secret);
    if (key.has_error()) {
      CHECK(key.error().message.find('\n') == std::string::npos);
      ++refused;
      return;
    }
    const std::string data = "data";
    const auto signature = key->sign(octets(data));
    REQUIRE(signature.has_value());
    CHECK(key->verify(octets(data), octets(*signature)));
  };
  for (const ExampleKey& example : {kRsaSha256, kEcdsa256, kEcdsa384, kEd25519}) {
    const std::string open(example.open), secret(example.secret);
    for (size_t i = 0; i < secret.size(); i += 3) {
      std::string changed = secret;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      try_one(open, changed);
      try_one(open, secret.substr(0, i));
    }
    for (size_t i = 0; i < open.size(); i += 3) {
      std::string changed = open;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      try_one(changed, secret);
      try_one(open.substr(0, i), secret);
    }
  }
  CHECK(refused > 400);
}

}  // namespace
}  // namespace portolan::zones
