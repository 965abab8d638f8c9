// Zones that come in: AXFR (RFC 5936), IXFR with the example of RFC 1995 section 7, and what is wrong with others.
#include "zones/incoming_transfer.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "dns/rdata_text.h"
#include "zones/serial.h"
#include "zones/transfer.h"
#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

using Lines = std::vector<std::string>;
using Messages = std::vector<Lines>;

const dns::Name kOrigin = *dns::Name::parse("JAIN.AD.JP.");

std::string soa(unsigned serial) {
  return "@ 60 IN SOA ns mohta " + std::to_string(serial) + " 600 600 3600000 604800";
}

std::string text_of(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::shared_ptr<const ZoneTree> tree_of(const Lines& lines) {
  auto read = read_zone_text(text_of(lines), "db", kOrigin);
  REQUIRE_MESSAGE(!read.has_error(), (read.has_error() ? read.error().message : ""));
  return std::move(read->tree);
}

const Lines kFirst = {soa(1), "@ 60 IN NS ns", "ns 60 IN A 133.69.136.1", "nezu 60 IN A 133.69.136.5"};
const Lines kThird = {soa(3), "@ 60 IN NS ns", "ns 60 IN A 133.69.136.1", "jain-bb 60 IN A 133.69.136.3",
                      "jain-bb 60 IN A 192.41.197.2"};

// Everything in a tree, sorted.
Lines content(const std::shared_ptr<const ZoneTree>& tree) {
  Lines lines;
  const auto stream = transfer(tree, 0);
  Arena arena;
  ArenaVector<dns::Record> records(arena);
  while (stream->next(arena, records)) continue;
  for (const dns::Record& record : records) lines.push_back(dns::record_text(record));
  lines.pop_back();  // the last SOA
  std::sort(lines.begin(), lines.end());
  return lines;
}

struct Shape {
  dns::RRType type = dns::RRType::axfr;
  uint8_t rcode = 0;
  bool qr = true, tc = false;
  unsigned missing = 0;  // records that the header counts and that are not there
  std::string question = "JAIN.AD.JP.";
};

// Zone text has no malformed records, so their octets are read as those of a type without a form.
dns::OwnedRecord record_of(const std::string& line) {
  const size_t type = line.find("TYPE"), octets = line.find(" \\#");
  const bool plain = type == std::string::npos || octets == std::string::npos;
  const std::string text = plain ? line : line.substr(0, type) + "TYPE65280" + line.substr(octets);
  auto record = dns::parse_record(text, kOrigin, 60);
  REQUIRE_MESSAGE(record.has_value(), line);
  if (!plain) record->type = *dns::parse_type(line.substr(type, octets - type));
  return *std::move(record);
}

std::vector<uint8_t> message(const Lines& lines, const Shape& shape) {
  std::vector<dns::OwnedRecord> owned;
  for (const std::string& line : lines) owned.push_back(record_of(line));
  std::vector<dns::Record> records;
  for (const dns::OwnedRecord& each : owned) records.push_back(each.view());
  const dns::Name name = *dns::Name::parse(shape.question);
  const dns::Question question{name, name, shape.type, dns::RRClass::in};
  dns::MessageParts parts;
  parts.header.qr = shape.qr;
  parts.header.tc = shape.tc;
  parts.header.rcode = shape.rcode;
  parts.question = &question;
  parts.answer = records;
  std::vector<uint8_t> octets(dns::kMaxMessage);
  octets.resize(dns::encode(parts, octets, octets.size()));
  octets[7] = static_cast<uint8_t>(octets[7] + shape.missing);
  return octets;
}

// The zone that the messages bring, or "up to date", or the error.
Lines received(const Messages& messages, const std::shared_ptr<const ZoneTree>& current, Shape shape = {},
               TransferLimits limits = {}) {
  if (current) shape.type = dns::RRType::ixfr;
  IncomingTransfer transfer(kOrigin, current, limits);
  bool done = false;
  for (const Lines& lines : messages) {
    if (done) return {"more behind the end"};
    const auto last = transfer.read(message(lines, shape));
    if (last.has_error()) return {last.error().message};
    done = *last;
  }
  if (!done) return {"not at its end"};
  auto finished = transfer.finish();
  if (finished.has_error()) return {finished.error().message};
  if (!finished->tree) return {"up to date"};
  return content(std::move(finished->tree));
}

Lines with(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

TEST_CASE("serial numbers go round in a circle (RFC 1982 section 3.2)") {
  const struct {
    uint32_t serial, other;
    bool before;
  } cases[] = {
      {1, 2, true},
      {2, 1, false},
      {1, 1, false},
      {0xffff'ffff, 0, true},
      {0, 0xffff'ffff, false},
      {0, 0x7fff'ffff, true},
      {0, 0x8000'0000, false},
      {0x8000'0000, 0, false},
      {0xffff'fff0, 0x7000'0000, true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.serial);
    CAPTURE(c.other);
    CHECK(serial_before(c.serial, c.other) == c.before);
  }
}

TEST_CASE("AXFR: a zone comes in one message or many, and stands between two SOA records") {
  const Lines expected = content(tree_of(kThird));
  CHECK(received({with(kThird, {soa(3)})}, nullptr) == expected);
  Messages one_each;
  for (const std::string& line : kThird) one_each.push_back({line});
  one_each.push_back({soa(3)});
  CHECK(received(one_each, nullptr) == expected);
  CHECK(received({{soa(4), soa(4)}}, nullptr) == content(tree_of({soa(4)})));  // nothing but its SOA record
  CHECK(received({with(with(kThird, {"www.example. 60 IN A 192.0.2.1"}), {soa(3)})}, nullptr) == expected);
}

TEST_CASE("IXFR: the example of RFC 1995 section 7, step by step and condensed") {
  const Lines expected = content(tree_of(kThird));
  const Lines steps = {soa(3),
                       soa(1),
                       "nezu 60 IN A 133.69.136.5",
                       soa(2),
                       "jain-bb 60 IN A 133.69.136.4",
                       "jain-bb 60 IN A 192.41.197.2",
                       soa(2),
                       "jain-bb 60 IN A 133.69.136.4",
                       soa(3),
                       "jain-bb 60 IN A 133.69.136.3",
                       soa(3)};
  const Lines condensed = {soa(3),
                           soa(1),
                           "nezu 60 IN A 133.69.136.5",
                           soa(3),
                           "jain-bb 60 IN A 133.69.136.3",
                           "jain-bb 60 IN A 192.41.197.2",
                           soa(3)};
  for (const Lines& answer : {steps, condensed}) {
    CHECK(received({answer}, tree_of(kFirst)) == expected);
    Messages one_each;
    for (const std::string& line : answer) one_each.push_back({line});
    CHECK(received(one_each, tree_of(kFirst)) == expected);
  }
  IncomingTransfer transfer(kOrigin, tree_of(kFirst));
  REQUIRE(*transfer.read(message(steps, {.type = dns::RRType::ixfr})));
  const auto finished = transfer.finish();
  CHECK(finished->incremental);
  CHECK(finished->serial == 3);
  CHECK(finished->records == 11);
}

TEST_CASE("IXFR: the answer may be the whole zone, or that there is nothing newer (RFC 1995 section 4)") {
  CHECK(received({with(kThird, {soa(3)})}, tree_of(kFirst)) == content(tree_of(kThird)));
  CHECK(received({{soa(3)}, with({kThird.begin() + 1, kThird.end()}, {soa(3)})}, tree_of(kFirst)) ==
        content(tree_of(kThird)));
  CHECK(received({{soa(1)}}, tree_of(kFirst)) == Lines{"up to date"});
  CHECK(received({{soa(0)}}, tree_of(kFirst)) == Lines{"up to date"});
  CHECK(received({with(kFirst, {soa(1)})}, tree_of(kFirst)) == Lines{"up to date"});  // the zone all the same
}

TEST_CASE("IXFR: apex records, signatures, TTLs and names in other letters") {
  const std::string signature = " RRSIG NS 8 3 60 20300101000000 20200101000000 1 jain.ad.jp. AAAA";
  const std::string soa_signature = " RRSIG SOA 8 3 60 20300101000000 20200101000000 1 jain.ad.jp. AAAA";
  const Lines before = {soa(1),
                        "@ 60 IN NS ns",
                        "@ 60 IN NS old",
                        "@ 60 IN" + signature,
                        "@ 60 IN" + soa_signature,
                        "@ 60 IN MX 10 mx",
                        "p 60 IN PTR Host.Example.",
                        "_s._tcp 60 IN SRV 0 0 1 Host",
                        "t 60 IN TXT X"};
  const Lines change = {soa(2),
                        soa(1),
                        "@ 60 IN NS OLD",
                        "@ 60 IN" + signature,
                        "@ 60 IN" + soa_signature,
                        "@ 60 IN MX 10 MX",
                        "P 60 IN PTR host.EXAMPLE.",
                        "_S._tcp 60 IN SRV 0 0 1 HOST",
                        "t 60 IN TXT X",
                        soa(2),
                        "@ 60 IN NS new",
                        "t 30 IN TXT X",
                        soa(2)};
  CHECK(received({change}, tree_of(before)) ==
        content(tree_of({soa(2), "@ 60 IN NS ns", "@ 60 IN NS new", "t 30 IN TXT X"})));
  CHECK(received({{soa(2), soa(1), soa(2), "t 90 IN TXT X", soa(2)}}, tree_of({soa(1), "t 60 IN TXT X"})) ==
        content(tree_of({soa(2), "t 90 IN TXT X"})));
}

TEST_CASE("IXFR: hashed owners change too, whole and signed") {
  const std::string one = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 0 0 - ";
  const std::string signature =
      "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN RRSIG NSEC3 13 4 60 20440101000000 20240101000000 1 @ AAAA";
  const std::string other = "2t7b4g4vsa5smi47k61mv5bv1a22bojr 60 IN NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A";
  const Lines before =
      with(kFirst, {"@ 60 IN NSEC3PARAM 1 0 0 -", one + "2t7b4g4vsa5smi47k61mv5bv1a22bojr A", signature, other});
  Lines after = with({soa(2)}, Lines(kFirst.begin() + 1, kFirst.end()));
  after = with(after, {"@ 60 IN NSEC3PARAM 1 0 0 -", one + "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A"});
  const Lines changes = {soa(2), soa(1), one + "2t7b4g4vsa5smi47k61mv5bv1a22bojr A", signature,
                         other,  soa(2), one + "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A", soa(2)};
  CHECK(received({changes}, tree_of(before)) == content(tree_of(after)));
}

TEST_CASE("a transfer that is wrong changes nothing and says why") {
  const auto first = tree_of(kFirst);
  const struct {
    Messages messages;
    std::shared_ptr<const ZoneTree> current;
    std::string expected;
    Shape shape = {};
    TransferLimits limits = {};
  } cases[] = {
      {{{"@ 60 IN NS ns"}}, nullptr, "a NS record of JAIN.AD.JP. in front of the first SOA record"},
      {{{soa(1), "@ 60 IN NS ns", soa(2)}}, nullptr, "the zone has changed while it was sent"},
      {{{soa(1), soa(2)}}, nullptr, "changes from serial 2, not ours"},
      {{{soa(1), "@ 60 IN NS ns", soa(1), "x 60 IN A 192.0.2.1"}}, nullptr, "records behind the last SOA record"},
      {{{soa(1), "@ 60 IN NS ns", soa(1), soa(1)}}, nullptr, "records behind the last SOA record"},
      {{{soa(1), "x 60 IN SOA ns mohta 1 2 3 4 5", soa(1)}},
       nullptr,
       "a SOA record of x.JAIN.AD.JP., not of jain.ad.jp."},
      {{{soa(1), "x 60 CH A 192.0.2.1", soa(1)}}, nullptr, "class of a A record of x.JAIN.AD.JP. is CH"},
      {{{soa(1), "x 60 IN TYPE250 \\# 0", soa(1)}},
       nullptr,
       "a TSIG record of x.JAIN.AD.JP., which has no place in a zone"},
      {{{soa(1), "x 60 IN TYPE1 \\# 0", soa(1)}}, nullptr, "malformed A record of x.JAIN.AD.JP."},
      {{{soa(1), "x 60 IN TYPE15 \\# 2 000a", soa(1)}}, nullptr, "malformed MX record of x.JAIN.AD.JP."},
      {{{soa(1), "x 60 IN TYPE16 \\# 0", soa(1)}}, nullptr, "malformed TXT record of x.JAIN.AD.JP."},
      {{{soa(1), "x 60 IN TYPE46 \\# 4 00010801", soa(1)}}, nullptr, "malformed RRSIG record of x.JAIN.AD.JP."},
      {{{soa(1), "@ 60 IN NSEC3PARAM 1 0 151 -", soa(1)}},
       nullptr,
       "NSEC3 with 151 iterations, expecting 150 at most (RFC 9276)"},
      {{{}}, nullptr, "message without records"},
      {{{soa(1)}, {"@ 60 IN NS ns"}}, nullptr, "not at its end"},
      {{{soa(1)}}, nullptr, "rcode was REFUSED", {.rcode = 5}},
      {{{soa(1)}}, nullptr, "not an answer", {.qr = false}},
      {{{soa(1)}}, nullptr, "truncated message", {.tc = true}},
      {{{soa(1)}}, nullptr, "malformed message: less records than it says", {.missing = 1}},
      {{{soa(1)}}, nullptr, "answer to another question", {.question = "other.test."}},
      {{with(kFirst, {soa(1)})}, nullptr, "more than 4 records", {}, {.records = 4}},
      {{with(kFirst, {soa(1)})}, nullptr, "more than 100 octets of records", {}, {.octets = 100}},
      {{{soa(3), soa(2), soa(3), soa(3)}}, first, "changes from serial 2, not ours"},
      {{{soa(3), soa(1), soa(1), soa(3)}}, first, "changes from serial 1 to 1"},
      {{{soa(3), soa(1), soa(2), soa(1), soa(3), soa(3)}}, first, "changes that do not follow each other"},
      {{{soa(3), soa(1), soa(2), soa(3), soa(3)}}, first, "changes that do not follow each other"},
      {{{soa(3), soa(1), "nezu 60 IN A 192.0.2.1", soa(3), soa(3)}},
       first,
       "a A record of nezu.JAIN.AD.JP. is removed that is not there"},
      {{{soa(3), soa(1), "nezu 60 IN A 133.69.136.5", "nezu 60 IN A 133.69.136.5", soa(3), soa(3)}},
       first,
       "a A record of nezu.JAIN.AD.JP. is removed that is not there"},
      {{{soa(3), soa(1), "none 60 IN A 133.69.136.5", soa(3), soa(3)}},
       first,
       "a A record of none.JAIN.AD.JP. is removed that is not there"},
      {{{soa(3), soa(1), soa(3), soa(3), "x 60 IN A 192.0.2.1"}}, first, "records behind the last SOA record"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.expected);
    CHECK(received(c.messages, c.current, c.shape, c.limits) == Lines{c.expected});
  }
  CHECK(content(first) == content(tree_of(kFirst)));
}

TEST_CASE("octets that are no message are refused") {
  IncomingTransfer transfer(kOrigin, nullptr);
  const std::vector<uint8_t> octets = {0, 1, 0x80};
  CHECK(transfer.read(octets).error().message == "malformed message");
}

}  // namespace
}  // namespace portolan::zones
