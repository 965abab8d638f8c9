// RRSIGs: the signatures of the RFCs' examples, and ldns as the judge of the rest.
#include "zones/dnssec/rrsig.h"

#include <doctest/doctest.h>
#include <ldns/ldns.h>

#include <memory>

#include "dns/testing.h"
#include "dns/wire_writer.h"
#include "zones/dnssec/testing.h"

namespace portolan::zones {
namespace {

using Records = std::vector<dns::OwnedRecord>;

std::vector<dns::Record> views(const Records& records) {
  std::vector<dns::Record> all;
  for (const dns::OwnedRecord& record : records) all.push_back(record.view());
  return all;
}

std::string text_of(const std::string& rdata) {
  return dns::rdata_text(dns::RRType::rrsig, {reinterpret_cast<const uint8_t*>(rdata.data()), rdata.size()});
}

using LdnsRecord = std::unique_ptr<ldns_rr, decltype(&ldns_rr_free)>;

LdnsRecord to_ldns(const dns::OwnedRecord& record) {
  const dns::Record view = record.view();
  std::vector<uint8_t> wire(view.owner.size() + 10 + view.rdata.size());
  uint8_t* at = dns::put_fields(dns::put(wire.data(), view.owner.wire()), view);
  dns::put(dns::put16(at, static_cast<uint16_t>(view.rdata.size())), view.rdata);
  ldns_rr* made = nullptr;
  size_t position = 0;
  REQUIRE(ldns_wire2rr(&made, wire.data(), wire.size(), &position, LDNS_SECTION_ANSWER) == LDNS_STATUS_OK);
  return {made, ldns_rr_free};
}

// Whether ldns, which knows nothing of this code, takes `rdata` for a signature of `records`.
bool judge(const SigningKey& key, const Records& records, const std::string& rdata) {
  const std::unique_ptr<ldns_rr_list, decltype(&ldns_rr_list_deep_free)> set(ldns_rr_list_new(),
                                                                             ldns_rr_list_deep_free);
  for (const dns::OwnedRecord& record : records) ldns_rr_list_push_rr(set.get(), to_ldns(record).release());
  const dns::OwnedRecord& first = records.front();
  const LdnsRecord rrsig = to_ldns({first.owner, dns::RRType::rrsig, dns::RRClass::in, first.ttl, rdata});
  return ldns_verify_rrsig(set.get(), rrsig.get(), to_ldns(key.record()).get()) == LDNS_STATUS_OK;
}

TEST_CASE("rrsig: the deterministic examples of RFC 5702 and RFC 8080 (with errata 4935) come out to the octet") {
  const Validity kRsa{946684800, 1893456000};
  const struct {
    ExampleKey key;
    const char* record;
    Validity validity;
    const char* expected;
  } cases[] = {
      {kRsaSha256, "www.example.net. 3600 IN A 192.0.2.91", kRsa,
       "A 8 3 3600 20300101000000 20000101000000 9033 example.net. "
       "kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg=="},
      {kRsaSha512, "www.example.net. 3600 IN A 192.0.2.91", kRsa,
       "A 10 3 3600 20300101000000 20000101000000 3740 example.net. "
       "tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfD"
       "qfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw="},
      {kEd25519,
       "example.com. 3600 IN MX 10 mail.example.com.",
       {1438207200, 1440021600},
       "MX 15 2 3600 20150819220000 20150729220000 3613 example.com. "
       "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg=="},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.expected));
    const SigningKey key = c.key.key();
    const Records records = {dns::record(c.record)};
    const auto made = make_rrsig(key, views(records), key.record().owner, 3600, c.validity);
    REQUIRE(made.has_value());
    CHECK(text_of(*made) == c.expected);
  }
}

TEST_CASE("rrsig: the examples of RFC 6605 verify over what is signed here") {
  const struct {
    ExampleKey key;
    const char* record;
    Validity validity;
    const char* signature;
  } cases[] = {
      {kEcdsa256,
       "www.example.net. 3600 IN A 192.0.2.1",
       {1281607479, 1284026679},
       "A 13 3 3600 20100909100439 20100812100439 55648 example.net. "
       "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw=="},
      {kEcdsa384,
       "www.example.net. 3600 IN A 192.0.2.1",
       {1281608425, 1284027625},
       "A 14 3 3600 20100909102025 20100812102025 10771 example.net. "
       "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzu"
       "sdnI0RSMROxxwGipWcJm"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.signature));
    const SigningKey key = c.key.key();
    const Records records = {dns::record(c.record)};
    std::string fields;
    const std::string data = signed_data(key, views(records), key.record().owner, 3600, c.validity, fields);
    const auto theirs = dns::parse_rdata(dns::RRType::rrsig, c.signature, dns::Name());
    REQUIRE(theirs.has_value());
    CHECK(theirs->substr(0, fields.size()) == fields);
    const std::string signature = theirs->substr(fields.size());
    CHECK(key.verify({reinterpret_cast<const uint8_t*>(data.data()), data.size()},
                     {reinterpret_cast<const uint8_t*>(signature.data()), signature.size()}));
  }
}

TEST_CASE("rrsig: ldns verifies rrsets of every shape, with every algorithm") {
  const std::vector<std::vector<const char*>> shapes = {
      {"WWW.Example.NET. 300 IN A 192.0.2.9", "WWW.Example.NET. 300 IN A 192.0.2.10",
       "WWW.Example.NET. 300 IN A 10.0.0.1"},
      {"example.net. 60 IN MX 20 Mail.Example.NET.", "example.net. 60 IN MX 3 a.example.net.",
       "example.net. 60 IN MX 20 mail.b.example.net."},
      {"example.net. 60 IN SOA Ns.Example.Net. Host.Example.Net. 1 2 3 4 5"},
      {"*.w.example.net. 60 IN TXT \"b\"", "*.w.example.net. 60 IN TXT \"a\" \"b\"", "*.w.example.net. 60 IN TXT \"\""},
      {"s.example.net. 60 IN SRV 1 2 3 Target.Example.NET."},
      {"n.example.net. 60 IN NAPTR 1 2 \"u\" \"E2U+sip\" \"!^.*$!x!\" Rep.Example.NET."},
      {"n.example.net. 60 IN PTR X.Example.NET."},
      {"n.example.net. 60 IN DNAME X.Example.NET."},
      {"n.example.net. 60 IN NSEC o.example.net. A RRSIG NSEC CAA"},
      {"t.example.net. 60 IN TYPE65280 \\# 3 616263"},
  };
  for (const ExampleKey& example : {kRsaSha256, kRsaSha512, kEcdsa256, kEcdsa384, kEd25519}) {
    const SigningKey key = example.key();
    for (const auto& shape : shapes) {
      Records records;
      for (const char* line : shape) records.push_back(dns::record(line));
      CAPTURE(std::string(shape.front()));
      CAPTURE(static_cast<int>(key.algorithm()));
      const auto made =
          make_rrsig(key, views(records), key.record().owner, records.front().ttl, {1500000000, 2100000000});
      REQUIRE(made.has_value());
      CHECK(judge(key, records, *made));
      std::string broken = *made;
      broken.back() ^= 1;
      CHECK(!judge(key, records, broken));
    }
  }
}

TEST_CASE("rrsig: neither order, case nor a record given twice changes what is signed") {
  const SigningKey key = kEcdsa256.key();
  const auto data = [&](const std::vector<const char*>& lines) {
    Records records;
    for (const char* line : lines) records.push_back(dns::record(line));
    std::string fields;
    return signed_data(key, views(records), dns::name("Example.NET."), 60, {1, 2}, fields);
  };
  const auto expected = data({"a.example.net. 60 IN NS b.example.net.", "a.example.net. 60 IN NS c.example.net."});
  CHECK(data({"A.example.net. 9 IN NS C.Example.net.", "A.example.net. 9 IN NS b.example.net.",
              "A.example.net. 9 IN NS c.example.net."}) == expected);
  CHECK(data({"a.example.net. 60 IN NS b.example.net."}) != expected);
}

TEST_CASE("key sets: an algorithm that has keys of one kind only, beside another's of the other, leaves a gap") {
  const SigningKey ksk = kKeySigning.key(), zsk = kZoneSigning.key(), rsa_zsk = kRsaSha256.key(),
                   ed_ksk = kEd25519.key();
  CHECK(KeySet().complete());
  CHECK(KeySet({ksk}).complete());
  CHECK(KeySet({ksk, ed_ksk}).complete());
  CHECK(KeySet({ksk, zsk}).complete());
  CHECK(!KeySet({ksk, rsa_zsk}).complete());
  CHECK(!KeySet({ksk, zsk, ed_ksk}).complete());
  CHECK(!KeySet({ksk, zsk, rsa_zsk}).complete());
}

TEST_CASE("key sets: shared by algorithm, only an algorithm with keys of both kinds splits the work") {
  const SigningKey ksk = kKeySigning.key(), zsk = kZoneSigning.key(), rsa_zsk = kRsaSha256.key(),
                   ed_ksk = kEd25519.key();
  const KeySet set({ksk, zsk, rsa_zsk, ed_ksk}, KeySharing::by_algorithm);
  CHECK(set.complete());
  CHECK(set.split());
  for (const dns::RRType type : {dns::RRType::dnskey, dns::RRType::cds, dns::RRType::cdnskey, dns::RRType::soa}) {
    CHECK(set.signs(ksk, type) == (type != dns::RRType::soa));
    CHECK(set.signs(zsk, type) == (type == dns::RRType::soa));
    CHECK(set.signs(rsa_zsk, type));
    CHECK(set.signs(ed_ksk, type));
  }
}

TEST_CASE("key sets: split keys sign each their own, others everything") {
  const SigningKey ksk = kKeySigning.key(), zsk = kZoneSigning.key();
  const KeySet both({ksk, zsk}), ksks({ksk}), zsks({zsk});
  CHECK(both.split());
  CHECK(!ksks.split());
  CHECK(!zsks.split());
  for (const dns::RRType type : {dns::RRType::dnskey, dns::RRType::cds, dns::RRType::cdnskey}) {
    CHECK(both.signs(ksk, type));
    CHECK(!both.signs(zsk, type));
    CHECK(zsks.signs(zsk, type));
  }
  for (const dns::RRType type : {dns::RRType::a, dns::RRType::soa, dns::RRType::ds}) {
    CHECK(!both.signs(ksk, type));
    CHECK(both.signs(zsk, type));
    CHECK(ksks.signs(ksk, type));
  }
  const Records records = {dns::record("a.alder.test. 60 IN A 192.0.2.1")};
  const auto made = both.sign(views(records), dns::name("alder.test."), 60, {1500000000, 2100000000});
  REQUIRE(made.has_value());
  REQUIRE(made->size() == 1);
  CHECK(judge(zsk, records, made->front()));
}

}  // namespace
}  // namespace portolan::zones
