// The cache in a server block, over an upstream that the test scripts.
#include "plugins/cache/cache.h"

#include <doctest/doctest.h>

#include "dns/rdata_text.h"
#include "server/worker.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin cache_plugin;
}

namespace portolan::cache {
namespace {

using testing::Answer;
using testing::Ask;
using testing::PluginFixture;
using Texts = std::vector<std::string>;

// What the upstream gives; `%` in a record stands for how often it was asked.
struct Script {
  dns::Rcode rcode = dns::Rcode::noerror;
  Texts answer = {}, authority = {};
  bool ad = false;
  bool part_will_do = false;
  bool failed = false;  // no reply at all
  std::chrono::milliseconds delay{0};
  int asked = 0;
  bool saw_ad = false;
};

Script script;
dns::EdeCode reason = dns::EdeCode::none;  // of the last answer

void add(const Texts& texts, int asked, server::Query& query, ArenaVector<dns::Record>& section) {
  for (std::string text : texts) {
    if (const size_t at = text.find('%'); at != std::string::npos) text.replace(at, 1, std::to_string(asked));
    const auto owned = dns::parse_record(text, dns::Name(), 0);
    REQUIRE(owned.has_value());
    dns::Record record = owned->view();
    record.owner =
        dns::NameView(query.arena().copy(record.owner.wire()).data(), static_cast<uint8_t>(record.owner.size()));
    record.rdata = query.arena().copy(record.rdata);
    section.push_back(record);
  }
}

server::Outcome reply_now(server::Query& query, const Script& now) {
  if (now.failed) return query.fail(dns::Rcode::servfail, "upstream is gone");
  add(now.answer, now.asked, query, query.reply().answer);
  add(now.authority, now.asked, query, query.reply().authority);
  query.reply().header.ad = now.ad;
  query.reply().part_will_do = now.part_will_do;
  return query.answer(now.rcode);
}

Task<server::Outcome> reply_later(server::Query& query, Script now) {
  Task<void> pause = sleep_for(query.worker().loop(), now.delay);
  co_await pause;
  co_return reply_now(query, now);
}

Task<server::Outcome> upstream(server::Query& query, server::Next) {
  ++script.asked;
  script.saw_ad = query.header.ad;
  if (script.delay.count() > 0) return reply_later(query, script);
  return reply_now(query, script);
}

const char* const kSoa = "alder.test. 400 IN SOA ns.alder.test. h.alder.test. 1 2 3 4 5";

// A server with this `cache` line, and a fresh script.
struct Server {
  PluginFixture fixture;

  explicit Server(const std::string& section, const Server* previous = nullptr)
      : fixture(". {\n reason\n" + section + "\n upstream\n}\n",
                {testing::reason_seen("reason", reason), cache_plugin, testing::stand_in("upstream", upstream)},
                previous ? &previous->fixture : nullptr) {
    if (!fixture.ok()) return;
    script = {};
    script.answer = {"a.test. 60 IN A 10.0.0.%"};
  }
  Answer ask(bool dnssec_ok = false, bool cd = false, bool ad = false) {
    Ask question{.name = "a.test."};
    question.cd = cd;
    question.ad = ad;
    if (dnssec_ok) question.edns_size = 1232;
    question.dnssec_ok = dnssec_ok;
    return fixture.ask(question);
  }
  std::string first() {
    const Answer answer = ask();
    return answer.answer.empty() ? "" : answer.answer[0];
  }
  void wait(std::chrono::milliseconds time) { fixture.process().fake_clock.advance(time); }
};

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("cache: an answer is given again with what is left of its TTL, until that is over") {
  Server server("cache");
  CHECK(server.first() == "a.test. 60 IN A 10.0.0.1");
  server.wait(seconds(20));
  const Answer hit = server.ask();
  CHECK(hit.answer == Texts{"a.test. 40 IN A 10.0.0.1"});
  CHECK(hit.header.aa);  // although the upstream is no authority
  server.wait(milliseconds(39'900));
  CHECK(server.first() == "a.test. 1 IN A 10.0.0.1");
  server.wait(milliseconds(200));
  CHECK(server.first() == "a.test. 60 IN A 10.0.0.2");
}

TEST_CASE("cache: TTLs become the smallest of the message, within the limits of the side") {
  struct Case {
    const char* section;
    Texts answer, authority;
    dns::Rcode rcode;
    const char* ttl;
  };
  const auto ok = dns::Rcode::noerror, nx = dns::Rcode::nxdomain;
  const Case cases[] = {
      {"cache", {"a.test. 0 IN A 10.0.0.1"}, {}, ok, " 5 "},
      {"cache", {"a.test. 90000 IN A 10.0.0.1"}, {}, ok, " 3600 "},
      {"cache 30", {"a.test. 90000 IN A 10.0.0.1"}, {}, ok, " 30 "},
      {"cache 30", {"a.test. 20 IN A 10.0.0.1", "a.test. 10 IN A 10.0.0.2"}, {}, ok, " 10 "},
      {"cache {\n success 1024 100 50\n }", {"a.test. 20 IN A 10.0.0.1"}, {}, ok, " 50 "},
      {"cache", {}, {kSoa}, nx, " 400 "},
      {"cache", {}, {kSoa}, ok, " 400 "},
      {"cache {\n denial 1024 5 0\n }", {}, {kSoa}, nx, " 5 "},
      {"cache", {}, {"f.test. 20 IN NS a."}, dns::Rcode::servfail, " 5 "},
      {"cache {\n servfail 0\n }", {}, {"f.test. 20 IN NS a."}, dns::Rcode::servfail, " 0 "},
      {"cache", {}, {"f.test. 20 IN NS a."}, dns::Rcode::refused, " 5 "},
  };
  for (const Case& c : cases) {
    CAPTURE(c.section);
    CAPTURE(c.ttl);
    Server server(c.section);
    script.answer = c.answer;
    script.authority = c.authority;
    script.rcode = c.rcode;
    const Answer answer = server.ask();
    CHECK(answer.rcode == c.rcode);
    Texts all = answer.answer;
    all.insert(all.end(), answer.authority.begin(), answer.authority.end());
    REQUIRE_FALSE(all.empty());
    for (const std::string& record : all) CHECK(record.find(c.ttl) != std::string::npos);
  }
}

TEST_CASE("cache: SERVFAIL is kept for its own time, REFUSED and failures are not") {
  struct Case {
    const char* section;
    dns::Rcode rcode;
    bool failed;
    int asked;  // after two questions
  };
  for (const Case& c : {Case{"cache", dns::Rcode::servfail, false, 1}, Case{"cache", dns::Rcode::notimp, false, 1},
                        Case{"cache {\n servfail 0\n }", dns::Rcode::servfail, false, 2},
                        Case{"cache", dns::Rcode::refused, false, 2}, Case{"cache", dns::Rcode::servfail, true, 2}}) {
    CAPTURE(c.section);
    Server server(c.section);
    script = {.rcode = c.rcode, .failed = c.failed};
    CHECK(server.ask().rcode == c.rcode);
    CHECK(server.ask().rcode == c.rcode);
    CHECK(script.asked == c.asked);
  }
}

TEST_CASE("cache: questions with DO and with CD have entries of their own") {
  Server server("cache");
  CHECK(server.ask().answer[0] == "a.test. 60 IN A 10.0.0.1");
  CHECK(server.ask(true).answer[0] == "a.test. 60 IN A 10.0.0.2");
  CHECK(server.ask(false, true).answer[0] == "a.test. 60 IN A 10.0.0.3");
  CHECK(server.ask(true, true).answer[0] == "a.test. 60 IN A 10.0.0.4");
  CHECK(server.ask().answer[0] == "a.test. 60 IN A 10.0.0.1");
  const Answer both = server.ask(true, true);
  CHECK(both.answer[0] == "a.test. 60 IN A 10.0.0.4");
  CHECK(both.header.cd);
}

TEST_CASE("cache: an answer of which a part will do stays one, and all of it is kept") {
  Server server("cache");
  script.part_will_do = true;
  script.answer.clear();
  for (int i = 0; i < 100; ++i) script.answer.push_back("a.test. 60 IN A 10.0.1." + std::to_string(i));
  for (int i = 0; i < 2; ++i) {
    const Answer part = server.ask();
    CHECK_FALSE(part.header.tc);
    CHECK(part.answer.size() == 30);
  }
  CHECK(server.fixture.ask({.name = "a.test.", .transport = server::Transport::tcp}).answer.size() == 100);
  CHECK(script.asked == 1);
}

TEST_CASE("cache: AD is asked for, and given to those who want it") {
  Server server("cache");
  script.ad = true;
  CHECK_FALSE(server.ask().header.ad);
  CHECK(script.saw_ad);
  CHECK_FALSE(server.ask().header.ad);
  CHECK(server.ask(false, false, true).header.ad);
  CHECK(server.ask(true).header.ad);
  CHECK(server.ask(true).header.ad);
  CHECK(script.asked == 2);
}

TEST_CASE("cache: keepttl gives the full TTL until the end") {
  Server server("cache {\n keepttl\n }");
  CHECK(server.first() == "a.test. 60 IN A 10.0.0.1");
  server.wait(seconds(59));
  CHECK(server.first() == "a.test. 60 IN A 10.0.0.1");
  server.wait(seconds(1));
  CHECK(server.first() == "a.test. 60 IN A 10.0.0.2");
}

TEST_CASE("cache: a side can be switched off for zones, and zones limit the whole") {
  for (const char* section :
       {"cache {\n disable success\n }", "cache {\n disable success test\n }", "cache alder.test"}) {
    CAPTURE(section);
    Server server(section);
    CHECK(server.first() == "a.test. 60 IN A 10.0.0.1");
    CHECK(server.first() == "a.test. 60 IN A 10.0.0.2");
  }
  Server other("cache {\n disable success alder.test\n disable denial\n }");
  other.first();
  CHECK(other.first() == "a.test. 60 IN A 10.0.0.1");
}

TEST_CASE("cache: a popular entry is fetched again before its end") {
  Server server("cache {\n prefetch 2 1m 50%\n }");
  server.first();
  server.wait(seconds(40));
  CHECK(server.first() == "a.test. 20 IN A 10.0.0.1");  // one hit is not popular
  CHECK(script.asked == 1);
  CHECK(server.first() == "a.test. 20 IN A 10.0.0.1");  // two are
  CHECK(script.asked == 2);
  CHECK(server.first() == "a.test. 60 IN A 10.0.0.2");
}

TEST_CASE("cache: stale entries are served at once and fetched again behind") {
  Server server("cache {\n serve_stale 1h immediate 30s\n }");
  server.first();
  server.wait(seconds(61));
  script.delay = milliseconds(20);
  CHECK(server.first() == "a.test. 30 IN A 10.0.0.1");
  CHECK(server.first() == "a.test. 30 IN A 10.0.0.1");  // meanwhile one refresh only
  CHECK(script.asked == 2);
  CHECK(server.fixture.run_until([&] { return server.first() == "a.test. 60 IN A 10.0.0.2"; }));
  CHECK(script.asked == 2);
}

TEST_CASE("cache: what is stale, and a failure that is kept, come with that reason") {
  Server server("cache {\n serve_stale 1h\n }");
  server.first();
  CHECK(reason == dns::EdeCode::none);
  server.first();
  CHECK(reason == dns::EdeCode::none);
  server.wait(seconds(61));
  script.failed = true;
  server.first();
  CHECK(reason == dns::EdeCode::stale_answer);

  Server denying("cache {\n serve_stale 1h\n }");
  script = {.rcode = dns::Rcode::nxdomain, .authority = {kSoa}};
  denying.ask();
  denying.ask();
  CHECK(reason == dns::EdeCode::none);
  denying.wait(seconds(1801));
  script.failed = true;
  CHECK(denying.ask().rcode == dns::Rcode::nxdomain);
  CHECK(reason == dns::EdeCode::stale_nxdomain);

  Server failing("cache");
  script = {.rcode = dns::Rcode::servfail};
  failing.ask();
  CHECK(reason == dns::EdeCode::none);
  failing.ask();
  CHECK(reason == dns::EdeCode::cached_error);
}

TEST_CASE("cache: entries that are stale for too long are not served") {
  Server server("cache {\n serve_stale 10s\n }");
  server.first();
  server.wait(seconds(69));
  script.failed = true;
  CHECK(server.first() == "a.test. 0 IN A 10.0.0.1");
  server.wait(seconds(1));
  CHECK(server.ask().rcode == dns::Rcode::servfail);
}

TEST_CASE("cache: after a failed refresh the next is not tried before FAILURE_RECHECK") {
  for (const std::string mode : {"immediate 30s 20s", "verify 0 30s 20s"}) {
    CAPTURE(mode);
    Server server("cache {\n serve_stale 1h " + mode + "\n }");
    server.first();
    server.wait(seconds(61));
    script.failed = true;
    for (int i = 0; i < 3; ++i) CHECK(server.first() == "a.test. 30 IN A 10.0.0.1");
    CHECK(script.asked == 2);
    server.wait(seconds(20));
    CHECK(server.first() == "a.test. 30 IN A 10.0.0.1");
    CHECK(script.asked == 3);
  }
}

TEST_CASE("cache: verify asks first and serves stale only when that fails") {
  Server server("cache {\n serve_stale 1h verify\n }");
  server.first();
  server.wait(seconds(61));
  CHECK(server.first() == "a.test. 60 IN A 10.0.0.2");
  server.wait(seconds(61));
  script.rcode = dns::Rcode::servfail;
  script.answer = {};
  CHECK(server.first() == "a.test. 0 IN A 10.0.0.2");
  script.rcode = dns::Rcode::nxdomain;
  script.authority = {kSoa};
  CHECK(server.ask().rcode == dns::Rcode::nxdomain);
}

TEST_CASE("cache: verify with a time-out serves stale when it is over, and the refresh goes on") {
  Server server("cache {\n serve_stale 1h verify 20ms 7s\n }");
  server.first();
  server.wait(seconds(61));
  script.delay = milliseconds(60);
  CHECK(server.first() == "a.test. 7 IN A 10.0.0.1");
  script.delay = milliseconds(0);
  CHECK(server.first() == "a.test. 60 IN A 10.0.0.3");  // in time
  CHECK(server.fixture.run_until([&] { return server.first() == "a.test. 60 IN A 10.0.0.2"; }));
  script.failed = true;
  server.wait(seconds(61));
  CHECK(server.first() == "a.test. 7 IN A 10.0.0.2");
}

TEST_CASE("cache: prefer_positive gives the older answer rather than a denial") {
  Server server("cache {\n serve_stale 1h verify 0 9s\n serve_stale_policy prefer_positive\n }");
  server.first();
  server.wait(seconds(61));
  script.answer = {};
  script.authority = {kSoa};
  script.rcode = dns::Rcode::nxdomain;
  CHECK(server.first() == "a.test. 9 IN A 10.0.0.1");
  script.rcode = dns::Rcode::noerror;
  script.authority = {};  // empty: kept as an answer, but none
  CHECK(server.first() == "a.test. 9 IN A 10.0.0.1");
  CHECK(server.first() == "a.test. 9 IN A 10.0.0.1");
  script.answer = {"a.test. 60 IN A 10.0.1.%"};
  CHECK(server.first() == "a.test. 60 IN A 10.0.1.5");
}

TEST_CASE("cache: a SERVFAIL does not hide an answer that is still good") {
  Server server("cache {\n prefetch 1 1m 90%\n }");
  server.first();
  server.wait(seconds(10));
  script.rcode = dns::Rcode::servfail;
  script.answer = {};
  server.first();  // prefetches a SERVFAIL
  CHECK(script.asked == 2);
  CHECK(server.first() == "a.test. 50 IN A 10.0.0.1");
}

TEST_CASE("cache: a reload with the same section goes on with the same entries") {
  Server before("cache 100");
  before.first();
  Server same("cache 100", &before), other("cache 101", &before);
  CHECK(same.first() == "a.test. 60 IN A 10.0.0.1");
  CHECK(script.asked == 0);
  CHECK(other.first() == "a.test. 60 IN A 10.0.0.1");
  CHECK(script.asked == 1);
  const auto& store = before.fixture.handler<Cache>("cache").store();
  CHECK(&same.fixture.handler<Cache>("cache").store() == &store);
  CHECK(&other.fixture.handler<Cache>("cache").store() != &store);
}

TEST_CASE("cache: the counters of its listener tell what happened") {
  script = {.answer = {"a.test. 60 IN A 10.0.0.%"}};
  const auto line = [](const std::string& name, const std::string& labels, const std::string& value) {
    return "coredns_cache_" + name + "{server=\"dns://:7353\"," + labels + "} " + value + "\n";
  };
  PluginFixture fixture(".:7353 {\n cache {\n serve_stale\n }\n upstream\n}\n",
                        {cache_plugin, testing::stand_in("upstream", upstream)});
  fixture.ask("a.test.");
  fixture.ask("a.test.");
  fixture.process().fake_clock.advance(seconds(61));
  fixture.ask("a.test.");
  const std::string text = metrics::exposition(), zones = "view=\"\",zones=\".\"";
  for (const std::string& expected :
       {line("requests_total", zones, "3"), line("misses_total", zones, "1"), line("prefetch_total", zones, "1"),
        line("served_stale_total", zones, "1"), line("hits_total", "type=\"success\"," + zones, "2"),
        line("entries", "type=\"success\"," + zones, "1"), line("entries", "type=\"denial\"," + zones, "0")}) {
    CAPTURE(expected);
    CHECK(text.find(expected) != std::string::npos);
  }
  CHECK(text.find("coredns_cache_hits_total{server=\"dns://:7353\",type=\"denial\"") == std::string::npos);
}

}  // namespace
}  // namespace portolan::cache
