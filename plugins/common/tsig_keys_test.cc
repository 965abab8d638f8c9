// `key NAME` behind addresses: whose it is, and what is refused.
#include "plugins/common/tsig_keys.h"

#include <doctest/doctest.h>

#include "plugins/common/fake_tsig_keys_test.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
namespace {

using testing::FakeTsigKeys;
using testing::PluginFixture;

// What the directive `peers from ADDRESS... [key NAME]` was read as: the addresses, and the key in brackets.
std::string read;

constexpr corefile::Arg kArgs[] = {{.name = "from"}, {.name = "ADDRESS", .many = true}};
constexpr corefile::Option kOptions[] = {{.name = "", .args = kArgs}};

server::Plugin peers() {
  return {"peers",
          [](server::Setup& setup) -> Result<void> {
            const auto keyed = read_keyed_addresses(setup, setup.directives().front().uses.front(), 1);
            if (keyed.has_error()) return keyed.error();
            read.clear();
            for (const corefile::Token& each : keyed->addresses) read += each.text + " ";
            if (keyed->key) read += "[" + keyed->key->name.text() + "]";
            return {};
          },
          kOptions};
}

TEST_CASE("keys of tsig: one that ends a line of addresses is for all of them") {
  const struct {
    const char *line, *expected;
  } cases[] = {
      {"from a b", "a b "},
      {"from a b key transfer.test.", "a b [transfer.test.]"},
      {"from a key TRANSFER.test", "a [transfer.test.]"},
      {"from key transfer.test.", "[transfer.test.]"},  // no addresses: the plugin's to refuse
  };
  for (const auto& each : cases) {
    CAPTURE(each.line);
    const PluginFixture server(". {\ntsig\npeers " + std::string(each.line) + "\n}\n",
                               {testing::fake_tsig_plugin(), peers()});
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    CHECK(read == each.expected);
  }
}

TEST_CASE("keys of tsig: one that is not there, or not at the end, is refused with its line") {
  const struct {
    const char *inside, *expected;
  } cases[] = {
      {"tsig\npeers from a key", "Corefile:3 - Error during parsing: expected the name of a key behind 'key'\n"},
      {"tsig\npeers from a key transfer.test. b",
       "Corefile:3 - Error during parsing: 'key NAME' ends a line: it is for all of its addresses\n"},
      {"tsig\npeers from a key other.test", "Corefile:3 - Error during parsing: key \"other.test.\" is not there\n"},
      {"tsig\npeers from a key a..b", "Corefile:3 - Error during parsing: key \"a..b\": "},
      {"peers from a key transfer.test.",
       "Corefile:2 - Error during parsing: key \"transfer.test.\" is not there: the server block has no tsig\n"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.inside);
    const PluginFixture server(". {\n" + std::string(each.inside) + "\n}\n", {testing::fake_tsig_plugin(), peers()});
    CHECK(!server.ok());
    CHECK_MESSAGE(server.error_text().starts_with("plugin/peers: " + std::string(each.expected)), server.error_text());
  }
}

TEST_CASE("keys of tsig: plugins behind it know what a query was signed with") {
  std::string seen;
  PluginFixture server(". {\ntsig\nwhoami\n}\n",
                       {testing::fake_tsig_plugin(),
                        testing::stand_in("whoami", [&](server::Query& query, server::Next) -> Task<server::Outcome> {
                          const auto key = key_of(query);
                          seen = key ? key->text() : "none";
                          return query.answer();
                        })});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.ask("www.test.");
  CHECK(seen == "none");
  server.handler<FakeTsigKeys>("tsig").signed_with = *dns::Name::parse("a.test.");
  server.ask("www.test.");
  CHECK(seen == "a.test.");
}

}  // namespace
}  // namespace portolan
