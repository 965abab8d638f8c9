// What must be signed: questions of clients.
#include "plugins/tsig/tsig.h"

#include <doctest/doctest.h>

#include "server/setup.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin tsig_plugin;
}

namespace portolan::tsig {
namespace {

using testing::PluginFixture;

// Answers NOERROR for TXT, and for another type with the rcode that a look-up of TXT has.
server::Plugin looks_up() {
  return testing::stand_in("whoami", [](server::Query& query, server::Next) -> Task<server::Outcome> {
    if (query.question.type == dns::RRType::txt) co_return query.answer();
    Task<server::Lookup> asking = query.lookup(query.question.lower, dns::RRType::txt);
    const server::Lookup found = co_await asking;
    co_return query.answer(found.query->reply().rcode);
  });
}

TEST_CASE("tsig: what must be signed is refused without a signature, the server's own look-ups are not") {
  for (const char* require : {"require TXT", "require_opcode QUERY\nrequire none"}) {
    CAPTURE(require);
    PluginFixture server("alder.test {\ntsig {\n" + std::string(require) + "\n}\nwhoami\n}\n",
                         {tsig_plugin, looks_up()});
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    CHECK(server.ask("www.alder.test.", dns::RRType::txt).rcode == dns::Rcode::refused);
  }
  PluginFixture server("alder.test {\ntsig {\nrequire TXT\n}\nwhoami\n}\n", {tsig_plugin, looks_up()});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.ask("www.alder.test.").rcode == dns::Rcode::noerror);
}

TEST_CASE("tsig: other plugins get keys of their server block to sign with, by name without regard to case") {
  PluginFixture server(
      "alder.test {\ntsig {\nsecret One.test. YWJj\nsecret two.test. YWJj hmac-sha512\nsecret bad.test. !\n}\n}\n"
      "birch.test {\ntsig {\nsecret other.test. YWJj\n}\n}\n",
      {tsig_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const auto& plugin = server.handler<TsigPlugin>("tsig");
  const auto shown = [&](std::string_view name) {
    const auto key = plugin.signing_key(*dns::Name::parse(name));
    if (key.has_error()) return key.error().message;
    return (*key)->name.text() + " " + dns::tsig_algorithm_name((*key)->algorithm).text() + " " + (*key)->secret;
  };
  CHECK(shown("oNE.test.") == "one.test. hmac-sha256. abc");
  CHECK(shown("two.test.") == "two.test. hmac-sha512. abc");
  CHECK(shown("bad.test.") == "key \"bad.test.\" signs nothing: its secret is not base64");
  CHECK(shown("Other.test.") == "key \"other.test.\" is not there: tsig of this server block has none of that name");
  CHECK(plugin.concerns(*dns::Name::parse("www.alder.test.")));
  CHECK_FALSE(plugin.concerns(*dns::Name::parse("birch.test.")));
}

}  // namespace
}  // namespace portolan::tsig
