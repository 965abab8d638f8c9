// What a database says, and which files are none.
#include "plugins/geoip/database.h"

#include <doctest/doctest.h>

#include "plugins/geoip/database_writer_test.h"

namespace portolan::geoip {
namespace {

Encoded cambridge() {
  return map({
      {"city", map({{"names", names("Cambridge")}})},
      {"continent", map({{"code", text("EU")}, {"names", names("Europe")}})},
      {"country",
       map({{"is_in_european_union", flag(false)}, {"iso_code", text("GB")}, {"names", names("United Kingdom")}})},
      {"location",
       map({{"latitude", decimal(52.2242)}, {"longitude", decimal(0.1315)}, {"time_zone", text("Europe/London")}})},
      {"postal", map({{"code", text("CB4")}})},
      {"subdivisions", list({map({{"iso_code", text("ENG")}}), map({{"iso_code", text("TWH")}})})},
  });
}

// "none" when there is no such label.
std::string read(const Database& database, std::string_view label, std::string_view address) {
  Arena arena;
  const auto value = database.text(label, *IpAddress::parse(address), arena);
  return value ? std::string(*value) : "none";
}

std::unique_ptr<Database> opened(const DatabaseFile& file) {
  auto database = Database::open(file.path());
  REQUIRE_MESSAGE(!database.has_error(), (database.has_error() ? database.error().message : ""));
  return std::move(*database);
}

std::string refusal(const std::string& path) {
  const auto database = Database::open(path);
  return database.has_error() ? database.error().message : "opened";
}

TEST_CASE("geoip: an address has its place, and one that is not known has none") {
  const DatabaseFile file("GeoLite2-City", {{"192.0.2.0/24", cambridge()}, {"2001:db8::/32", cambridge()}});
  const auto database = opened(file);
  static constexpr struct {
    const char *label, *known, *unknown;
  } kCases[] = {
      {"city/name", "Cambridge", ""},
      {"country/code", "GB", ""},
      {"country/name", "United Kingdom", ""},
      {"country/is_in_european_union", "false", "false"},
      {"continent/code", "EU", ""},
      {"continent/name", "Europe", ""},
      {"latitude", "52.2242", ""},
      {"longitude", "0.1315", ""},
      {"timezone", "Europe/London", ""},
      {"postalcode", "CB4", ""},
      {"subdivisions/code", "ENG,TWH", ""},
      {"asn/number", "none", "none"},
      {"asn/org", "none", "none"},
      {"city", "none", "none"},
      {"", "none", "none"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.label);
    CHECK(read(*database, each.label, "192.0.2.255") == each.known);
    CHECK(read(*database, each.label, "2001:db8:ffff::1") == each.known);
    CHECK(read(*database, each.label, "192.0.3.0") == each.unknown);
    CHECK(read(*database, each.label, "2001:db9::") == each.unknown);
  }
}

TEST_CASE("geoip: a network's number may have any width") {
  const DatabaseFile file("GeoLite2-ASN",
                          {{"192.0.2.0/25", map({{"autonomous_system_number", number32(396982)},
                                                 {"autonomous_system_organization", text("GOOGLE-CLOUD-PLATFORM")}})},
                           {"192.0.2.128/25", map({{"autonomous_system_number", number16(64500)}})},
                           {"198.51.100.0/24", map({{"autonomous_system_number", number64(4200000000)}})},
                           {"203.0.113.0/24", map({{"autonomous_system_number", text("AS64500")},
                                                   {"autonomous_system_organization", number16(1)}})}});
  const auto database = opened(file);
  static constexpr struct {
    const char *address, *number, *organization;
  } kCases[] = {{"192.0.2.1", "396982", "GOOGLE-CLOUD-PLATFORM"},
                {"192.0.2.129", "64500", ""},
                {"198.51.100.1", "4200000000", ""},
                {"203.0.113.1", "0", ""},  // of another type than the format says
                {"10.0.0.1", "0", ""}};
  for (const auto& each : kCases) {
    CAPTURE(each.address);
    CHECK(read(*database, "asn/number", each.address) == each.number);
    CHECK(read(*database, "asn/org", each.address) == each.organization);
    CHECK(read(*database, "city/name", each.address) == "none");
  }
}

TEST_CASE("geoip: coordinates have the digits they need, and none where there are none") {
  const auto at = [](const Encoded& latitude, const Encoded& longitude) {
    return map({{"location", map({{"latitude", latitude}, {"longitude", longitude}})}});
  };
  const DatabaseFile file("GeoIP2-City-Europe", {{"192.0.2.0/32", at(decimal(0), decimal(-71.0))},
                                                 {"192.0.2.1/32", at(decimal(1e-7), decimal(1e22))},
                                                 {"192.0.2.2/32", at(single(0.5F), text("east"))},
                                                 {"192.0.2.3/32", map({{"location", map({})}})},
                                                 {"192.0.2.4/32", at(decimal(1.7e308), decimal(-5e-324))}});
  const auto database = opened(file);
  static constexpr struct {
    const char *address, *latitude, *longitude;
  } kCases[] = {{"192.0.2.0", "0", "-71"},
                {"192.0.2.1", "0.0000001", "10000000000000000000000"},
                {"192.0.2.2", "0.5", ""},
                {"192.0.2.3", "", ""}};
  for (const auto& each : kCases) {
    CAPTURE(each.address);
    CHECK(read(*database, "latitude", each.address) == each.latitude);
    CHECK(read(*database, "longitude", each.address) == each.longitude);
  }
  CHECK(read(*database, "latitude", "192.0.2.4").size() == 309);
  CHECK(read(*database, "longitude", "192.0.2.4").size() == 327);
}

TEST_CASE("geoip: subdivisions keep their order, empty where they have no code") {
  const auto parts = [](const std::vector<Encoded>& values) { return map({{"subdivisions", list(values)}}); };
  const Encoded named = map({{"iso_code", text("ENG")}}), nameless = map({{"geoname_id", number32(1)}});
  const DatabaseFile file("GeoIP2-Enterprise", {{"192.0.2.0/32", parts({})},
                                                {"192.0.2.1/32", parts({named})},
                                                {"192.0.2.2/32", parts({nameless, named})},
                                                {"192.0.2.3/32", parts(std::vector<Encoded>(100, named))},
                                                {"192.0.2.4/32", map({{"subdivisions", text("ENG")}})}});
  const auto database = opened(file);
  CHECK(read(*database, "subdivisions/code", "192.0.2.0") == "");
  CHECK(read(*database, "subdivisions/code", "192.0.2.1") == "ENG");
  CHECK(read(*database, "subdivisions/code", "192.0.2.2") == ",ENG");
  CHECK(read(*database, "subdivisions/code", "192.0.2.3").size() == 16 * 4 - 1);
  CHECK(read(*database, "subdivisions/code", "192.0.2.4") == "");
}

TEST_CASE("geoip: a file of IPv4 addresses knows nothing of IPv6 ones") {
  const DatabaseFile file("GeoIP2-Country", {{"192.0.2.0/24", cambridge()}}, 4);
  const auto database = opened(file);
  CHECK(read(*database, "country/code", "192.0.2.1") == "GB");
  CHECK(read(*database, "country/code", "192.0.3.1") == "");
  CHECK(read(*database, "country/code", "2001:db8::1") == "none");
}

TEST_CASE("geoip: vendors' files are told apart by their type") {
  static constexpr struct {
    const char* type;
    bool places, systems;
  } kCases[] = {
      {"GeoLite2-City", true, false},
      {"GeoLite2-Country", true, false},
      {"GeoIP2-Precision-City", true, false},
      {"GeoIP2-Enterprise", true, false},
      {"DBIP-Location (compat=City)", true, false},
      {"DBIP-ISP (compat=Enterprise)", true, false},
      {"GeoLite2-ASN", false, true},
      {"GeoIP2-ISP", false, true},
      {"DBIP-ASN-Lite (compat=GeoLite2-ASN)", false, true},
      {"GeoIP2-Anonymous-IP", false, false},
      {"GeoIP2-Connection-Type", false, false},
      {"GeoIP2-Domain", false, false},
      {"Something-Else", false, false},
      {"Electricity", false, false},
      {"", false, false},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.type);
    const DatabaseFile file(each.type, {{"192.0.2.0/24", map({})}});
    if (!each.places && !each.systems) {
      CHECK(refusal(file.path()) == "database \"" + file.path() + "\" of type \"" + each.type +
                                        "\" does not provide any supported schema (city, asn)");
      continue;
    }
    const auto database = opened(file);
    CHECK((read(*database, "city/name", "192.0.2.1") == "") == each.places);
    CHECK((read(*database, "asn/number", "192.0.2.1") == "0") == each.systems);
  }
}

TEST_CASE("geoip: what is no database is refused") {
  const DatabaseFile file("GeoLite2-City", {{"192.0.2.0/24", cambridge()}});
  const std::string gone = file.path() + ".gone";
  CHECK(refusal(gone) == "failed to open database file: open " + gone + ": no such file or directory");

  std::ifstream source(file.path(), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(source), {}};
  for (const std::string& octets : {std::string(), std::string("x"), std::string(5000, '\xab'), whole.substr(0, 200),
                                    whole.substr(0, whole.size() - 20)}) {
    CAPTURE(octets.size());
    const DatabaseFile broken(octets);
    CHECK(refusal(broken.path()).starts_with("failed to open database file: open " + broken.path()));
  }
}

TEST_CASE("geoip: a file whose tree leads nowhere is refused, and damaged data says nothing") {
  DatabaseFile file("GeoLite2-City", {{"127.0.0.0/8", cambridge()}});
  std::ifstream source(file.path(), std::ios::binary);
  std::string octets{std::istreambuf_iterator<char>(source), {}};
  const size_t data = octets.find("\xe6", 8 * 104);  // the map of the place, behind a tree of 104 nodes
  REQUIRE(data != std::string::npos);

  std::string no_way = octets;
  for (size_t node = 0; node < 104; ++node) no_way.replace(node * 8, 4, "\x7f\xff\xff\xff");
  CHECK(refusal(DatabaseFile(no_way).path()).find("unexpected failure looking up database") != std::string::npos);

  std::string no_data = octets;
  no_data.replace(data, 1, "\xff");
  const DatabaseFile damaged(no_data);
  const auto database = opened(damaged);
  CHECK(read(*database, "city/name", "127.0.0.1") == "");
}

}  // namespace
}  // namespace portolan::geoip
