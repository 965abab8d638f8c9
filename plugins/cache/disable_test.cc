// `disable`: where nothing is kept, nothing is looked for either.
#include <doctest/doctest.h>

#include "plugins/cache/cache.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin cache_plugin;
}

namespace portolan::cache {
namespace {

using testing::PluginFixture;

constexpr uint8_t kKept[] = {192, 0, 2, 1}, kFresh[] = {192, 0, 2, 2};

Task<server::Outcome> upstream(server::Query& query, server::Next) {
  query.reply().answer.push_back({query.question.name, dns::RRType::a, dns::RRClass::in, 60, kFresh});
  return query.answer();
}

TEST_CASE("cache: an entry is not looked for where its side is switched off for the name") {
  const struct {
    const char* disabled;
    bool found;
  } cases[] = {{" disable success test\n disable denial test\n", false},
               {" disable success test\n", false},
               {" disable denial test\n", true},
               {" disable success other\n", true}};
  for (const auto& each : cases) {
    CAPTURE(each.disabled);
    PluginFixture server(std::string(". {\n cache {\n") + each.disabled + " }\n upstream\n}\n",
                         {cache_plugin, testing::stand_in("upstream", upstream)});
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    Arena arena;
    dns::Question question;
    question.name = question.lower = *dns::parse_name("a.test.", arena);
    question.type = dns::RRType::a;
    server::Reply reply(arena);
    reply.answer.push_back({question.name, dns::RRType::a, dns::RRClass::in, 60, kKept});
    // Nothing but the store itself can put it there.
    auto& store = const_cast<Store&>(server.handler<Cache>("cache").store());
    store.success.put(make_entry(Key::of(question, false, false), reply, server.process().fake_clock.now(), 60, true));
    CHECK(server.ask("a.test.").answer ==
          std::vector<std::string>{each.found ? "a.test. 60 IN A 192.0.2.1" : "a.test. 60 IN A 192.0.2.2"});
  }
}

}  // namespace
}  // namespace portolan::cache
