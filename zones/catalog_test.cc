// Catalog zones: members, change of ownership, and what breaks a catalog (RFC 9432).
#include "zones/catalog.h"

#include <doctest/doctest.h>

#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

using Lines = std::vector<std::string>;

const std::string kHead = "@ 0 IN SOA invalid. invalid. 1 3600 600 86400 0\n@ 0 IN NS invalid.\n";
const std::string kVersion = "version 0 IN TXT \"2\"\n";

// "ID ZONE" or "ID ZONE -> NEW OWNER" of each member, or the error.
Lines members(const std::string& text) {
  auto read = read_zone_text(text, "db", *dns::Name::parse("cat.test."));
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  const auto catalog = read_catalog(*read->tree);
  if (catalog.has_error()) return {catalog.error().message};
  Lines lines;
  for (const CatalogMember& each : *catalog) {
    lines.push_back(each.id + " " + each.zone.text() + (each.new_owner ? " -> " + each.new_owner->text() : ""));
  }
  return lines;
}

TEST_CASE("catalog: members have an id and a zone, maybe a new owner; other properties are passed over") {
  CHECK(members(kHead + kVersion).empty());
  CHECK(members(kHead + "VERSION 0 IN TXT \"2\"\nB.zones 0 IN PTR Birch.test.\na.Zones 0 IN PTR alder.test.\n"
                        "coo.a.zones 0 IN PTR Other.example.\ngroup.a.zones 0 IN TXT \"x\"\n"
                        "x.ext.a.zones 0 IN PTR y.\ncoo.gone.zones 0 IN PTR y.\nzones 0 IN PTR y.\n"
                        "a.elsewhere 0 IN PTR y.\nb.zones 0 IN TXT \"z\"\n") ==
        Lines{"a alder.test. -> other.example.", "b birch.test."});
}

TEST_CASE("catalog: a broken one is not used at all (RFC 9432 section 5.1)") {
  const struct {
    std::string text, expected;
  } cases[] = {
      {"@ 0 IN SOA invalid. invalid. 1 2 3 4 5\n" + kVersion, "catalog zone cat.test. has no NS record"},
      {kHead, "catalog zone cat.test. must have exactly one version TXT record"},
      {kHead + kVersion + "version 0 IN TXT \"1\"\n",
       "catalog zone cat.test. must have exactly one version TXT record"},
      {kHead + "version 0 IN TXT \"1\"\n", "catalog zone cat.test. has unsupported version \"1\""},
      {kHead + kVersion + "a.zones 0 IN PTR x.\na.zones 0 IN PTR y.\n",
       "catalog member a.zones.cat.test. must have exactly one PTR record"},
      {kHead + kVersion + "a.zones 0 IN PTR x.\nb.zones 0 IN PTR X.\n",
       "catalog member zone x. is listed by both a and b"},
      {kHead + kVersion + "a.zones 0 IN PTR x.\ncoo.a.zones 0 IN PTR y.\ncoo.a.zones 0 IN PTR z.\n",
       "catalog member a has more than one coo PTR record"},
  };
  for (const auto& c : cases) CHECK(members(c.text) == Lines{c.expected});
}

TEST_CASE("catalog: one with more members than are taken is not used") {
  const std::string three = kHead + kVersion + "a.zones 0 IN PTR x.\nb.zones 0 IN PTR y.\nc.zones 0 IN PTR z.\n";
  const auto read = read_zone_text(three, "db", *dns::Name::parse("cat.test."));
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  CHECK(read_catalog(*read->tree, 3).value().size() == 3);
  const auto more = read_catalog(*read->tree, 2);
  REQUIRE(more.has_error());
  CHECK(more.error().message == "catalog zone cat.test. has more than 2 members");
}

}  // namespace
}  // namespace portolan::zones
