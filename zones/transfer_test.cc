// Transfers of a zone's tree: everything is there, SOA first and last, and an up-to-date client gets the SOA alone.
#include "zones/transfer.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "dns/rdata_text.h"
#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

using Lines = std::vector<std::string>;

std::shared_ptr<const ZoneTree> tree_of(std::string_view text) {
  auto read = read_zone_text(text, "db", *dns::Name::parse("alder.test."));
  REQUIRE_MESSAGE(!read.has_error(), (read.has_error() ? read.error().message : ""));
  return std::move(read->tree);
}

// The arena is emptied between the pieces, as the plugin does it.
Lines read_all(RecordStream& stream) {
  Lines lines;
  for (;;) {
    Arena arena;
    ArenaVector<dns::Record> records(arena);
    if (!stream.next(arena, records)) return lines;
    for (const dns::Record& record : records) {
      lines.push_back(dns::record_text(record));
      std::replace(lines.back().begin(), lines.back().end(), '\t', ' ');
    }
  }
}

constexpr std::string_view kZone =
    "@ 60 IN SOA ns h 7 3600 600 86400 5\n@ 60 IN NS ns\n@ 60 IN MX 10 mx\nns 60 IN A 192.0.2.1\nns 60 IN A 192.0.2.2\n"
    "d 60 IN NS ns.d\nns.d 60 IN A 198.51.100.1\nx.ent 60 IN TXT \"x\"\n*.w 60 IN CNAME www.other.test.\n";
const std::string kSoa = "alder.test. 60 IN SOA ns.alder.test. h.alder.test. 7 3600 600 86400 5";

TEST_CASE("transfer of a zone: every record, glue and wildcards too, between two SOA records") {
  const Lines expected = {kSoa,
                          "alder.test. 60 IN NS ns.alder.test.",
                          "alder.test. 60 IN MX 10 mx.alder.test.",
                          "d.alder.test. 60 IN NS ns.d.alder.test.",
                          "ns.d.alder.test. 60 IN A 198.51.100.1",
                          "x.ent.alder.test. 60 IN TXT \"x\"",
                          "ns.alder.test. 60 IN A 192.0.2.1",
                          "ns.alder.test. 60 IN A 192.0.2.2",
                          "*.w.alder.test. 60 IN CNAME www.other.test.",
                          kSoa};
  CHECK(read_all(*transfer(tree_of(kZone), 0)) == expected);
}

TEST_CASE("transfer of a zone: a client with its serial gets the SOA alone, with any other the zone") {
  CHECK(read_all(*transfer(tree_of(kZone), 7)) == Lines{kSoa});
  for (const uint32_t serial : {1U, 6U, 8U, 0xffffffffU}) {
    CAPTURE(serial);
    CHECK(read_all(*transfer(tree_of(kZone), serial)).size() == 10);
  }
}

TEST_CASE("transfer of a zone: a serial of 0 is no reason to send nothing") {
  CHECK(read_all(*transfer(tree_of("@ 60 IN SOA ns h 0 3600 600 86400 5\n@ 60 IN NS ns\n"), 0)).size() == 3);
}

TEST_CASE("transfer of a zone: owners outside the zone are left out") {
  const std::string text = std::string(kZone) + "alien.test. 60 IN A 192.0.2.9\naaa.test. 60 IN A 192.0.2.9\n";
  CHECK(read_all(*transfer(tree_of(text), 0)) == read_all(*transfer(tree_of(kZone), 0)));
}

TEST_CASE("transfer of a zone: the version it began with stays until its end") {
  std::shared_ptr<const ZoneTree> tree = tree_of(kZone);
  const std::weak_ptr<const ZoneTree> watched = tree;
  auto stream = transfer(std::move(tree), 0);
  Arena arena;
  ArenaVector<dns::Record> records(arena);
  REQUIRE(stream->next(arena, records));
  CHECK(!watched.expired());
  CHECK(read_all(*stream).size() == 8);
  stream.reset();
  CHECK(watched.expired());
}

}  // namespace
}  // namespace portolan::zones
