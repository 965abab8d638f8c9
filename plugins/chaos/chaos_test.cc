// chaos: what is told, to whom, and where the texts come from.
#include "plugins/chaos/chaos.h"

#include <doctest/doctest.h>
#include <sys/utsname.h>

#include <algorithm>
#include <set>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin chaos_plugin;

namespace {

using dns::RRClass;
using dns::RRType;
using testing::Answer;
using testing::Ask;
using testing::PluginFixture;

Task<server::Outcome> behind(server::Query& query, server::Next) { return query.fail(dns::Rcode::notimp); }

std::vector<server::Plugin> table() { return {chaos_plugin, testing::stand_in("last", behind)}; }

std::string corefile(const std::string& directive) { return ".:53 {\n" + directive + "\nlast\n}\n"; }

Answer ask(PluginFixture& server, const std::string& name, RRType type = RRType::txt, RRClass cls = RRClass::ch) {
  Ask question;
  question.name = name;
  question.type = type;
  question.cls = cls;
  question.edns_size = 4096;
  return server.ask(question);
}

/// The texts of the answer's TXT records in order, without their quotes.
std::vector<std::string> texts(const Answer& answer) {
  std::vector<std::string> found;
  for (const std::string& line : answer.answer) {
    const size_t quote = line.find('"');
    REQUIRE(quote != std::string::npos);
    found.push_back(line.substr(quote + 1, line.size() - quote - 2));
  }
  return found;
}

TEST_CASE("chaos: version, authors and host name are told in the class CH, with the question's own name") {
  PluginFixture server(corefile("chaos Example-1 oak \"pine <pine@example.org>\" oak"), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  utsname host{};
  REQUIRE(uname(&host) == 0);
  const std::string name = host.nodename;
  const struct {
    const char* question;
    std::string answer;
  } cases[] = {
      {"version.bind.", "version.bind. 0 CH TXT \"Example-1\""},
      {"Version.Bind.", "Version.Bind. 0 CH TXT \"Example-1\""},
      {"version.server.", "version.server. 0 CH TXT \"Example-1\""},
      {"hostname.bind.", "hostname.bind. 0 CH TXT \"" + name + "\""},
      {"id.server.", "id.server. 0 CH TXT \"" + name + "\""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.question);
    const Answer answer = ask(server, c.question);
    CHECK(answer.rcode == dns::Rcode::noerror);
    CHECK_FALSE(answer.header.aa);
    CHECK(answer.answer == std::vector{c.answer});
  }
  auto authors = texts(ask(server, "authors.bind."));
  std::sort(authors.begin(), authors.end());
  CHECK(authors == std::vector<std::string>{"oak", "pine <pine@example.org>"});  // each once
}

TEST_CASE("chaos: every author is named first at some time") {
  PluginFixture server(corefile("chaos v a b c"), table());
  std::set<std::string> first;
  for (int i = 0; i < 300 && first.size() < 3; ++i) first.insert(texts(ask(server, "authors.bind.")).front());
  CHECK(first.size() == 3);
}

TEST_CASE("chaos: other names, types and classes are passed on") {
  PluginFixture server(corefile("chaos"), table());
  const struct {
    const char* name;
    RRType type;
    RRClass cls;
  } cases[] = {{"version.bind.", RRType::txt, RRClass::in},   {"version.bind.", RRType::a, RRClass::ch},
               {"version.bind.", RRType::any, RRClass::ch},   {"authors.server.", RRType::txt, RRClass::ch},
               {"x.version.bind.", RRType::txt, RRClass::ch}, {"bind.", RRType::txt, RRClass::ch},
               {"version.bind.", RRType::txt, RRClass::hs}};
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(ask(server, c.name, c.type, c.cls).rcode == dns::Rcode::notimp);
  }
}

TEST_CASE("chaos: without arguments it is Portolan and its authors that answer") {
  for (const char* directive : {"chaos", "chaos {\n}"}) {
    PluginFixture server(corefile(directive), table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    CHECK(texts(ask(server, "version.bind.")) == std::vector<std::string>{"Portolan-" PORTOLAN_VERSION});
    CHECK(texts(ask(server, "authors.bind.")) == std::vector<std::string>{"The Portolan authors"});
  }
  PluginFixture server(corefile("chaos v {\n}"), table());
  CHECK(texts(ask(server, "version.bind.")) == std::vector<std::string>{"v"});
  CHECK(texts(ask(server, "authors.bind.")) == std::vector<std::string>{"The Portolan authors"});
}

TEST_CASE("chaos: texts are cut at the 255 octets of a string") {
  const std::string text(300, 'x'), cut(255, 'x');
  PluginFixture server(corefile("chaos " + text + " " + text), table());
  CHECK(texts(ask(server, "version.bind.")) == std::vector{cut});
  CHECK(texts(ask(server, "authors.bind.")) == std::vector{cut});
}

TEST_CASE("chaos: a second directive is told of, an option is refused") {
  PluginFixture twice(corefile("chaos one\nchaos two"), table());
  REQUIRE(twice.ok());
  CHECK(texts(ask(twice, "version.bind.")) == std::vector<std::string>{"one"});
  CHECK(twice.configuration().warnings() ==
        std::vector<std::string>{"plugin/chaos: Corefile:3 - only the first chaos of a server block counts"});
  PluginFixture option(corefile("chaos {\n x\n}"), table());
  CHECK(option.error_text() == "plugin/chaos: Corefile:3 - Error during parsing: unknown property 'x'\n");
}

}  // namespace
}  // namespace portolan
