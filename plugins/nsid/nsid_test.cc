// nsid: who gets the identifier, and what it says.
#include "plugins/nsid/nsid.h"

#include <doctest/doctest.h>
#include <sys/utsname.h>

#include <optional>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin nsid_plugin;

namespace {

using server::Outcome;
using server::Query;
using testing::PluginFixture;

constexpr uint16_t kNsid = 3, kCookie = 10, kEde = 15;

std::span<const uint8_t> octets(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// What the plugin behind does, by the first label of the name.
Outcome answer(Query& query) {
  const std::string_view label = query.question.lower.first_label();
  if (label == "fail") return query.fail(dns::Rcode::servfail);
  if (label == "drop") return Outcome::dropped();
  if (label == "taken") query.edns.reset();
  if (label == "upstream") {
    const auto options = query.arena().array<dns::EdnsOption>(2);
    options[0] = {kNsid, octets("another server")};
    options[1] = {kEde, query.arena().copy(octets(std::string_view("\0\3", 2)))};
    query.reply().edns.emplace().options = options;
  }
  return query.answer();
}

Task<Outcome> answer_later(Query& query) {
  Task<void> pause = sleep_for(query.worker().loop(), std::chrono::milliseconds(1));
  co_await pause;
  co_return answer(query);
}

// Two messages, as a transfer.
Task<Outcome> stream(Query& query) {
  for (int i = 0; i < 2; ++i) {
    Task<bool> sending = query.stream();
    const bool open = co_await sending;
    if (!open) co_return Outcome::dropped();
  }
  co_return Outcome::sent();
}

/// Puts options into a question: the fixture's questions have an OPT without any.
std::vector<dns::EdnsOption> asked;

Task<Outcome> with_options(Query& query, server::Next next) {
  if (query.edns) query.edns->options = asked;
  return next(query);
}

Task<Outcome> behind(Query& query, server::Next) {
  if (query.question.type == dns::RRType::axfr) return stream(query);
  if (query.question.lower.first_label() == "late") return answer_later(query);
  return answer(query);
}

std::vector<server::Plugin> table() {
  return {testing::stand_in("first", with_options), nsid_plugin, testing::stand_in("last", behind)};
}

std::string corefile(const std::string& directive) { return ".:53 {\nfirst\n" + directive + "\nlast\n}\n"; }

/// "do 3=text 15=.." of an answer's OPT; "none" without one.
std::string opt_of(const std::vector<uint8_t>& message) {
  if (message.empty()) return "silence";
  Arena arena;
  dns::ParsedMessage parsed;
  REQUIRE(dns::parse_message(message, arena, parsed));
  if (!parsed.edns) return "none";
  std::string text = std::to_string(parsed.edns->udp_size) + (parsed.edns->dnssec_ok ? " do" : "");
  for (const dns::EdnsOption& option : parsed.edns->options) {
    text += " " + std::to_string(option.code) + "=";
    text += option.code == kEde ? "ede" : std::string(option.data.begin(), option.data.end());
  }
  return text;
}

TEST_CASE("nsid: answers have the identifier if it was asked for") {
  struct Case {
    const char *what, *name;
    int edns_size;
    std::vector<dns::EdnsOption> asked;
    const char* opt;
  };
  const Case cases[] = {
      {"asked", "www.", 1232, {{kNsid, {}}}, "1232 do 3=rack 7"},
      {"asked, answered later", "late.", 1232, {{kNsid, {}}}, "1232 do 3=rack 7"},
      {"asked with text", "www.", 4096, {{kNsid, octets("abc")}}, "4096 do 3=rack 7"},
      {"other options are not repeated then",
       "www.",
       1232,
       {{kCookie, octets("12345678")}, {kNsid, {}}},
       "1232 do 3=rack 7"},
      {"not asked", "www.", 1232, {}, "1232"},
      {"something else asked", "www.", 1232, {{kCookie, octets("12345678")}}, "1232 10=12345678"},
      {"no EDNS", "www.", -1, {}, "none"},
      {"in the place of an upstream's", "upstream.", 1232, {{kNsid, {}}}, "1232 3=rack 7 15=ede"},
      {"a failure repeats what was asked", "fail.", 1232, {{kNsid, octets("q")}}, "1232 3=q"},
      {"the OPT taken away by a plugin behind", "taken.", 1232, {{kNsid, {}}}, "none"},
      {"dropped", "drop.", 1232, {{kNsid, {}}}, "silence"},
  };
  PluginFixture server(corefile("nsid rack 7"), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  for (const Case& c : cases) {
    CAPTURE(c.what);
    asked = c.asked;
    testing::Ask ask;
    ask.name = c.name;
    ask.edns_size = c.edns_size;
    CHECK(opt_of(server.ask(ask, std::chrono::milliseconds(500)).message) == c.opt);
  }
}

TEST_CASE("nsid: every message of a transfer has the identifier") {
  PluginFixture server(corefile("nsid rack 7"), table());
  asked = {{kNsid, {}}};
  testing::Ask ask;
  ask.name = "example.org.";
  ask.type = dns::RRType::axfr;
  ask.transport = server::Transport::tcp;
  ask.edns_size = 1232;
  const testing::Answer answer = server.ask(ask);
  REQUIRE(answer.streamed.size() == 2);
  for (const auto& message : answer.streamed) CHECK(opt_of(message) == "1232 do 3=rack 7");
}

TEST_CASE("nsid: the identifier is the host's name, or the words of the Corefile") {
  utsname host{};
  REQUIRE(uname(&host) == 0);
  const struct {
    std::string directive, text;
  } cases[] = {
      {"nsid", host.nodename},
      {"nsid one", "one"},
      {"nsid a  b c", "a b c"},
      {"nsid \"a  b\"", "a  b"},
      {"nsid " + std::string(226, 'x'), std::string(226, 'x')},
  };
  for (const auto& c : cases) {
    CAPTURE(c.directive);
    PluginFixture server(corefile(c.directive), table());
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    asked = {{kNsid, {}}};
    testing::Ask ask;
    ask.name = "www.";
    ask.edns_size = 512;
    CHECK(opt_of(server.ask(ask).message) == "512 do 3=" + c.text);
  }
}

TEST_CASE("nsid: the longest identifier fits beside the longest name into 512 octets") {
  PluginFixture server(corefile("nsid " + std::string(226, 'x')), table());
  asked = {{kNsid, {}}};
  testing::Ask ask;
  for (const int length : {63, 63, 63, 61}) ask.name.append(length, 'a').append(".");
  ask.edns_size = 512;
  const testing::Answer answer = server.ask(ask);
  CHECK(answer.message.size() == 512);
  CHECK_FALSE(answer.header.tc);
}

TEST_CASE("nsid: a Corefile's mistakes are told with their line") {
  const struct {
    std::string corefile, message;
  } cases[] = {
      {"nsid\nnsid b",
       "plugin/nsid: Corefile:4 - Error during parsing: this plugin can only be used once per Server "
       "Block"},
      {"nsid {\n}",
       "plugin/nsid: Corefile:3 - Error during parsing: Unexpected token '{', expecting argument: 'nsid' "
       "has no block"},
      {"nsid " + std::string(227, 'x'),
       "plugin/nsid: Corefile:3 - Error during parsing: DATA has 227 octets, at most "
       "226 fit into every answer"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.corefile);
    PluginFixture server(corefile(c.corefile), table());
    CHECK(server.error_text() == c.message + "\n");
  }
}

}  // namespace
}  // namespace portolan
