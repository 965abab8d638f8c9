// What the directive accepts, and how it refuses the rest.
#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin dnstap_plugin;

namespace {

std::string errors_of(const std::string& directive) {
  testing::PluginFixture server(
      ".:53 {\n" + directive + "\nlast\n}\n",
      {dnstap_plugin, testing::stand_in("last", [](server::Query& query, server::Next) { return query.answer(); })});
  return server.error_text();
}

TEST_CASE("dnstap: wrong use is refused with its place, in CoreDNS's words where it has some") {
  static constexpr struct {
    const char *directive, *error;
  } kCases[] = {
      {"dnstap",
       "2 - Error during parsing: Wrong argument count or unexpected line ending after 'dnstap', expecting 'dnstap "
       "SOCKET'"},
      {"dnstap listen", "2 - Error during parsing: dnstap listen requires an endpoint argument"},
      {"dnstap tcp://h:1 full x",
       "2 - Error during parsing: dnstap: invalid MultipleTcpWriteBuf \"x\": strconv.Atoi: parsing \"x\": invalid "
       "syntax"},
      {"dnstap tcp://h:1 full 0",
       "2 - Error during parsing: dnstap: MultipleTcpWriteBuf must be between 1 and 1024 (MiB units): 0"},
      {"dnstap tcp://h:1 full 1 9999",
       "2 - Error during parsing: dnstap: MultipleQueue must be between 1 and 4096 (x10k messages): 9999"},
      {"dnstap tcp://h:1 full 1 1 1", "2 - Error during parsing: unexpected '1' behind the size of the queue"},
      {"dnstap tcp://h", "2 - Error during parsing: 'tcp://h': address h: missing port in address"},
      {"dnstap s {\n identity\n}",
       "3 - Error during parsing: Wrong argument count or unexpected line ending after 'identity', expecting "
       "'identity IDENTITY'"},
      {"dnstap s {\n tls a b\n}", "3 - Error during parsing: tls directive only valid for listeners"},
      {"dnstap listen tls://:1", "2 - Error during parsing: a listener on tls://:1 needs 'tls CERT KEY'"},
      {"dnstap listen tls://:1 {\n tls a\n}",
       "3 - Error during parsing: Wrong argument count or unexpected line ending after 'a', expecting 'tls CERT "
       "KEY [CA]'"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    CHECK(errors_of(each.directive) == "plugin/dnstap: Corefile:" + std::string(each.error) + "\n");
  }
  CHECK(errors_of("dnstap s {\n foo\n}").find("unknown property 'foo'") != std::string::npos);
}

TEST_CASE("dnstap: a word where only `full` means something is warned about") {
  testing::PluginFixture server(
      ".:53 {\n dnstap /nowhere/s fool 2 3\n last\n}\n",
      {dnstap_plugin, testing::stand_in("last", [](server::Query& query, server::Next) { return query.answer(); })});
  REQUIRE(server.ok());
  REQUIRE(server.configuration().warnings().size() == 1);
  CHECK(server.configuration().warnings()[0] ==
        "plugin/dnstap: Corefile:2 - 'fool' is not 'full': messages are sent without their DNS messages");
}

}  // namespace
}  // namespace portolan
