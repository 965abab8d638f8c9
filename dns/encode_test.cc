// Tests of written messages: octets, compression, truncation as miekg/dns 1.1.72 does it.
#include <doctest/doctest.h>

#include "dns/testing.h"

namespace portolan::dns {
namespace {

/// A message whose records the test owns.
struct Draft {
  Name question_name;
  Question question;
  std::vector<OwnedRecord> owned;
  std::vector<Record> sections[3];
  EdnsOption nsid;
  Edns edns;
  MessageParts parts;
  std::vector<uint8_t> wire;
  bool truncated = false;

  explicit Draft(std::string_view qname, RRType type = RRType::a) : question_name(name(qname)) {
    question.name = question_name;
    question.type = type;
    parts.header.id = 1;
    parts.header.qr = true;
    owned.reserve(1000);
  }
  void add(int section, std::string_view text) {
    owned.push_back(record(text));
    sections[section].push_back(owned.back().view());
  }
  void add_edns() {
    static constexpr uint8_t kNsid[] = {'a', 'b', 'c', 'd'};
    nsid = {3, kNsid};
    edns.udp_size = 1232;
    edns.options = {&nsid, 1};
    parts.edns = &edns;
  }
  size_t encode(size_t limit, size_t room = 65535) {
    parts.question = &question;
    parts.answer = sections[0];
    parts.authority = sections[1];
    parts.additional = sections[2];
    wire.assign(room, 0);
    wire.resize(dns::encode(parts, wire, limit, &truncated));
    return wire.size();
  }
};

TEST_CASE("encode: a plain answer octet by octet") {
  Draft draft("Www.example.org.");
  draft.parts.header.aa = draft.parts.header.rd = true;
  draft.add(0, "Www.example.org. 60 IN A 192.0.2.1");
  draft.encode(512);
  CHECK(to_hex(draft.wire) == to_hex(from_hex("0001 8500 0001 0001 0000 0000"
                                              "03577777 076578616d706c65 036f7267 00 0001 0001"
                                              "c00c 0001 0001 0000003c 0004 c0000201")));
  CHECK_FALSE(draft.truncated);
}

TEST_CASE("encode: every header bit has its place") {
  struct {
    bool Header::* bit;
    const char* flags;
  } const cases[] = {{&Header::qr, "8000"}, {&Header::aa, "0400"}, {&Header::tc, "0200"}, {&Header::rd, "0100"},
                     {&Header::ra, "0080"}, {&Header::z, "0040"},  {&Header::ad, "0020"}, {&Header::cd, "0010"}};
  for (const auto& test : cases) {
    MessageParts parts;
    parts.header.*test.bit = true;
    std::vector<uint8_t> out(12);
    REQUIRE(encode(parts, out, 512) == 12);
    CHECK(to_hex(out) == std::string("0000") + test.flags + "0000000000000000");
  }
  MessageParts parts;
  parts.header.opcode = Opcode::update;
  parts.header.rcode = 5;
  std::vector<uint8_t> out(12);
  REQUIRE(encode(parts, out, 512) == 12);
  CHECK(to_hex(out) == "000028050000000000000000");
}

TEST_CASE("encode: names in owners and in rdata of RFC 1035's types point back, others do not (RFC 3597 section 4)") {
  // Over 512 octets every name may be pointed to: a record of 500 octets in front keeps the message from being small.
  Draft draft("a.example.");
  draft.add(0, "a.example. 5 IN TYPE65280 \\# 500 " + std::string(1000, '0'));
  draft.add(0, "a.example. 5 IN CNAME b.example.");
  draft.add(0, "b.example. 5 IN SRV 1 2 3 c.example.");
  draft.add(0, "c.example. 5 IN MX 1 c.example.");
  draft.encode(4096);
  // The CNAME's rdata lies at 12 + 15 + 512 + 12 = 551 (0x227), the SRV's target at 554 + 2 + 12 + 6 - 1 = 573 (0x23d).
  CHECK(to_hex(draft.wire).substr(2 * (12 + 15 + 512)) ==
        to_hex(from_hex("c00c 0005 0001 00000005 0004 0162 c00e"
                        "c227 0021 0001 00000005 0011 0001 0002 0003 0163 076578616d706c65 00"
                        "c23d 000f 0001 00000005 0004 0001 c23d")));
}

TEST_CASE("encode: the names of a small message point into the question only") {
  Draft draft("a.example.");
  draft.add(0, "a.example. 5 IN CNAME b.example.");
  draft.add(0, "b.example. 5 IN SRV 1 2 3 c.example.");
  draft.add(0, "c.example. 5 IN MX 1 c.example.");
  draft.add(0, ". 5 IN NS .");
  draft.encode(512);
  CHECK(to_hex(draft.wire) ==
        to_hex(from_hex("0001 8000 0001 0004 0000 0000 0161 076578616d706c65 00 0001 0001"
                        "c00c 0005 0001 00000005 0004 0162 c00e"
                        "0162 c00e 0021 0001 00000005 0011 0001 0002 0003 0163 076578616d706c65 00"
                        "0163 c00e 000f 0001 00000005 0006 0001 0163 c00e"
                        "00 0002 0001 00000005 0001 00")));
}

TEST_CASE("encode: names in rdata below an owner that is an end of the question are written as below any other owner") {
  const std::pair<const char*, const char*> cases[] = {
      // The question, and an SOA's names with its zone "z.example." as the owner.
      {"z.example.", "ns.dns.z.example. hostmaster.z.example."},
      {"a.z.example.", "ns.dns.z.example. hostmaster.z.example."},
      {"a.z.example.", "z.example. z.example."},
      {"a.z.example.", "ns.a.z.example. a.z.example."},   // more of it is in the question
      {"a.z.example.", "ns.ba.z.example. c.z.example."},  // a label that ends in the same octet
      {"ns.dns.z.example.", "ns.dns.z.example. hostmaster.z.example."},
      {"a.z.example.", "ns.dns.Z.example. hostmaster.y.example."},
      {"a.z.example.", "z.example.org. ."},
      {"A.Z.example.", "ns.z.example. hostmaster.Z.example."},
  };
  for (const auto& [question, names] : cases) {
    CAPTURE(std::string(question));
    CAPTURE(std::string(names));
    Draft draft(question);
    draft.add(1, std::string("z.example. 5 IN SOA ") + names + " 1 2 3 4 5");
    NameView& owner = draft.sections[1][0].owner;
    const Name zone(draft.question_name.view().suffix(2));
    owner = zone;
    draft.encode(512);
    const std::vector<uint8_t> below_another = draft.wire;
    owner = draft.question_name.view().suffix(2);
    draft.encode(512);
    CHECK(to_hex(draft.wire) == to_hex(below_another));
  }
}

TEST_CASE("encode: only names of the same case are pointed to, so that every name keeps its case") {
  Draft draft("A.example.");
  draft.add(0, "a.example. 5 IN CNAME B.Example.");
  draft.add(0, "B.Example. 5 IN CNAME b.example.");
  draft.encode(512);
  Arena arena;
  ParsedMessage message;
  REQUIRE(parse_message(draft.wire, arena, message));
  CHECK(record_text(message.answer[0]) == "a.example.\t5\tIN\tCNAME\tB.Example.");
  CHECK(record_text(message.answer[1]) == "B.Example.\t5\tIN\tCNAME\tb.example.");
}

// The three messages that the numbers below were made from with miekg/dns 1.1.72.
Draft sample(std::string_view kind) {
  Draft draft("_dns._udp.svc.Example.org.", RRType::srv);
  const auto number = [](int i) { return std::to_string(i); };
  if (kind == "srv") {
    for (int i = 0; i < 12; ++i) {
      const std::string host = "host-" + number(i) + ".pods.Example.org.";
      draft.add(0, "_dns._udp.svc.Example.org. 5 IN SRV 0 100 53 " + host);
      draft.add(2, host + " 5 IN A 10.0.0." + number(i));
    }
  } else if (kind == "case") {
    for (int i = 0; i < 20; ++i) {
      const std::string zone = i % 2 == 0 ? "EXAMPLE.org." : "example.org.";
      draft.add(0, "h" + number(i) + "." + zone + " 5 IN MX 10 mail" + number(i) + "." + zone);
    }
    draft.add(1, "example.org. 5 IN SOA ns1.example.org. admin.Example.org. 1 2 3 4 5");
  } else {
    for (int i = 0; i < 4; ++i) {
      draft.add(0, "a" + number(i) + ".example.org. 5 IN CNAME a" + number(i + 1) + ".example.org.");
    }
    for (int i = 0; i < 4; ++i) {
      draft.add(0, "a4.example.org. 5 IN NAPTR 1 2 \"U\" \"S\" \"!x!\" rep" + number(i) + ".other.net.");
      draft.add(1, "other.net. 5 IN NS rep" + number(i) + ".other.net.");
    }
    draft.add(1, "other.net. 5 IN RP rep1.other.net. txt.rep1.other.net.");
    for (int i = 0; i < 8; ++i) draft.add(2, "rep" + number(i) + ".other.net. 5 IN AAAA 2001:db8::" + number(i));
  }
  return draft;
}

struct Cut {
  const char* kind;
  bool edns;
  size_t limit;
  unsigned answers, authority, additional;  // without the OPT
  bool truncated;
  size_t compressed_size;
};

constexpr Cut kCuts[] = {
    {"srv", false, 100, 10, 0, 0, true, 473},    {"srv", false, 512, 10, 0, 0, true, 473},
    {"srv", false, 520, 11, 0, 0, true, 517},    {"srv", false, 533, 11, 0, 0, true, 517},
    {"srv", false, 600, 12, 0, 2, true, 593},    {"srv", false, 700, 12, 0, 8, true, 689},
    {"srv", false, 768, 12, 0, 12, false, 753},  {"srv", false, 1232, 12, 0, 12, false, 753},
    {"srv", false, 4096, 12, 0, 12, false, 753}, {"srv", true, 100, 10, 0, 0, true, 492},
    {"srv", true, 512, 10, 0, 0, true, 492},     {"srv", true, 520, 10, 0, 0, true, 492},
    {"srv", true, 533, 10, 0, 0, true, 492},     {"srv", true, 600, 12, 0, 1, true, 596},
    {"srv", true, 700, 12, 0, 7, true, 692},     {"srv", true, 768, 12, 0, 11, true, 756},
    {"srv", true, 1232, 12, 0, 12, false, 772},  {"srv", true, 4096, 12, 0, 12, false, 772},
    {"case", false, 100, 17, 0, 0, true, 498},   {"case", false, 512, 17, 0, 0, true, 498},
    {"case", false, 520, 17, 0, 0, true, 498},   {"case", false, 533, 18, 0, 0, true, 525},
    {"case", false, 600, 20, 0, 0, true, 579},   {"case", false, 700, 20, 1, 0, false, 625},
    {"case", false, 768, 20, 1, 0, false, 625},  {"case", false, 1232, 20, 1, 0, false, 625},
    {"case", false, 4096, 20, 1, 0, false, 625}, {"case", true, 100, 16, 0, 0, true, 490},
    {"case", true, 512, 16, 0, 0, true, 490},    {"case", true, 520, 17, 0, 0, true, 517},
    {"case", true, 533, 17, 0, 0, true, 517},    {"case", true, 600, 20, 0, 0, true, 598},
    {"case", true, 700, 20, 1, 0, false, 644},   {"case", true, 768, 20, 1, 0, false, 644},
    {"case", true, 1232, 20, 1, 0, false, 644},  {"case", true, 4096, 20, 1, 0, false, 644},
    {"mixed", false, 100, 8, 5, 4, true, 498},   {"mixed", false, 512, 8, 5, 4, true, 498},
    {"mixed", false, 520, 8, 5, 4, true, 498},   {"mixed", false, 533, 8, 5, 5, true, 531},
    {"mixed", false, 600, 8, 5, 7, true, 597},   {"mixed", false, 700, 8, 5, 8, false, 630},
    {"mixed", false, 768, 8, 5, 8, false, 630},  {"mixed", false, 1232, 8, 5, 8, false, 630},
    {"mixed", false, 4096, 8, 5, 8, false, 630}, {"mixed", true, 100, 8, 5, 3, true, 489},
    {"mixed", true, 512, 8, 5, 3, true, 489},    {"mixed", true, 520, 8, 5, 4, true, 517},
    {"mixed", true, 533, 8, 5, 4, true, 517},    {"mixed", true, 600, 8, 5, 6, true, 583},
    {"mixed", true, 700, 8, 5, 8, false, 649},   {"mixed", true, 768, 8, 5, 8, false, 649},
    {"mixed", true, 1232, 8, 5, 8, false, 649},  {"mixed", true, 4096, 8, 5, 8, false, 649},
};

TEST_CASE("encode: what survives truncation, and its size, is what miekg/dns keeps") {
  for (const Cut& cut : kCuts) {
    CAPTURE(cut.kind);
    CAPTURE(cut.edns);
    CAPTURE(cut.limit);
    Draft draft = sample(cut.kind);
    if (cut.edns) draft.add_edns();
    CHECK(draft.encode(cut.limit) == cut.compressed_size);
    CHECK(draft.truncated == cut.truncated);
    Arena arena;
    ParsedMessage message;
    REQUIRE(parse_message(draft.wire, arena, message));
    CHECK(message.header.tc == cut.truncated);
    CHECK(message.answer.size() == cut.answers);
    CHECK(message.authority.size() == cut.authority);
    CHECK(message.additional.size() == cut.additional);
    CHECK(message.edns.has_value() == cut.edns);
  }
}

TEST_CASE("encode: the uncompressed size is that of miekg/dns") {
  Draft srv = sample("srv"), mixed = sample("mixed");
  srv.encode(4096);
  mixed.encode(4096);
  CHECK(uncompressed_size(srv.parts) == 1331);
  CHECK(uncompressed_size(mixed.parts) == 968);
  mixed.add_edns();
  CHECK(uncompressed_size(mixed.parts) == 987);
}

TEST_CASE("encode: an rcode above 15 needs an OPT, which carries its upper bits (RFC 6891 section 6.1.3)") {
  Draft draft("example.");
  draft.parts.header.rcode = 23;
  CHECK(draft.encode(512) == 0);
  draft.add_edns();
  REQUIRE(draft.encode(512) > 0);
  Arena arena;
  ParsedMessage message;
  REQUIRE(parse_message(draft.wire, arena, message));
  CHECK(message.header.rcode == 7);
  CHECK(message.rcode() == 23);

  draft.parts.header.rcode = 0;
  draft.edns.extended_rcode = 1;
  draft.edns.version = 3;
  draft.edns.dnssec_ok = true;
  draft.edns.z_flags = 0x0102;
  draft.encode(512);
  REQUIRE(parse_message(draft.wire, arena, message));
  CHECK(message.rcode() == 16);
  CHECK(message.edns->version == 3);
  CHECK(message.edns->dnssec_ok);
  CHECK(message.edns->z_flags == 0x0102);
  CHECK(to_hex(message.edns->options[0].data) == "61626364");
}

TEST_CASE("encode: a buffer too small for header, question and OPT gives 0, any other is not exceeded") {
  Draft draft = sample("srv");
  draft.add_edns();
  const size_t least = 12 + 27 + 4 + 19;
  for (size_t room = 0; room < 300; ++room) {
    CAPTURE(room);
    const size_t size = draft.encode(4096, room);
    CHECK((size == 0) == (room < least));
    CHECK(size <= room);
    Arena arena;
    ParsedMessage message;
    if (size != 0) CHECK(parse_message(draft.wire, arena, message));
  }
}

TEST_CASE("encode: TSIG stands behind the OPT and is never cut (RFC 8945 section 5.1)") {
  Draft draft = sample("srv");
  draft.add_edns();
  OwnedRecord tsig;
  tsig.owner = name("key.example.org.");
  tsig.type = RRType::tsig;
  tsig.cls = RRClass::any;
  const auto rdata = from_hex("0b686d61632d736861323536 00 00006553f100 012c 0000 2418 0000 0000");
  tsig.rdata.assign(rdata.begin(), rdata.end());
  draft.sections[2].push_back(tsig.view());
  draft.encode(512);
  CHECK_FALSE(draft.truncated);
  Arena arena;
  ParsedMessage message;
  REQUIRE(parse_message(draft.wire, arena, message));
  CHECK(message.answer.size() == 12);
  CHECK(message.additional.size() == 13);
  CHECK(message.additional.back().owner.text() == "key.example.org.");
  CHECK(message.tsig_offset == draft.wire.size() - (17 + 10 + rdata.size()));
  CHECK(message.edns);
  // Even where the room ends before the records do.
  draft.encode(512, 300);
  CHECK(draft.truncated);
  REQUIRE(parse_message(draft.wire, arena, message));
  CHECK(message.tsig_offset != 0);
}

TEST_CASE("encode: thousands of names fill 64 KiB and read back; pointers reach 16383 octets") {
  Draft draft("zone.example.");
  draft.owned.reserve(6000);
  for (int i = 0; i < 5000; ++i) {
    draft.add(0, "n" + std::to_string(i) + ".zone" + std::to_string(i % 50) + ".example. 5 IN CNAME n" +
                     std::to_string(i % 1000) + ".zone.example.");
  }
  const size_t size = draft.encode(65535);
  CHECK(draft.truncated);
  CHECK(size > 65500);
  Arena arena;
  ParsedMessage message;
  REQUIRE(parse_message(draft.wire, arena, message));
  REQUIRE(message.answer.size() > 2000);
  for (size_t i = 0; i < message.answer.size(); ++i) {
    REQUIRE(message.answer[i].owner.identical(draft.sections[0][i].owner));
    REQUIRE(to_hex(message.answer[i].rdata) == to_hex(draft.sections[0][i].rdata));
  }
}

TEST_CASE("encode: rdata that is not what its type says goes out as it is") {
  Draft draft("a.example.");
  for (const char* rdata : {"05 61", "c00c", "", "0161", "ff"}) {
    OwnedRecord broken;
    broken.owner = name("a.example.");
    broken.type = RRType::ns;
    const auto octets = from_hex(rdata);
    broken.rdata.assign(octets.begin(), octets.end());
    draft.sections[0].assign(1, broken.view());
    REQUIRE(draft.encode(512) == 27 + 12 + octets.size());
    CHECK(to_hex(std::span(draft.wire).last(octets.size())) == to_hex(octets));
  }
}

}  // namespace
}  // namespace portolan::dns
