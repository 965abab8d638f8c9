// Flags of queries and of answers, and the Corefiles that say what becomes of them.
#include "plugins/header/header.h"

#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin header_plugin;

namespace {

using testing::Answer;
using testing::Ask;
using testing::PluginFixture;

/// "aa ra rd" of those that are set.
std::string flags(const dns::Header& header) {
  std::string text;
  for (const auto& [set, name] : {std::pair(header.aa, "aa"), {header.ra, "ra"}, {header.rd, "rd"}}) {
    if (set) text += (text.empty() ? "" : " ") + std::string(name);
  }
  return text;
}

std::string seen;  // the query's flags behind the plugin

// Authoritative answers; names below "fail." fail, those below "late." are answered after a turn of the loop.
Task<server::Outcome> later(server::Query& query) {
  Task<void> pause = sleep_for(query.worker().loop(), std::chrono::milliseconds(1));
  co_await pause;
  query.reply().header.aa = true;
  co_return query.answer();
}

Task<server::Outcome> behind(server::Query& query, server::Next) {
  seen = flags(query.header);
  if (query.question.lower.first_label() == "fail") return query.fail(dns::Rcode::servfail);
  if (query.question.lower.first_label() == "late") return later(query);
  query.reply().header.aa = true;
  return query.answer();
}

std::vector<server::Plugin> table() { return {header_plugin, testing::stand_in("last", behind)}; }

std::string corefile(const std::string& directives) { return ".:53 {\n" + directives + "\nlast\n}\n"; }

TEST_CASE("header: flags are as the last line about each says, on both ways") {
  struct Case {
    const char *lines, *name;
    bool rd;
    const char *query, *answer;
  };
  const Case cases[] = {
      {"response set ra", "a.", true, "rd", "aa ra rd"},
      {"response set ra", "late.", true, "rd", "aa ra rd"},
      {"response clear aa", "a.", true, "rd", "rd"},
      {"response clear aa rd\nresponse set ra", "a.", true, "rd", "ra"},
      {"response set ra\nresponse clear ra", "a.", true, "rd", "aa rd"},
      {"response clear ra aa\nresponse set aa", "a.", true, "rd", "aa rd"},
      {"RESPONSE Set RA", "a.", true, "rd", "aa ra rd"},
      {"response clear rd", "a.", true, "rd", "aa"},
      {"response set rd", "a.", false, "", "aa rd"},
      // The answer's RD is the query's as it stands; the other flags of a query are not an answer's.
      {"query clear rd", "a.", true, "", "aa"},
      {"query set rd", "a.", false, "rd", "aa rd"},
      {"query set aa ra", "a.", false, "aa ra", "aa"},
      {"query clear rd\nresponse set rd", "a.", true, "", "aa rd"},
      // A failure is answered by the server: RD as it stands, and nothing set or cleared.
      {"response set ra aa", "fail.", true, "rd", "rd"},
      {"query clear rd\nresponse set ra", "fail.", true, "", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.lines);
    CAPTURE(c.name);
    PluginFixture server(corefile("header {\n" + std::string(c.lines) + "\n}"), table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    Ask ask;
    ask.name = c.name;
    ask.rd = c.rd;
    const Answer answer = server.ask(ask);
    REQUIRE_FALSE(answer.silent);
    CHECK(seen == c.query);
    CHECK(flags(answer.header) == c.answer);
  }
}

TEST_CASE("header: of several directives the first with a rule counts, and the log warns of the others") {
  PluginFixture server(corefile("header {\n}\nheader {\n response set ra\n}\nheader {\n response set rd\n}"), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  Ask ask;
  ask.name = "a.";
  ask.rd = false;
  CHECK(flags(server.ask(ask).header) == "aa ra");
  const auto& warnings = server.configuration().warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == "plugin/header: Corefile:7 - only the first header of a server block counts");
}

TEST_CASE("header: a Corefile's mistakes are told with their line") {
  const std::string place = "plugin/header: Corefile:3 - Error during parsing: ";
  const struct {
    const char* corefile;
    std::string message;
  } cases[] = {
      {"header",
       "plugin/header: Corefile:2 - Error during parsing: no rules, expecting 'query|response set|clear "
       "FLAGS...'"},
      {"header {\n}",
       "plugin/header: Corefile:2 - Error during parsing: no rules, expecting 'query|response set|clear "
       "FLAGS...'"},
      {"header {\n response\n}", place + "Wrong argument count or unexpected line ending after 'response', expecting "
                                         "'response set|clear FLAGS...'"},
      {"header {\n response set\n}", place + "Wrong argument count or unexpected line ending after 'set', expecting "
                                             "'response set|clear FLAGS...'"},
      {"header {\n response toggle ra\n}", place + "wrong value for set|clear: 'toggle', must be one of: set, clear"},
      {"header {\n query set xx\n}", place + "wrong value for FLAGS: 'xx', must be one of: aa, ra, rd"},
      {"header {\n answer set ra\n}", place + "unknown property 'answer'"},
      {"header x {\n query set rd\n}",
       "plugin/header: Corefile:2 - Error during parsing: Wrong argument count or "
       "unexpected line ending after 'x', expecting 'header'"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.corefile);
    PluginFixture server(corefile(c.corefile), table());
    CHECK(server.error_text() == c.message + "\n");
  }
}

}  // namespace
}  // namespace portolan
