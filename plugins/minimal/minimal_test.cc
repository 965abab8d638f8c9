// minimal: which answers lose their last two sections.
#include "plugins/minimal/minimal.h"

#include <doctest/doctest.h>

#include "dns/rdata.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin minimal_plugin;

namespace {

using dns::Rcode;
using dns::RRType;
using server::Query;
using testing::Answer;
using testing::PluginFixture;

// What the plugin behind answers: a letter a record, by section. a: address, c: CNAME, n: NS, s: SOA.
struct Made {
  std::string answer, authority, additional;
  Rcode rcode = Rcode::noerror;
  bool failed = false, late = false;
};
Made made;

void put(Query& query, ArenaVector<dns::Record>& section, const std::string& letters) {
  static constexpr uint8_t kAddress[] = {192, 0, 2, 1};
  for (const char letter : letters) {
    dns::Record record{query.question.name, RRType::a, dns::RRClass::in, 60, kAddress};
    if (letter == 'c') record.type = RRType::cname;
    if (letter == 'n') record.type = RRType::ns;
    if (letter == 's') record.type = RRType::soa;
    if (letter == 's') record.rdata = dns::soa_rdata({}, query.arena());
    if (letter == 'c' || letter == 'n') record.rdata = query.question.name.wire();
    section.push_back(record);
  }
}

server::Outcome make(Query& query) {
  if (made.failed) return query.fail(made.rcode);
  server::Reply& reply = query.reply();
  put(query, reply.answer, made.answer);
  put(query, reply.authority, made.authority);
  put(query, reply.additional, made.additional);
  return query.answer(made.rcode);
}

Task<server::Outcome> make_later(Query& query) {
  Task<void> pause = sleep_for(query.worker().loop(), std::chrono::milliseconds(1));
  co_await pause;
  co_return make(query);
}

Task<server::Outcome> behind(Query& query, server::Next) {
  if (made.late) return make_later(query);
  return make(query);
}

std::vector<server::Plugin> table() { return {minimal_plugin, testing::stand_in("last", behind)}; }

TEST_CASE("minimal: positive answers lose authority and additional section, others keep them") {
  struct Case {
    const char* what;
    Made made;
    RRType type;
    size_t answer, authority, additional;
  };
  const Case cases[] = {
      {"an answer", {"a", "nn", "aa"}, RRType::a, 1, 0, 0},
      {"an answer that comes late", {"a", "nn", "aa", Rcode::noerror, false, true}, RRType::a, 1, 0, 0},
      {"an alias", {"ca", "n", "a"}, RRType::a, 2, 0, 0},
      {"an answer with a SOA", {"c", "s", "a"}, RRType::a, 1, 0, 0},
      {"nothing but additional data", {"", "", "aa"}, RRType::a, 0, 0, 0},
      {"an authority section of neither kind", {"", "a", "a"}, RRType::a, 0, 0, 0},
      {"no data", {"", "s", "a"}, RRType::a, 0, 1, 1},
      {"no data, with the name servers", {"", "ns", "a"}, RRType::a, 0, 2, 1},
      {"a delegation", {"", "nn", "aa"}, RRType::a, 0, 2, 2},
      {"no name", {"", "s", "a", Rcode::nxdomain}, RRType::a, 0, 1, 1},
      {"an alias to no name", {"c", "s", "", Rcode::nxdomain}, RRType::a, 1, 1, 0},
      {"an error with records", {"a", "n", "a", Rcode::servfail}, RRType::a, 1, 1, 1},
      {"a refusal", {"", "n", "", Rcode::refused}, RRType::a, 0, 1, 0},
      {"a failure", {"", "", "", Rcode::servfail, true}, RRType::a, 0, 0, 0},
      {"a transfer", {"sas", "n", "a"}, RRType::axfr, 3, 1, 1},
      {"a lone SOA for IXFR", {"s", "n", "a"}, RRType::ixfr, 1, 1, 1},
  };
  PluginFixture server(".:53 {\nminimal\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  for (const Case& c : cases) {
    CAPTURE(c.what);
    made = c.made;
    const Answer answer = server.ask("www.example.org.", c.type);
    REQUIRE_FALSE(answer.silent);
    CHECK(answer.rcode == c.made.rcode);
    CHECK(answer.answer.size() == c.answer);
    CHECK(answer.authority.size() == c.authority);
    CHECK(answer.additional.size() == c.additional);
  }
}

TEST_CASE("minimal: it takes neither arguments nor a block") {
  for (const char* directive : {"minimal x", "minimal {\n}"}) {
    CAPTURE(directive);
    PluginFixture server(".:53 {\n" + std::string(directive) + "\nlast\n}\n", table());
    CHECK(server.error_text().starts_with("plugin/minimal: Corefile:2 - Error during parsing: "));
  }
}

}  // namespace
}  // namespace portolan
