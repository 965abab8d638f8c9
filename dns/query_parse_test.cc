// Tests of received queries: what CoreDNS answers to malformed packets, packet by packet.
#include <doctest/doctest.h>

#include "dns/testing.h"

namespace portolan::dns {
namespace {

struct Case {
  const char* about;
  const char* packet;
  QueryStatus status;
};

// What CoreDNS 1.14.7 made of each packet.
constexpr Case kRecorded[] = {
    {"shorter than a header", "c6ba010000010000000000", QueryStatus::silent},
    {"a response", "36db800000010000000000000377777705616c64657204746573740000010001", QueryStatus::silent},
    {"a plain query", "c6ba010000010000000000000377777705616c64657204746573740000010001", QueryStatus::ok},
    {"a bare header with a question count", "c6ba01000001000000000000", QueryStatus::servfail_empty},
    {"a bare header with all counts 1", "74af01000001000100010001", QueryStatus::servfail_empty},
    {"a bare header without a question", "b5f501000000000000000000", QueryStatus::formerr_header},
    {"only a label's length", "c6ba0100000100000000000003", QueryStatus::formerr_header},
    {"half a type", "c6ba010000010000000000000377777705616c64657204746573740000", QueryStatus::formerr_header},
    {"half a class", "c6ba010000010000000000000377777705616c646572047465737400000100", QueryStatus::formerr_header},
    {"no type", "380c010000010000000000000377777705616c646572047465737400", QueryStatus::refused_cut},
    {"no class", "380c010000010000000000000377777705616c6465720474657374000001", QueryStatus::refused_cut},
    {"two questions", "3e24010000020000000000000377777705616c64657204746573740000010001", QueryStatus::formerr_header},
    {"one answer counted, none there", "3766010000010001000000000377777705616c64657204746573740000010001",
     QueryStatus::ok},
    {"two answers counted", "818d010000010002000000000377777705616c64657204746573740000010001",
     QueryStatus::formerr_header},
    {"one authority record counted, none there", "6e94010000010000000100000377777705616c64657204746573740000010001",
     QueryStatus::ok},
    {"two authority records counted", "ebde010000010000000200000377777705616c64657204746573740000010001",
     QueryStatus::formerr_header},
    {"two additional records counted, none there", "d549010000010000000000020377777705616c64657204746573740000010001",
     QueryStatus::ok},
    {"a hundred additional records counted", "392b010000010000000000640377777705616c64657204746573740000010001",
     QueryStatus::formerr_header},
    {"octets behind the question",
     "c6ba010000010000000000000377777705616c646572047465737400000100010377777705616c646572047465737400",
     QueryStatus::ok},
    {"a pointer to itself", "380c01000001000000000000c00c00010001", QueryStatus::formerr_header},
    {"two pointers in a circle", "380c01000001000000000000c00ec00c00010001", QueryStatus::formerr_header},
    {"a label and a pointer back to it", "380c010000010000000000000161c00c00010001", QueryStatus::formerr_header},
    {"a pointer beyond the end", "380c01000001000000000000c0ff00010001", QueryStatus::formerr_header},
    {"half a pointer", "380c01000001000000000000c0", QueryStatus::formerr_header},
    {"a forward pointer", "380c01000001000000000000c012000100010377777705616c646572047465737400", QueryStatus::ok},
    {"reserved label type 01", "380c01000001000000000000406162630000010001", QueryStatus::formerr_header},
    {"reserved label type 10", "380c01000001000000000000806162630000010001", QueryStatus::formerr_header},
    {"a label beyond the end", "380c010000010000000000003f78787878787878787878", QueryStatus::formerr_header},
    {"a name without an end", "380c010000010000000000000361626303616263036162630361626303616263",
     QueryStatus::formerr_header},
    {"the root", "380c010000010000000000000000010001", QueryStatus::ok},
    {"opcode IQUERY", "69c4090000010000000000000377777705616c64657204746573740000010001", QueryStatus::notimp},
    {"opcode UPDATE", "3bdc290000010000000000000377777705616c64657204746573740000010001", QueryStatus::notimp},
    {"NOTIFY without a question", "02fd20000000000000000000", QueryStatus::formerr_header},
    {"an OPT", "8dde010000010000000000010377777705616c6465720474657374000001000100002904d0000000000000",
     QueryStatus::ok},
    {"an OPT with an owner",
     "fe0c010000010000000000010377777705616c64657204746573740000010001017805616c6465720474657374000029"
     "04d0000000000000",
     QueryStatus::ok},
    {"an OPT whose owner is a pointer",
     "083c010000010000000000010377777705616c64657204746573740000010001c00c002904d0000000000000", QueryStatus::ok},
    {"two OPTs",
     "2a93010000010000000000020377777705616c6465720474657374000001000100002904d00000000000000000291000"
     "000000000000",
     QueryStatus::ok},
    {"an OPT in the answer section",
     "555c010000010001000000000377777705616c6465720474657374000001000100002904d0000000000000", QueryStatus::ok},
    {"an OPT without the length's end",
     "9550010000010000000000010377777705616c6465720474657374000001000100002904d00000000000",
     QueryStatus::formerr_question},
    {"an OPT without TTL", "0f92010000010000000000010377777705616c6465720474657374000001000100002904d000",
     QueryStatus::formerr_question},
    {"an OPT that is not counted",
     "b2c1010000010000000000000377777705616c6465720474657374000001000100002904d0000000000000", QueryStatus::ok},
    {"EDNS version 1", "b0c3010000010000000000010377777705616c6465720474657374000001000100002904d0000100000000",
     QueryStatus::ok},
    {"half an option header",
     "16cb010000010000000000010377777705616c6465720474657374000001000100002904d0000000000003000a00",
     QueryStatus::formerr_question},
    {"an option beyond the end",
     "29ef010000010000000000010377777705616c6465720474657374000001000100002904d0000000000007000a001061"
     "6263",
     QueryStatus::formerr_question},
    {"a cookie of 4 octets",
     "e8a0010000010000000000010377777705616c6465720474657374000001000100002904d0000000000008000a000461"
     "626364",
     QueryStatus::ok},
    {"a client subnet of family 0",
     "020e010000010000000000010377777705616c6465720474657374000001000100002904d00000000000080008000400"
     "000000",
     QueryStatus::ok},
    {"a client subnet of family 9",
     "f36e010000010000000000010377777705616c6465720474657374000001000100002904d00000000000080008000400"
     "090000",
     QueryStatus::formerr_question},
    {"a client subnet of 3 octets",
     "6ae2010000010000000000010377777705616c6465720474657374000001000100002904d00000000000070008000300"
     "0118",
     QueryStatus::formerr_question},
    {"a client subnet of 200 bits",
     "560d010000010000000000010377777705616c6465720474657374000001000100002904d000000000000c0008000800"
     "01c80001020304",
     QueryStatus::formerr_question},
    {"a client subnet without its octets",
     "8115010000010000000000010377777705616c6465720474657374000001000100002904d00000000000090008000500"
     "01180001",
     QueryStatus::ok},
    {"a keepalive of 3 octets",
     "372e010000010000000000010377777705616c6465720474657374000001000100002904d0000000000007000b000361"
     "6263",
     QueryStatus::formerr_question},
    {"an EXPIRE of 2 octets",
     "4898010000010000000000010377777705616c6465720474657374000001000100002904d00000000000060009000261"
     "62",
     QueryStatus::formerr_question},
    {"an EDE of 1 octet",
     "0a81010000010000000000010377777705616c6465720474657374000001000100002904d0000000000005000f000100",
     QueryStatus::formerr_question},
    {"a short LLQ",
     "4e02010000010000000000010377777705616c6465720474657374000001000100002904d00000000000060001000261"
     "62",
     QueryStatus::formerr_question},
    {"a short lease",
     "7a1c010000010000000000010377777705616c6465720474657374000001000100002904d00000000000050002000161",
     QueryStatus::formerr_question},
    {"an A record of 3 octets",
     "02e5010000010000000000010377777705616c64657204746573740000010001c00c000100010000003c0003010203",
     QueryStatus::formerr_question},
    {"an A record of 5 octets",
     "9829010000010000000000010377777705616c64657204746573740000010001c00c000100010000003c000501020304"
     "05",
     QueryStatus::formerr_question},
    {"an A record of 0 octets",
     "f5ba010000010000000000010377777705616c64657204746573740000010001c00c000100010000003c0000", QueryStatus::ok},
    {"rdata beyond the end",
     "1947010000010000000000010377777705616c64657204746573740000010001c00c000100010000003c019001020304",
     QueryStatus::formerr_question},
    {"a string beyond its rdata",
     "6730010000010000000000010377777705616c64657204746573740000010001c00c001000010000003c0004ff616263",
     QueryStatus::formerr_question},
    {"a CNAME that points to itself",
     "d48a010000010001000000000377777705616c64657204746573740000010001c00c000500010000003c0002c02c",
     QueryStatus::formerr_question},
    {"an MX of one octet", "6b45010000010001000000000377777705616c64657204746573740000010001c00c000f00010000003c000100",
     QueryStatus::formerr_question},
    {"an SOA of root names and zeros",
     "b24c010000010000000100000377777705616c64657204746573740000010001c00c000600010000003c000400000000",
     QueryStatus::formerr_question},
    {"an unknown type",
     "fdc6010000010000000000010377777705616c64657204746573740000010001c00cff0000010000003c000378797a", QueryStatus::ok},
    {"an owner that points beyond the packet's names",
     "f3f8010000010000000000010377777705616c64657204746573740000010001c020000100010000003c000401020304",
     QueryStatus::formerr_question},
    {"an empty type window",
     "d768010000010000000000010377777705616c64657204746573740000010001c00c002f00010000003c0003000000",
     QueryStatus::formerr_question},
    {"an SRV that ends between fields",
     "2353010000010000000000010377777705616c64657204746573740000010001c00c002100010000003c00020001", QueryStatus::ok},
    {"an RRSIG that ends between fields",
     "6f2e010000010000000000010377777705616c64657204746573740000010001c00c002e00010000003c0003000102", QueryStatus::ok},
    {"two authority records",
     "8a5a010000010000000200000377777705616c64657204746573740000010001c00c000100010000003c000401020304"
     "c00c000100010000003c000401020305",
     QueryStatus::formerr_header},
    {"three additional records",
     "f4e1010000010000000000030377777705616c64657204746573740000010001c00c000100010000003c000401020304"
     "c00c000100010000003c000401020304c00c000100010000003c000401020304",
     QueryStatus::formerr_header},
    {"a TSIG cut off",
     "7105010000010000000000010377777705616c64657204746573740000010001016b05616c64657204746573740000fa"
     "00ff00000000003d0b686d61632d7368613235360000006553f100012c00200000000000000000000000000000000000"
     "000000000000000000000000",
     QueryStatus::formerr_question},
    {"a MAC beyond the end",
     "3c51010000010000000000010377777705616c64657204746573740000010001016b05616c64657204746573740000fa"
     "00ff00000000001a0b686d61632d7368613235360000006553f100012c01f4616263",
     QueryStatus::formerr_question},
    {"an empty MAC",
     "77ed010000010000000000010377777705616c64657204746573740000010001016b05616c64657204746573740000fa"
     "00ff00000000001d0b686d61632d7368613235360000006553f100012c0000000000000000",
     QueryStatus::ok},
    {"a SIG(0)",
     "e8d6010000010000000000010377777705616c6465720474657374000001000100001800ff0000000000140000000000"
     "000000000000000000000000000000",
     QueryStatus::ok},
    {"a longer label: the rest is no record",
     "f22a010000010000000000010377777705616c6465720574657374000001000100002904d000000000000400030000",
     QueryStatus::formerr_question},
};

TEST_CASE("query: malformed packets have the fate that CoreDNS gives them") {
  for (const Case& test : kRecorded) {
    CAPTURE(test.about);
    Arena arena;
    ParsedQuery query;
    CHECK(parse_query(from_hex(test.packet), arena, query) == test.status);
  }
}

constexpr const char* kQuestion = "c6ba 0100 0001 0000 0000 0000 03577777 05616c646572 04746573 7400 0001 0001";

TEST_CASE("query: header and question are read, the name also in lower case") {
  Arena arena;
  ParsedQuery query;
  auto packet = from_hex(kQuestion);
  REQUIRE(parse_query(packet, arena, query) == QueryStatus::ok);
  packet.assign(packet.size(), 0xee);  // what was read does not lie in the packet
  CHECK(query.header.id == 0xc6ba);
  CHECK(query.header.rd);
  CHECK_FALSE(query.header.cd);
  CHECK(query.question.name.text() == "Www.alder.test.");
  CHECK(query.question.lower.text() == "www.alder.test.");
  CHECK(query.question.type == RRType::a);
  CHECK(query.question.cls == RRClass::in);
  CHECK(query.question_end == 32);
  CHECK_FALSE(query.edns);
  CHECK_FALSE(query.has_tsig);
}

TEST_CASE("query: every header bit has its place (RFC 1035 section 4.1.1, RFC 4035 section 3.2)") {
  struct {
    const char* flags;
    bool Header::* bit;
  } const cases[] = {{"0400", &Header::aa}, {"0200", &Header::tc}, {"0100", &Header::rd}, {"0080", &Header::ra},
                     {"0040", &Header::z},  {"0020", &Header::ad}, {"0010", &Header::cd}};
  for (const auto& test : cases) {
    CAPTURE(test.flags);
    Arena arena;
    ParsedQuery query;
    const auto packet = from_hex(std::string("0001 ") + test.flags + " 0001 0000 0000 0000 00 0001 0001");
    REQUIRE(parse_query(packet, arena, query) == QueryStatus::ok);
    for (const auto& other : cases) CHECK(query.header.*other.bit == (other.bit == test.bit));
  }
}

TEST_CASE("query: a compressed question name is put together") {
  Arena arena;
  ParsedQuery query;
  const auto packet = from_hex("380c 0100 0001 0000 0000 0000 01 41 c014 0001 0001 0142 00");
  REQUIRE(parse_query(packet, arena, query) == QueryStatus::ok);
  CHECK(query.question.name.text() == "A.B.");
  CHECK(query.question.lower.text() == "a.b.");
  CHECK(query.question_end == 20);
}

TEST_CASE("query: names of 255 octets are read, of 256 not") {
  for (const size_t last : {61, 62}) {
    std::vector<uint8_t> packet = from_hex("380c 0100 0001 0000 0000 0000");
    for (const size_t length : {size_t{63}, size_t{63}, size_t{63}, last}) {
      packet.push_back(static_cast<uint8_t>(length));
      packet.insert(packet.end(), length, 'Q');
    }
    for (const uint8_t octet : {0, 0, 1, 0, 1}) packet.push_back(octet);
    Arena arena;
    ParsedQuery query;
    const QueryStatus status = parse_query(packet, arena, query);
    CHECK(status == (last == 61 ? QueryStatus::ok : QueryStatus::formerr_header));
    if (last == 61) CHECK(query.question.lower.first_label() == std::string(63, 'q'));
  }
}

/// A query for the name "a." where a chain of `pointers` pointers leads to the name.
std::vector<uint8_t> pointer_chain(unsigned pointers) {
  std::vector<uint8_t> packet = from_hex("380c 0100 0001 0000 0000 0000");
  for (unsigned i = 0; i < pointers; ++i) {
    const unsigned next = i == 0 ? 18 : 18 + 2 * i;  // type and class stand behind the first pointer
    packet.push_back(static_cast<uint8_t>(0xc0 | next >> 8));
    packet.push_back(static_cast<uint8_t>(next));
    if (i == 0) packet.insert(packet.end(), {0, 1, 0, 1});
  }
  packet.insert(packet.end(), {1, 'a', 0});
  return packet;
}

TEST_CASE("query: at most 126 pointers are followed") {
  Arena arena;
  ParsedQuery query;
  REQUIRE(parse_query(pointer_chain(126), arena, query) == QueryStatus::ok);
  CHECK(query.question.name.text() == "a.");
  CHECK(parse_query(pointer_chain(127), arena, query) == QueryStatus::formerr_header);
}

TEST_CASE("query: EDNS is taken apart (RFC 6891 section 6.1)") {
  Arena arena;
  ParsedQuery query;
  const auto packet = from_hex(
      "c6ba 0100 0001 0000 0000 0001 00 0001 0001"
      "00 0029 04d0 ab 02 c001 000c 0003 0000 000a 0004 61626364");
  REQUIRE(parse_query(packet, arena, query) == QueryStatus::ok);
  REQUIRE(query.edns);
  CHECK(query.edns->udp_size == 1232);
  CHECK(query.edns->extended_rcode == 0xab);
  CHECK(query.edns->version == 2);
  CHECK(query.edns->dnssec_ok);
  CHECK(query.edns->z_flags == 0x4001);
  REQUIRE(query.edns->options.size() == 2);
  CHECK(query.edns->options[0].code == 3);
  CHECK(query.edns->options[0].data.empty());
  CHECK(query.edns->options[1].code == 10);
  CHECK(to_hex(query.edns->options[1].data) == "61626364");
}

TEST_CASE("query: of two OPTs the last one counts, and one outside the additional section does not") {
  Arena arena;
  ParsedQuery query;
  REQUIRE(parse_query(from_hex("c6ba 0100 0001 0000 0000 0002 00 0001 0001"
                               "00 0029 04d0 00000000 0000  00 0029 1000 00010000 0000"),
                      arena, query) == QueryStatus::ok);
  CHECK(query.edns->udp_size == 4096);
  CHECK(query.edns->version == 1);
  REQUIRE(parse_query(from_hex("c6ba 0100 0001 0001 0000 0000 00 0001 0001 00 0029 04d0 00000000 0000"), arena,
                      query) == QueryStatus::ok);
  CHECK_FALSE(query.edns);
}

TEST_CASE("query: a TSIG counts as the last record only (RFC 8945 section 5.1)") {
  const std::string tsig =
      "016b00 00fa 00ff 00000000 001d 0b686d61632d736861323536 00 00006553f100 012c 0000 2418 0000 0000";
  const std::string opt = "00 0029 04d0 00000000 0000";
  const std::string question = "2418 0100 0001 0000 0000 0002 00 0001 0001";
  Arena arena;
  ParsedQuery query;
  REQUIRE(parse_query(from_hex(question + opt + tsig), arena, query) == QueryStatus::ok);
  CHECK(query.has_tsig);
  CHECK(query.tsig_offset == 17 + 11);
  CHECK(query.edns);
  REQUIRE(parse_query(from_hex(question + tsig + opt), arena, query) == QueryStatus::ok);
  CHECK_FALSE(query.has_tsig);
  CHECK(query.tsig_offset == 0);
}

}  // namespace
}  // namespace portolan::dns
