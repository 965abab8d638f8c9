// Which address a question's labels are about, and which Corefiles are taken.
#include "plugins/geoip/geoip.h"

#include <doctest/doctest.h>

#include "plugins/geoip/database_writer_test.h"
#include "server/setup.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin geoip_plugin;

namespace {

using geoip::DatabaseFile;
using geoip::map;
using geoip::names;
using server::Metadata;
using server::Query;
using testing::PluginFixture;

geoip::Encoded city(const std::string& name) { return map({{"city", map({{"names", names(name)}})}}); }

// What "geoip/city/name" is for a question from `client` with this client subnet option ("" without an OPT at all).
std::string city_of(const geoip::GeoIp& plugin, const char* client, const std::vector<std::vector<uint8_t>>& subnets) {
  Query query;
  query.client.ip = *IpAddress::parse(client);
  std::vector<dns::EdnsOption> options;
  for (const auto& subnet : subnets) options.push_back({8, subnet});
  if (!subnets.empty()) {
    query.edns.emplace().options = options;
  }
  Metadata metadata(query.arena());
  plugin.annotate(query, metadata);
  CHECK_FALSE(metadata.value("geoip"));
  CHECK_FALSE(metadata.value("kubernetes/city/name"));
  Arena other;
  CHECK(metadata.clone(other)->value("geoip/city/name") == metadata.value("geoip/city/name"));
  return std::string(metadata.value("geoip/city/name").value_or("none"));
}

TEST_CASE("geoip: the client's address counts, or the subnet that is told of it where that is wanted") {
  const DatabaseFile file(
      "GeoLite2-City",
      {{"192.0.2.0/24", city("Four")}, {"198.51.100.0/24", city("Subnet")}, {"2001:db8::/32", city("Six")}});
  const auto open = [&] { return std::move(*geoip::Database::open(file.path())); };
  const geoip::GeoIp plain(open(), false), subnets(open(), true);
  const std::vector<uint8_t> v4{0, 1, 24, 0, 198, 51, 100}, v6{0, 2, 32, 0, 0x20, 1, 0xd, 0xb8}, none{0, 0, 0, 0},
      empty{0, 1, 0, 0}, long_v4{0, 1, 32, 0, 198, 51, 100, 7, 9, 9}, nothing{};
  const struct {
    const char* client;
    std::vector<std::vector<uint8_t>> subnets;
    const char *plain, *by_subnet;
  } kCases[] = {
      {"192.0.2.1", {}, "Four", "Four"},
      {"::ffff:192.0.2.1", {}, "Four", "Four"},
      {"2001:db8::1", {}, "Six", "Six"},
      {"192.0.2.1", {v4}, "Four", "Subnet"},
      {"192.0.2.1", {v6}, "Four", "Six"},
      {"2001:db8::1", {v4}, "Six", "Subnet"},
      {"192.0.2.1", {v6, v4}, "Four", "Six"},  // the first counts
      {"192.0.2.1", {long_v4}, "Four", "Subnet"},
      {"192.0.2.1", {none}, "Four", ""},  // the client does not want to be told apart (RFC 7871 section 7.1.2)
      {"192.0.2.1", {empty}, "Four", ""},
      {"192.0.2.1", {nothing}, "Four", ""},
      {"203.0.113.1", {}, "", ""},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.client);
    CAPTURE(each.by_subnet);
    CHECK(city_of(plain, each.client, each.subnets) == each.plain);
    CHECK(city_of(subnets, each.client, each.subnets) == each.by_subnet);
  }
}

std::string seen;

Task<server::Outcome> last(Query& query, server::Next) {
  seen = query.metadata ? std::string(query.metadata->value("geoip/city/name").value_or("unset")) : "no metadata";
  return query.answer();
}

// As the directive `metadata` does.
constexpr server::Plugin kMetadata{.name = "metadata", .setup = [](server::Setup& setup) -> Result<void> {
                                     setup.block().metadata_zones_.emplace().push_back(dns::Name());
                                     return {};
                                   }};

PluginFixture server_with(const std::string& directives) {
  return PluginFixture(".:53 {\n" + directives + "\nlast\n}\n",
                       {kMetadata, geoip_plugin, testing::stand_in("last", last)});
}

TEST_CASE("geoip: labels are there for blocks with metadata, and questions are passed on in any case") {
  const DatabaseFile file("GeoLite2-City", {{"192.0.2.0/24", city("Here")}});
  const struct {
    std::string directives;
    const char* seen;
  } kCases[] = {{"geoip " + file.path() + "\nmetadata", "Here"},
                {"metadata\ngeoip " + file.path() + " {\nedns-subnet\n}", "Here"},
                {"geoip " + file.path(), "no metadata"},
                {"metadata", "unset"}};
  for (const auto& each : kCases) {
    CAPTURE(each.directives);
    auto server = server_with(each.directives);
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    testing::Ask question{.name = "www.example.org."};
    question.client = "192.0.2.77";
    CHECK(server.ask(question).rcode == dns::Rcode::noerror);
    CHECK(seen == each.seen);
  }
}

TEST_CASE("geoip: wrong use is refused with its place") {
  const DatabaseFile file("GeoLite2-City", {{"192.0.2.0/24", city("Here")}}), other("Something-Else", {});
  const std::string path = file.path();
  const struct {
    std::string directives, error;
  } kCases[] = {
      {"geoip",
       "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'geoip', "
       "expecting 'geoip DBFILE'"},
      {"geoip " + path + " x",
       "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending "
       "after 'x', expecting 'geoip DBFILE'"},
      {"geoip " + path + " {\nfoo\n}", "Corefile:3 - Error during parsing: unknown property 'foo'"},
      {"geoip " + path + "\ngeoip " + path,
       "Corefile:3 - Error during parsing: configuring multiple databases is not supported"},
      {"geoip " + path + ".gone", "Corefile:2 - Error during parsing: failed to open database file: open " + path +
                                      ".gone: no such file or directory"},
      {"geoip " + other.path(), "Corefile:2 - Error during parsing: database \"" + other.path() +
                                    "\" of type \"Something-Else\" does not provide any supported schema (city, asn)"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directives);
    auto server = server_with(each.directives);
    CHECK(server.error_text() == "plugin/geoip: " + each.error + "\n");
  }
}

}  // namespace
}  // namespace portolan
