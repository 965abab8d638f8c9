// Journals in memory: what is different between two versions, the order in which it is sent, and how much is kept.
#include "zones/journal.h"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "zones/incoming_transfer.h"
#include "zones/journal_versions_test.h"

namespace portolan::zones {
namespace {

std::string soa(uint32_t serial) {
  return "alder.test. 60 IN SOA ns.alder.test. h.alder.test. " + std::to_string(serial) + " 3600 600 86400 5";
}

// Between the SOA records: what goes with a minus, what comes with a plus in front.
Lines difference(const Tree& before, const Tree& now) {
  const auto made = Difference::between(*before, *now, 0, SIZE_MAX);
  REQUIRE(made);
  Lines lines;
  size_t at = 0;
  unsigned soas = 0;
  for (dns::Record record; made->next(at, record);) {
    if (record.type == dns::RRType::soa) {
      CHECK(line(record) == soa(++soas == 1 ? before->serial() : now->serial()));
    } else {
      lines.push_back((soas == 1 ? "-" : "+") + line(record));
    }
  }
  CHECK(soas == 2);
  return lines;
}

TEST_CASE("journal: the difference between two versions is what goes, then what comes, owners in canonical order") {
  const struct {
    const char *before, *now;
    Lines expected;
  } cases[] = {
      {"w A 192.0.2.1\n", "w A 192.0.2.1\n", {}},
      {"w A 192.0.2.1\nw A 192.0.2.2\n", "w A 192.0.2.2\nw A 192.0.2.1\n", {}},  // another order
      {"w A 192.0.2.1\n", "w A 192.0.2.2\n", {"-w.alder.test. 60 IN A 192.0.2.1", "+w.alder.test. 60 IN A 192.0.2.2"}},
      {"w A 192.0.2.1\nw A 192.0.2.3\n",
       "w A 192.0.2.2\nw A 192.0.2.3\n",
       {"-w.alder.test. 60 IN A 192.0.2.1", "+w.alder.test. 60 IN A 192.0.2.2"}},
      {"w 60 A 192.0.2.1\n",
       "w 90 A 192.0.2.1\n",
       {"-w.alder.test. 60 IN A 192.0.2.1", "+w.alder.test. 90 IN A 192.0.2.1"}},
      {"a TXT x\nz.b.c TXT x\n",
       "a TXT x\nb.c TXT y\nb TXT z\n",
       {"-z.b.c.alder.test. 60 IN TXT \"x\"", "+b.alder.test. 60 IN TXT \"z\"", "+b.c.alder.test. 60 IN TXT \"y\""}},
      {"w A 192.0.2.1\nw TXT x\n",
       "w AAAA 2001:db8::1\nw TXT x\n",
       {"-w.alder.test. 60 IN A 192.0.2.1", "+w.alder.test. 60 IN AAAA 2001:db8::1"}},
      {"@ NS ns2\n@ MX 1 m\n",
       "@ NS ns3\n@ MX 2 m\n",
       {"-alder.test. 60 IN NS ns2.alder.test.", "-alder.test. 60 IN MX 1 m.alder.test.",
        "+alder.test. 60 IN NS ns3.alder.test.", "+alder.test. 60 IN MX 2 m.alder.test."}},
      // Names in rdata: the case counts for what is sent, not for what is the same.
      {"p PTR Foo\n",
       "p PTR foo\n",
       {"-p.alder.test. 60 IN PTR Foo.alder.test.", "+p.alder.test. 60 IN PTR foo.alder.test."}},
      {"w A 192.0.2.1\nw A 192.0.2.1\n", "w A 192.0.2.1\n", {}},     // twice is once
      {"out.test. A 192.0.2.1\n", "other.test. A 192.0.2.1\n", {}},  // outside the zone
  };
  for (const auto& c : cases) {
    CAPTURE(c.before);
    CAPTURE(c.now);
    CHECK(difference(tree_of(1, c.before), tree_of(2, c.now)) == c.expected);
  }
}

TEST_CASE("journal: signatures at the apex and hashed owners are compared too") {
  const std::string hashed = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom";
  const auto zone = [&](const std::string& key, const std::string& types) {
    const auto sign = [&](const std::string& type) {
      return " RRSIG " + type + " 13 2 60 20300101000000 20200101000000 1 alder.test. " + key + "\n";
    };
    return "@" + sign("SOA") + "@" + sign("NS") + "@ NSEC3PARAM 1 0 0 -\n" + hashed + " NSEC3 1 0 0 - " + hashed + " " +
           types + "\n" + hashed + sign("NSEC3");
  };
  Lines found;  // owner, type and the first word of the rdata
  for (const std::string& each : difference(tree_of(1, zone("AAAA", "A")), tree_of(2, zone("BBBB", "TXT")))) {
    std::istringstream words(each);
    std::string owner, ttl, cls, type, first;
    words >> owner >> ttl >> cls >> type >> first;
    found.push_back(owner.substr(0, owner.find('.')) + " " + type + " " + first);
  }
  CHECK(found == Lines{"-alder RRSIG SOA", "-alder RRSIG NS", "-" + hashed + " NSEC3 1", "-" + hashed + " RRSIG NSEC3",
                       "+alder RRSIG SOA", "+alder RRSIG NS", "+" + hashed + " NSEC3 1",
                       "+" + hashed + " RRSIG NSEC3"});
}

TEST_CASE("journal: a secondary gets each difference since its version, between two SOA records (RFC 1995 section 4)") {
  Journal journal(kOrigin);
  CHECK(journal.advance(tree_of(3, "w A 192.0.2.3\n", 30)).empty());
  CHECK(journal.advance(tree_of(5, "w A 192.0.2.5\n", 30)).empty());
  CHECK(journal.advance(tree_of(6, "", 30)).empty());
  const Lines last = {soa(5), "w.alder.test. 60 IN A 192.0.2.5", soa(6)};
  Lines expected = {soa(6)};
  expected.insert(expected.end(), last.begin(), last.end());
  expected.push_back(soa(6));
  CHECK(changes(journal, 5, 6) == expected);
  const Lines first = {soa(3), "w.alder.test. 60 IN A 192.0.2.3", soa(5), "w.alder.test. 60 IN A 192.0.2.5"};
  expected.insert(expected.begin() + 1, first.begin(), first.end());
  CHECK(changes(journal, 3, 6) == expected);
  // A version before the last one, which a transfer may still be of.
  CHECK(changes(journal, 3, 5).size() == 6);
  for (const uint32_t none : {0U, 4U, 6U, 7U}) {
    CAPTURE(none);
    CHECK(changes(journal, none, 6).empty());
  }
  CHECK(changes(journal, 3, 7).empty());
}

TEST_CASE("journal: serials go round (RFC 1982); one that goes back, or a change without one, begins it anew") {
  Journal journal(kOrigin);
  journal.advance(tree_of(0xffff'ffff, "w A 192.0.2.1\n", 30));
  CHECK(journal.advance(tree_of(0, "w A 192.0.2.2\n", 30)).empty());
  CHECK(changes(journal, 0xffff'ffff, 0).size() == 6);
  CHECK(journal.advance(tree_of(0, "w A 192.0.2.2\n", 30)).empty());  // read again
  CHECK(changes(journal, 0xffff'ffff, 0).size() == 6);

  CHECK(journal.advance(tree_of(0x9000'0000, "w A 192.0.2.3\n", 30)) ==
        Lines{"begins anew: serial 2415919104 does not come after 0"});
  CHECK(journal.differences()->empty());
  journal.advance(tree_of(0x9000'0001, "w A 192.0.2.4\n", 30));
  CHECK(changes(journal, 0x9000'0000, 0x9000'0001).size() == 6);

  CHECK(journal.advance(tree_of(0x9000'0001, "w A 192.0.2.5\n", 30)) ==
        Lines{"begins anew: the zone has changed, its serial 2415919105 has not"});
  CHECK(journal.differences()->empty());
  // Which of the two a secondary has is not known.
  CHECK(journal.advance(tree_of(0x9000'0002, "w A 192.0.2.6\n", 30)).empty());
  CHECK(journal.differences()->empty());
  journal.advance(tree_of(0x9000'0003, "w A 192.0.2.7\n", 30));
  CHECK(changes(journal, 0x9000'0002, 0x9000'0003).size() == 6);
}

uint64_t octets(const Journal& journal) {
  uint64_t sum = 0;
  for (const auto& each : *journal.differences()) sum += each->octets().size();
  return sum;
}

TEST_CASE("journal: it never takes more than the zone; the oldest go first, and too large a change empties it") {
  Journal journal(kOrigin);
  Tree tree;
  for (uint32_t serial = 1; serial <= 50; ++serial) {
    tree = tree_of(serial, "w A 192.0.2." + std::to_string(serial) + "\n", 40);
    journal.advance(tree);
    CHECK(octets(journal) <= sum_of(*tree).octets);
  }
  const Differences kept = *journal.differences();
  CHECK(kept.size() > 5);
  CHECK(kept.size() < 49);
  CHECK(kept.back()->to() == 50);
  CHECK(changes(journal, kept.front()->from(), 50).size() == kept.size() * 4 + 2);
  CHECK(changes(journal, kept.front()->from() - 1, 50).empty());
  // The zone shrinks: so does what is kept.
  tree = tree_of(51, "w A 192.0.2.50\n", 35);
  journal.advance(tree);
  CHECK(journal.differences()->size() < kept.size());
  CHECK(!changes(journal, 50, 51).empty());
  CHECK(octets(journal) <= sum_of(*tree).octets);
  std::string other;
  for (int i = 0; i < 40; ++i) other += "new" + std::to_string(i) + " A 192.0.2.1\n";
  CHECK(journal.advance(tree_of(52, other)).empty());
  CHECK(journal.differences()->empty());
}

TEST_CASE("journal: a transfer under way goes on with what has been dropped meanwhile") {
  Journal journal(kOrigin);
  journal.advance(tree_of(1, "w A 192.0.2.1\n", 30));
  journal.advance(tree_of(2, "w A 192.0.2.2\n", 30));
  const auto stream = transfer_changes(journal.differences(), 1, 2);
  const std::weak_ptr<const Difference> watched = journal.differences()->front();
  journal.advance(tree_of(1, "w A 192.0.2.1\n", 30));
  CHECK(journal.differences()->empty());
  CHECK(!watched.expired());
  CHECK(read_all(stream.get()).size() == 6);
}

// Versions of a zone, drawn; what a secondary makes of the differences must be the zone.
TEST_CASE("journal: a secondary that takes the changes has the zone, whatever has changed") {
  uint32_t state = 7;
  const auto draw = [&](uint32_t below) { return (state = state * 1664525 + 1013904223) / 65536 % below; };
  for (int round = 0; round < 20; ++round) {
    Journal journal(kOrigin);
    std::set<std::string> records;
    std::vector<Tree> trees;
    for (uint32_t serial = 1; serial <= 6; ++serial) {
      for (int i = 0; i < 4; ++i) {
        const std::string owner = std::string(1, static_cast<char>('a' + draw(3))) + (draw(2) != 0 ? ".x" : "");
        const char* const data[] = {" A 192.0.2.1", " A 192.0.2.2", " TXT x", " TXT X",
                                    " PTR Q",       " SRV 0 0 1 Q", " NS q",  " CAA 0 issue \"x\""};
        const std::string record = owner + data[draw(8)] + "\n";
        if (!records.erase(record)) records.insert(record);
      }
      std::string text;
      for (const std::string& each : records) text += each;
      trees.push_back(tree_of(serial, text, 100));
      journal.advance(trees.back());
    }
    for (uint32_t from = 1; from < 6; ++from) {
      const auto stream = transfer_changes(journal.differences(), from, 6);
      REQUIRE(stream);
      Arena arena;
      ArenaVector<dns::Record> sent(arena);
      while (stream->next(arena, sent)) continue;
      IncomingTransfer incoming(kOrigin, trees[from - 1]);
      bool done = false;
      for (const dns::Record& record : sent) {
        dns::MessageParts parts;
        parts.header.qr = true;
        parts.answer = std::span(&record, 1);
        const auto read = incoming.read(dns::encode(parts, arena, dns::kMaxMessage));
        REQUIRE_MESSAGE(!read.has_error(), (read.has_error() ? read.error().message : ""));
        done = *read;
      }
      REQUIRE(done);
      const auto taken = incoming.finish();
      REQUIRE_MESSAGE(!taken.has_error(), (taken.has_error() ? taken.error().message : ""));
      CHECK(taken->incremental);
      CHECK(sum_of(*taken->tree).digest == sum_of(*trees.back()).digest);
    }
  }
}

}  // namespace
}  // namespace portolan::zones
