// Hashed denial: hashes of RFC 5155 appendix A, and which records prove what.
#include "zones/nsec3.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "dns/testing.h"
#include "zones/lookup.h"
#include "zones/transfer.h"
#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

using dns::name;
using dns::RRType;

const Nsec3Hashing kHashing{12, "\xaa\xbb\xcc\xdd"};

// RFC 5155 appendix A, without the signatures; the chain's records say of each owner what lies there.
constexpr const char* kZone = R"($ORIGIN example.
@ 3600 SOA ns1.example. bugs.x.w.example. 1 3600 300 3600000 3600
@ 3600 RRSIG SOA 7 1 3600 20150420235959 20051021000000 40430 example. Hu25UIyNPmvPIVBrldN+9Mlp9Zql39qaUd8i
@ NS ns1
@ NS ns2
@ MX 1 xx
@ NSEC3PARAM 1 0 12 aabbccdd
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX NS SOA RRSIG
2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG
2vptu5timamqttgl4luu9kg21e0aor3s NSEC3 1 1 12 aabbccdd 35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG
35mthgpgcu1qg68fab165klnsnk3dpvl NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG
a NS ns1.a
a DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C
ns1.a A 192.0.2.5
ai A 192.0.2.9
b4um86eghhds6nea196smvmlo4ors995 NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG
c NS ns1.c
ns1.c A 192.0.2.7
gjeqe526plbf1g8mklp59enfd789njgi NSEC3 1 1 12 aabbccdd ji6neoaepv8b5o6k4ev33abha8ht9fgc HINFO A AAAA RRSIG
ji6neoaepv8b5o6k4ev33abha8ht9fgc NSEC3 1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h
k8udemvp1j2f7eg6jebps17vp3n8i58h NSEC3 1 1 12 aabbccdd kohar7mbb8dc2ce8a9qvl8hon4k53uhi
kohar7mbb8dc2ce8a9qvl8hon4k53uhi NSEC3 1 1 12 aabbccdd q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG
ns1 A 192.0.2.1
ns2 A 192.0.2.2
q04jkcevqvmu85r014c7dkba38o0ji5r NSEC3 1 1 12 aabbccdd r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG
r53bq7cc2uvmubfu5ocmm6pers9tk9en NSEC3 1 1 12 aabbccdd t644ebqk9bibcna874givr6joj62mlhv MX RRSIG
t644ebqk9bibcna874givr6joj62mlhv NSEC3 1 1 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom HINFO A AAAA RRSIG
*.w MX 1 ai
x.w MX 1 xx
x.y.w MX 1 xx
xx A 192.0.2.10
)";

struct Found {
  Status status;
  std::vector<std::string> proofs;  // first labels of NSEC3 owners
};

Found ask(const ZoneTree& tree, const char* asked, RRType type) {
  Arena arena;
  ArenaVector<dns::Record> answer(arena), authority(arena), additional(arena);
  Lookup lookup(tree, {*dns::parse_name(asked, arena), type, true}, arena, {answer, authority, additional});
  Found found{lookup.run(), {}};
  for (const dns::Record& record : authority) {
    if (record.type == RRType::nsec3) found.proofs.emplace_back(record.owner.first_label());
  }
  std::sort(found.proofs.begin(), found.proofs.end());
  return found;
}

std::unique_ptr<const ZoneTree> zone(std::string_view more = {}) {
  auto read = read_zone_text(kZone + std::string(more), "db", name("example."));
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  return std::move(read->tree);
}

}  // namespace

TEST_CASE("nsec3: names have the hashes of RFC 5155 appendix A") {
  const struct {
    const char *name, *hash;
  } cases[] = {
      {"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},     {"a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
      {"ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi"},  {"ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
      {"w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},   {"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
      {"x.w.example.", "b4um86eghhds6nea196smvmlo4ors995"}, {"x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"},
      {"xx.example.", "t644ebqk9bibcna874givr6joj62mlhv"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.name);
    Nsec3Hash hash;
    REQUIRE(parse_nsec3_owner(name(std::string(each.hash) + ".example."), hash));
    CHECK(kHashing.hash(name(each.name)) == hash);
  }
}

TEST_CASE("nsec3: what is no hash is told") {
  Nsec3Hash hash;
  for (const char* owner : {"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3to.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tow."}) {
    CAPTURE(owner);
    CHECK_FALSE(parse_nsec3_owner(name(owner), hash));
  }
  CHECK(parse_nsec3_owner(name("0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM."), hash));
}

TEST_CASE("nsec3: proofs are those of RFC 5155 appendix B") {
  const auto tree = zone();
  REQUIRE(tree->has_nsec3());
  const struct {
    const char* about;
    const char* name;
    RRType type;
    Status status;
    std::vector<std::string> proofs;
  } cases[] = {
      {"B.1, a name error",
       "a.c.x.w.example.",
       RRType::a,
       Status::name_error,
       {"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "35mthgpgcu1qg68fab165klnsnk3dpvl", "b4um86eghhds6nea196smvmlo4ors995"}},
      {"B.2, no data", "ns1.example.", RRType::mx, Status::no_data, {"2t7b4g4vsa5smi47k61mv5bv1a22bojr"}},
      {"B.2.1, an empty non-terminal",
       "y.w.example.",
       RRType::a,
       Status::success,
       {"ji6neoaepv8b5o6k4ev33abha8ht9fgc"}},
      {"B.3, an opted-out delegation",
       "mc.c.example.",
       RRType::mx,
       Status::delegation,
       {"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "35mthgpgcu1qg68fab165klnsnk3dpvl"}},
      {"B.4, an expanded wildcard",
       "a.z.w.example.",
       RRType::mx,
       Status::success,
       {"q04jkcevqvmu85r014c7dkba38o0ji5r"}},
      {"B.5, an expanded wildcard without data",
       "a.z.w.example.",
       RRType::aaaa,
       Status::no_data,
       {"k8udemvp1j2f7eg6jebps17vp3n8i58h", "q04jkcevqvmu85r014c7dkba38o0ji5r", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"}},
      {"B.6, DS at the apex", "example.", RRType::ds, Status::no_data, {"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"}},
      {"a signed delegation", "x.a.example.", RRType::a, Status::delegation, {}},
  };
  for (const auto& each : cases) {
    CAPTURE(each.about);
    const Found found = ask(*tree, each.name, each.type);
    CHECK(found.status == each.status);
    CHECK(found.proofs == each.proofs);
  }
}

TEST_CASE("nsec3: a wildcard that is an empty non-terminal is proven to be there") {
  const auto tree = zone(
      "_443._tcp.*.xx TXT \"x\"\n"
      "p5l4qvag4han6f9i1i1b08ts9f4ocm0h NSEC3 1 1 12 aabbccdd q04jkcevqvmu85r014c7dkba38o0ji5r\n");
  const Found found = ask(*tree, "q.xx.example.", RRType::a);
  CHECK(found.status == Status::no_data);
  CHECK(found.proofs == std::vector<std::string>{"35mthgpgcu1qg68fab165klnsnk3dpvl", "p5l4qvag4han6f9i1i1b08ts9f4ocm0h",
                                                 "t644ebqk9bibcna874givr6joj62mlhv"});
}

TEST_CASE("nsec3: a name that a DNAME has made with capitals is hashed in lower case (RFC 5155 section 5)") {
  const auto tree = zone("dn DNAME W\n");
  const Found found = ask(*tree, "x.dn.example.", RRType::a);
  CHECK(found.status == Status::success);
  CHECK(found.proofs == std::vector<std::string>{"b4um86eghhds6nea196smvmlo4ors995"});
}

TEST_CASE("nsec3: hashed owners are no names of the zone (RFC 5155 section 7.2.8), and are transferred") {
  std::shared_ptr<const ZoneTree> tree = zone();
  CHECK(ask(*tree, "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.", RRType::nsec3).status == Status::name_error);
  const auto stream = transfer(tree, 0);
  Arena arena;
  ArenaVector<dns::Record> records(arena);
  while (stream->next(arena, records)) {
  }
  CHECK(std::count_if(records.begin(), records.end(),
                      [](const auto& record) { return record.type == RRType::nsec3; }) == 12);
}

TEST_CASE("nsec3: a chain with other parameters than the apex names is not answered from") {
  const std::string text =
      "$ORIGIN example.\n@ 3600 SOA ns1 bugs 1 3600 300 3600000 3600\n@ NSEC3PARAM 1 0 1 -\n"
      "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom SOA\n";
  const auto read = read_zone_text(text, "db", name("example."));
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  CHECK_FALSE(read->tree->has_nsec3());
  CHECK(read->tree->hashed_owners().size() == 1);
}

// A zone with these lines at the apex, and the apex's NSEC3 of a chain without salt behind the one of RFC 5155.
ZoneRead two_chains(const std::string& parameters) {
  const std::string text =
      "$ORIGIN example.\n@ 3600 SOA ns1 bugs 1 3600 300 3600000 3600\n" + parameters +
      "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 0 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom SOA\n"
      "3msev9usmd4br9s97v51r2tdvmr9iqo1 NSEC3 1 0 0 - 3msev9usmd4br9s97v51r2tdvmr9iqo1 SOA\n";
  auto read = read_zone_text(text, "db", name("example."));
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  return std::move(*read);
}

TEST_CASE("nsec3: of several chains the first one is answered from that is there and not being made (section 4.1.2)") {
  const std::string first = "@ NSEC3PARAM 1 0 12 aabbccdd\n", second = "@ NSEC3PARAM 1 0 0 -\n";
  const std::string no_chain = "@ NSEC3PARAM 1 0 7 -\n", marked = "@ NSEC3PARAM 1 1 12 aabbccdd\n";
  const struct {
    std::string parameters;
    int iterations;  // of the chain; -1: none
  } cases[] = {
      {first + second, 12}, {second + first, 0},     {no_chain + second, 0},
      {marked + second, 0}, {marked + no_chain, -1}, {marked, -1},
  };
  for (const auto& each : cases) {
    CAPTURE(each.parameters);
    const ZoneRead read = two_chains(each.parameters);
    CHECK((read.tree->has_nsec3() ? read.tree->hashing().iterations : -1) == each.iterations);
  }
}

TEST_CASE("nsec3: 150 iterations are taken, one more is not") {
  const std::array<uint8_t, 5> most = {1, 0, 0, 150, 0}, more = {1, 0, 0, 151, 0};
  REQUIRE(Nsec3Hashing::parse(most).has_value());
  CHECK(Nsec3Hashing::parse(most)->iterations == 150);
  REQUIRE(Nsec3Hashing::parse(more).has_error());
  CHECK(Nsec3Hashing::parse(more).error().message == "NSEC3 with 151 iterations, expecting 150 at most (RFC 9276)");
}

TEST_CASE("nsec3: an owner that is no hash right under the apex is refused") {
  for (const char* owner : {"@", "x", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.x"}) {
    CAPTURE(owner);
    const auto read = read_zone_text("$ORIGIN example.\n@ 3600 SOA ns1 bugs 1 3600 300 3600000 3600\n" +
                                         std::string(owner) + " NSEC3 1 0 12 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
                                     "db", name("example."));
    REQUIRE(read.has_error());
    CHECK(read.error().message.find("expecting the hash of a name right under example.") != std::string::npos);
  }
}

}  // namespace portolan::zones
