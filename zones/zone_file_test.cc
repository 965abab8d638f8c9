// Zone files: fields, directives, and errors with their places.
#include "zones/zone_file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace portolan::zones {
namespace {

const std::string kApex = "@ 60 IN SOA ns admin 1 2 3 4 5\n@ NS ns\n";

Result<ZoneRead> read(const std::string& text, const ReadOptions& options = {}) {
  return read_zone_text(text, "db", *dns::Name::parse("alder.test."), options);
}

std::vector<std::string> records(const ZoneTree& tree) {
  std::vector<std::string> out;
  for (const ZoneTree::Node& node : tree.nodes()) {
    for (const ZoneTree::RRset& set : tree.rrsets(node)) {
      for (unsigned i = 0; i < set.count; ++i) {
        std::string text = dns::record_text(tree.record(set, i));
        for (char& c : text) c = c == '\t' ? ' ' : c;
        out.push_back(text);
      }
    }
  }
  return out;
}

TEST_CASE("zone file: owner, TTL and class in the orders that are allowed") {
  const struct {
    const char *text, *expected;
  } cases[] = {
      {"a 30 IN A 192.0.2.1", "a.alder.test. 30 IN A 192.0.2.1"},
      {"a IN 30 A 192.0.2.1", "a.alder.test. 30 IN A 192.0.2.1"},
      {"a IN A 192.0.2.1", "a.alder.test. 60 IN A 192.0.2.1"},
      {"a A 192.0.2.1", "a.alder.test. 60 IN A 192.0.2.1"},
      {"a 1h30m A 192.0.2.1", "a.alder.test. 5400 IN A 192.0.2.1"},
      {"a 1W2D A 192.0.2.1", "a.alder.test. 777600 IN A 192.0.2.1"},
      {"$TTL 2m\na 30 A 192.0.2.1\nb A 192.0.2.2", "b.alder.test. 120 IN A 192.0.2.2"},
      {"a 30 A 192.0.2.1\nb A 192.0.2.2", "b.alder.test. 30 IN A 192.0.2.2"},
      {"a 30 A 192.0.2.1\n  TXT x", "a.alder.test. 30 IN TXT \"x\""},
      {"A.B 30 PTR C.D.", "a.b.alder.test. 30 IN PTR C.D."},
      {"a CNAME WWW.Birch.Test.", "a.alder.test. 60 IN CNAME www.birch.test."},
      {"_x SRV 1 2 3 Www", "_x.alder.test. 60 IN SRV 1 2 3 Www.alder.test."},
      {"$ORIGIN sub\nb.c A 192.0.2.2", "b.c.sub.alder.test. 60 IN A 192.0.2.2"},
      {"$ORIGIN birch.test.\n$ORIGIN sub\n@ MX 1 m", "sub.birch.test. 60 IN MX 1 m.sub.birch.test."},
      {"b CNAME @", "b.alder.test. 60 IN CNAME alder.test."},
      {"o TYPE65400 \\# 3 010203", "o.alder.test. 60 IN TYPE65400 \\# 3 010203"},
      {"sp\\032ace A 192.0.2.2", "sp\\ ace.alder.test. 60 IN A 192.0.2.2"},
      {"$GENERATE 7-7 g$ PTR h$", "g7.alder.test. 3600 IN PTR h7.alder.test."},
      {"$TTL 5\n$GENERATE 7-7 g$ PTR h$", "g7.alder.test. 3600 IN PTR h7.alder.test."},
      {"$GENERATE 7-7 g$ 5 PTR h$", "g7.alder.test. 5 IN PTR h7.alder.test."},
      {"t TXT a\"b\"", "t.alder.test. 60 IN TXT \"a\" \"b\""},
      {"c CAA 0 issue ca.test", "c.alder.test. 60 IN CAA 0 issue \"ca.test\""},
      {"m MX (10 ; ten\n m )", "m.alder.test. 60 IN MX 10 m.alder.test."},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const auto zone = read(kApex + c.text + "\n");
    REQUIRE_MESSAGE(zone.has_value(), zone.error().message);
    const auto all = records(*zone->tree);
    const std::string joined = all.empty() ? "" : all.back();
    CHECK(joined == c.expected);
  }
}

TEST_CASE("zone file: what is wrong is said with file and line") {
  const struct {
    const char *text, *expected;
  } cases[] = {
      {"x 60 IN A 1.2.3\n", "db:3: A address \"1.2.3\" is no IPv4 address"},
      {"x 60 IN A 192.0.02.1\n", "db:3: A address"},
      {"\n\nx 60 IN AAAA 192.0.2.1\n", "db:5: AAAA address"},
      {"x 60 IN FOO 1\n", "db:3: \"FOO\" is no RR type, TTL or class"},
      {"x 6x IN A 1\n", "db:3: \"6x\" is not a TTL"},
      {"x 60 IN\n", "db:3: expecting RR type, TTL or class"},
      {"x 60 IN A\n", "db:3: no data behind A"},
      {"\"x\" 60 IN A 192.0.2.1\n", "db:3: bad owner name \"\"x\"\""},
      {"x 60 IN MX (\n65536\nns )\n", "db:3: MX preference 65536 is not within 0 to 65535"},
      {"$ORIGIN \"sub\"\n", "db:3: bad origin name"},
      {"x 60 IN TXT ( a\n", "db:4: unbalanced brace"},
      {"x 60 CH TXT a\n", "db:3: \"CH\" is no class of a zone"},
      {"@ 60 NSEC3PARAM 2 0 0 -\n", "db:3: NSEC3 algorithm 2, expecting 1 (SHA-1)"},
      {"@ 60 NSEC3PARAM 1 0 151 -\n", "db:3: NSEC3 with 151 iterations, expecting 150 at most (RFC 9276)"},
      {"x 60 SOA a b 1 2 3 4 5\n", "db:3: SOA record of x.alder.test."},
      {"a..b 60 A 192.0.2.1\n", "db:3: bad owner name \"a..b\""},
      {"$TTL\n", "db:3: no value behind $TTL"},
      {"$TTL x\n", "db:3: expecting $TTL value, not \"x\""},
      {"$ORIGIN a b\n", "db:3: garbage after $ORIGIN"},
      {"$FOO a\n", "db:3: unknown directive \"$FOO\""},
      {"$GENERATE 1-2 $GENERATE 1-2 A 1\n", "db:3: "},
      {"$INCLUDE none\n", "db:3: $INCLUDE: open none: no such file or directory"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const auto zone = read(kApex + c.text);
    REQUIRE(zone.has_error());
    CAPTURE(zone.error().message);
    CHECK(zone.error().message.starts_with(c.expected));
  }
  CHECK(read("").error().message == "db: has no SOA record for origin alder.test.");
  CHECK(read(" A 192.0.2.1").error().message == "db:1: no owner name in front of the first record");
  CHECK(read("x A 192.0.2.1").error().message == "db:1: missing TTL with no previous value");
}

// Whatever SOA's minimum is: so CoreDNS, since it looks for a missing TTL only in front of a type without a class.
TEST_CASE("zone file: behind a class the TTL is 0 until there is one") {
  const auto zone = read("@ IN SOA ns admin 1 2 3 4 5\n@ IN NS ns\nx IN A 192.0.2.1\n@ 60 NS b\ny IN A 192.0.2.1\n");
  REQUIRE_MESSAGE(zone.has_value(), zone.error().message);
  CHECK(records(*zone->tree) ==
        std::vector<std::string>{"x.alder.test. 0 IN A 192.0.2.1", "y.alder.test. 60 IN A 192.0.2.1"});
}

TEST_CASE("zone file: a second SOA takes the first one's place and is warned about") {
  const auto zone = read(kApex + "@ 60 SOA ns admin 9 2 3 4 5\n");
  REQUIRE(zone.has_value());
  CHECK(zone->tree->serial() == 9);
  CHECK(zone->warnings == std::vector<std::string>{"db:3: a second SOA record takes the first one's place"});
}

TEST_CASE("zone file: a zone with the known serial is not read further") {
  ReadOptions options;
  options.unchanged_serial = 1;
  const auto same = read(kApex + "broken", options);
  REQUIRE(same.has_value());
  CHECK(!same->tree);
  options.unchanged_serial = 2;
  CHECK(read(kApex + "broken", options).has_error());
}

TEST_CASE("zone file: $INCLUDE reads beside the file, under an origin of its own, and errors name the inner file") {
  char folder[] = "/tmp/zone_file_test.XXXXXX";
  REQUIRE(mkdtemp(folder));
  const std::string base = folder;
  const auto write = [&](const char* name, const std::string& text) { std::ofstream(base + "/" + name) << text; };
  write("db", kApex + "$INCLUDE inner sub\nafter A 192.0.2.9\n");
  write("inner", "$TTL 5\n@ A 192.0.2.1\nb A 192.0.2.2\n");
  const dns::Name origin = *dns::Name::parse("alder.test.");
  const auto zone = read_zone_file(base + "/db", origin);
  REQUIRE_MESSAGE(zone.has_value(), zone.error().message);
  const std::vector<std::string> expected = {"after.alder.test. 60 IN A 192.0.2.9", "sub.alder.test. 5 IN A 192.0.2.1",
                                             "b.sub.alder.test. 5 IN A 192.0.2.2"};
  CHECK(records(*zone->tree) == expected);

  write("inner", "b A 192.0.2.2\nc A 1\n");
  CHECK(read_zone_file(base + "/db", origin).error().message.starts_with(base + "/inner:2: A address"));
  write("inner", "$INCLUDE inner\n");
  CHECK(read_zone_file(base + "/db", origin).error().message.ends_with("/inner:1: too deeply nested $INCLUDE"));
  for (const char* name : {"db", "inner"}) std::remove((base + "/" + name).c_str());
  rmdir(folder);
}

TEST_CASE("zone file: a single record, for templates") {
  const auto record = read_record("www.alder.test IN CNAME ( a.b. ) ; x", dns::Name());
  REQUIRE(record.has_value());
  REQUIRE(record->has_value());
  CHECK(dns::record_text((*record)->view()) == "www.alder.test.\t3600\tIN\tCNAME\ta.b.");
  CHECK(!read_record("  ; nothing", dns::Name())->has_value());
  CHECK(read_record("a 60 IN A <no value>", dns::Name()).has_error());
}

}  // namespace
}  // namespace portolan::zones
