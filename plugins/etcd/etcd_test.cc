// The plugin as a whole, in front of a fake etcd: following changes, failures, reloads. What it answers for which keys
// is in the recorded scenarios (tests/golden).
#include "plugins/etcd/etcd.h"

#include <doctest/doctest.h>

#include "plugins/etcd/fake_etcd.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin etcd_plugin;
}

namespace portolan::etcd {
namespace {

using dns::RRType;
using testing::PluginFixture;
using Texts = std::vector<std::string>;

std::vector<server::Plugin> table() {
  return {etcd_plugin, testing::stand_in("next", [](server::Query& query, server::Next) -> Task<server::Outcome> {
            return query.answer(dns::Rcode::notimp);
          })};
}

std::string corefile(const std::string& urls, const std::string& more = "") {
  return "org {\n etcd {\n endpoint " + urls + "\n " + more + "\n }\n next\n}\n";
}

std::string address(int last) { return R"({"host":"192.0.2.)" + std::to_string(last) + R"(","ttl":9})"; }

// The answer to an A question for www.org, as soon as it is `expected`; the last one after five seconds.
Texts becomes(PluginFixture& fixture, const Texts& expected) {
  testing::Answer answer;
  fixture.run_until(
      [&] {
        answer = fixture.ask("www.org.");
        return answer.answer == expected;
      },
      std::chrono::seconds(5));
  return answer.answer;
}

Texts www(int last) { return {"www.org. 9 IN A 192.0.2." + std::to_string(last)}; }

TEST_CASE("etcd: puts and deletions are answered soon") {
  FakeEtcd etcd;
  etcd.put("/skydns/org/www", address(1));
  PluginFixture fixture(corefile(etcd.url()), table());
  REQUIRE(fixture.error_text() == "");
  CHECK(fixture.ask("www.org.").answer == www(1));
  etcd.put("/skydns/org/www", address(2));
  CHECK(becomes(fixture, www(2)) == www(2));
  etcd.put("/elsewhere/org/www", address(3));
  etcd.remove("/skydns/org/www");
  CHECK(becomes(fixture, {}) == Texts{});
  CHECK(fixture.ask("www.org.").rcode == dns::Rcode::nxdomain);
  CHECK(etcd.reads() == 1);
}

TEST_CASE("etcd: more keys than fit a page are all read") {
  FakeEtcd etcd;
  for (int i = 0; i < 2500; ++i) etcd.put("/skydns/org/n" + std::to_string(i), address(i % 250 + 1));
  PluginFixture fixture(corefile(etcd.url()), table());
  CHECK(fixture.ask("n2499.org.").answer == Texts{"n2499.org. 9 IN A 192.0.2.250"});
  CHECK(fixture.ask("n0.org.").answer == Texts{"n0.org. 9 IN A 192.0.2.1"});
}

TEST_CASE("etcd: after a lost connection it goes on where it was") {
  FakeEtcd etcd;
  etcd.put("/skydns/org/www", address(1));
  PluginFixture fixture(corefile(etcd.url()), table());
  CHECK(fixture.ask("www.org.").answer == www(1));
  etcd.refuse(true);
  etcd.cut();
  etcd.put("/skydns/org/www", address(2));
  CHECK(fixture.ask("www.org.").answer == www(1));
  etcd.refuse(false);
  CHECK(becomes(fixture, www(2)) == www(2));
  CHECK(etcd.reads() == 1);
}

TEST_CASE("etcd: what was forgotten meanwhile is read again as a whole") {
  FakeEtcd etcd;
  etcd.put("/skydns/org/www", address(1));
  etcd.put("/skydns/org/old", address(7));
  PluginFixture fixture(corefile(etcd.url()), table());
  CHECK(fixture.ask("old.org.").rcode == dns::Rcode::noerror);
  etcd.refuse(true);
  etcd.cut();
  etcd.put("/skydns/org/www", address(2));
  etcd.remove("/skydns/org/old");
  etcd.compact();
  etcd.refuse(false);
  CHECK(becomes(fixture, www(2)) == www(2));
  CHECK(fixture.ask("old.org.").rcode == dns::Rcode::nxdomain);
  CHECK(etcd.reads() == 2);
}

TEST_CASE("etcd: another store at the same place is read as a whole") {
  for (const bool other_cluster : {true, false}) {
    CAPTURE(other_cluster);
    FakeEtcd first("1"), second(other_cluster ? "2" : "1");
    first.put("/skydns/org/a", address(9));
    first.put("/skydns/org/www", address(1));
    second.put("/skydns/org/www", address(2));
    if (other_cluster) {
      for (int i = 0; i < 5; ++i) second.put("/x", "");
    }
    PluginFixture fixture(corefile(first.url() + " " + second.url()), table());
    CHECK(fixture.ask("www.org.").answer == www(1));
    first.refuse(true);
    first.cut();
    CHECK(becomes(fixture, www(2)) == www(2));
    CHECK(fixture.ask("a.org.").rcode == dns::Rcode::nxdomain);
  }
}

TEST_CASE("etcd: the next endpoint takes over when one is gone") {
  auto first = std::make_unique<FakeEtcd>();
  FakeEtcd second;
  for (FakeEtcd* each : {first.get(), &second}) each->put("/skydns/org/www", address(1));
  PluginFixture fixture(corefile(first->url() + " " + second.url()), table());
  CHECK(fixture.ask("www.org.").answer == www(1));
  CHECK(second.watches() == 0);
  first.reset();
  second.put("/skydns/org/www", address(2));
  CHECK(becomes(fixture, www(2)) == www(2));
  CHECK(second.reads() == 0);  // the same store: nothing is read twice
}

TEST_CASE("etcd: never reached, questions fail with the reason, but for the SOA") {
  std::string gone;
  {
    gone = FakeEtcd().url();
  }
  dns::EdeCode reason = dns::EdeCode::other;
  PluginFixture fixture("org {\n seen\n etcd {\n endpoint " + gone + "\n fallthrough\n }\n}\n",
                        {testing::reason_seen("seen", reason), etcd_plugin});
  REQUIRE(fixture.error_text() == "");
  const auto answer = fixture.ask("www.org.");
  CHECK(answer.rcode == dns::Rcode::servfail);
  CHECK(answer.header.aa);
  CHECK(reason == dns::EdeCode::not_ready);
  REQUIRE(answer.authority.size() == 1);
  CHECK(answer.authority[0].starts_with("org. 30 IN SOA ns.dns.org. hostmaster.org. "));
  CHECK(fixture.ask("org.", RRType::soa).rcode == dns::Rcode::noerror);
}

TEST_CASE("etcd: a token is asked for anew when it is of no use any more") {
  FakeEtcd etcd;
  etcd.require("u", "p");
  etcd.put("/skydns/org/www", address(1));
  PluginFixture fixture(corefile(etcd.url(), "credentials u p"), table());
  CHECK(fixture.ask("www.org.").answer == www(1));
  etcd.forget_tokens();
  etcd.cut();
  etcd.put("/skydns/org/www", address(2));
  CHECK(becomes(fixture, www(2)) == www(2));
}

TEST_CASE("etcd: a right for what lies below the zone is enough") {
  FakeEtcd etcd;
  etcd.deny_below("/skydns/org/");
  etcd.put("/skydns/org/www", address(1));
  PluginFixture fixture(corefile(etcd.url()), table());
  CHECK(fixture.ask("www.org.").answer == www(1));
  etcd.put("/skydns/org/www", address(2));
  CHECK(becomes(fixture, www(2)) == www(2));
}

TEST_CASE("etcd: leases make TTLs, also those of keys that come later") {
  FakeEtcd etcd;
  etcd.set_lease(1, 500, 500);
  etcd.set_lease(2, 40, 50);
  etcd.put("/skydns/org/a", R"({"host":"192.0.2.1"})", 1);
  PluginFixture fixture(corefile(etcd.url(), "min-lease-ttl 20\n max-lease-ttl 1m"), table());
  CHECK(fixture.ask("a.org.").answer == Texts{"a.org. 60 IN A 192.0.2.1"});
  etcd.put("/skydns/org/b", R"({"host":"192.0.2.2"})", 2);
  testing::Answer answer;
  const auto is_known = [&] {
    answer = fixture.ask("b.org.");
    return answer.answer.size() == 1 && answer.answer[0] != "b.org. 20 IN A 192.0.2.2";
  };
  CHECK(fixture.run_until(is_known, std::chrono::seconds(5)));
  const bool close =
      answer.answer == Texts{"b.org. 40 IN A 192.0.2.2"} || answer.answer == Texts{"b.org. 39 IN A 192.0.2.2"};
  CHECK(close);
}

TEST_CASE("etcd: a reload keeps the state of an unchanged section, and waits for that of a new one") {
  FakeEtcd etcd;
  etcd.put("/skydns/org/www", address(1));
  PluginFixture before(corefile(etcd.url()), table());
  CHECK(before.ask("www.org.").answer == www(1));
  {
    PluginFixture same(corefile(etcd.url()), table(), &before);
    CHECK(same.ask("www.org.").answer == www(1));
    CHECK(etcd.reads() == 1);
  }
  std::string gone;
  {
    gone = FakeEtcd().url();
  }
  PluginFixture unreachable(corefile(gone), table(), &before);
  CHECK(unreachable.ask("www.org.").answer == www(1));  // the old state goes on until there is a new one
  PluginFixture longer(corefile(gone + " " + etcd.url()), table(), &before);
  CHECK(longer.ask("www.org.").answer == www(1));
}

TEST_CASE("etcd: aliases that multiply are followed so far and no further") {
  FakeEtcd etcd;
  for (int i = 0; i < 10; ++i) {
    for (int j = 0; j < 10; ++j) {
      const std::string key = "/skydns/org/n" + std::to_string(i) + "/" + std::to_string(j);
      etcd.put(key, R"({"host":"n)" + std::to_string((i + j) % 10) + R"(.org"})");
    }
  }
  PluginFixture fixture(corefile(etcd.url()), table());
  CHECK(fixture.ask("n0.org.").rcode == dns::Rcode::noerror);
}

TEST_CASE("etcd: so many names are followed, and so many records given, and no more") {
  FakeEtcd etcd;
  for (int i = 0; i < 300; ++i) {
    const std::string target = "t" + std::to_string(i);
    etcd.put("/skydns/org/" + target, address(1));
    etcd.put("/skydns/org/near/" + target, R"({"host":")" + target + R"(.org"})");
    etcd.put("/skydns/org/far/" + target, R"({"host":")" + target + R"(.net"})");
  }
  for (int i = 0; i < 4200; ++i) {
    const std::string host = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
    etcd.put("/skydns/org/many/" + std::to_string(i), R"({"host":")" + host + R"("})");
  }
  size_t records = 0;
  int asked_elsewhere = 0;
  const auto count = [&](server::Query& query, server::Next next) -> Task<server::Outcome> {
    Task<server::Outcome> answering = next(query);
    const server::Outcome outcome = co_await answering;
    records = query.reply().answer.size();
    co_return outcome;
  };
  const auto elsewhere = [&](server::Query& query, server::Next) -> Task<server::Outcome> {
    ++asked_elsewhere;
    const IpAddress target = *IpAddress::parse("192.0.2.7");
    const auto rdata = query.arena().copy(target.octets());
    query.reply().answer.push_back({query.question.name, RRType::a, dns::RRClass::in, 60, rdata});
    return query.answer();
  };
  PluginFixture fixture("org {\n count\n etcd {\n endpoint " + etcd.url() + "\n }\n}\nnet {\n elsewhere\n}\n",
                        {testing::stand_in("count", count), etcd_plugin, testing::stand_in("elsewhere", elsewhere)});
  REQUIRE(fixture.error_text() == "");
  const auto is_read = [&] { return fixture.ask("near.org.").rcode == dns::Rcode::noerror; };
  CHECK(fixture.run_until(is_read, std::chrono::seconds(20)));  // thousands of keys, and perhaps a busy machine
  CHECK(records == 2 * 256);                                    // each an alias and its address
  CHECK(fixture.ask("far.org.").rcode == dns::Rcode::noerror);
  CHECK(records == 2 * 64);
  CHECK(asked_elsewhere == 64);
  CHECK(fixture.ask("many.org.").rcode == dns::Rcode::noerror);
  CHECK(records == 4096);
  CHECK(fixture.ask("many.org.", RRType::srv).rcode == dns::Rcode::noerror);
  CHECK(records == 4096);
}

TEST_CASE("etcd: what cannot be meant is refused with its line") {
  struct Case {
    const char *section, *error;
  };
  const Case cases[] = {
      {"etcd {\n endpoint unix://x\n }", "Corefile:3 - Error during parsing: endpoint \"unix://x\""},
      {"etcd {\n endpoint http://a:99999\n }", "expected a port"},
      {"etcd {\n credentials u\n }", "credentials requires 2 arguments, username and password"},
      {"etcd {\n credentials u p q\n }", "credentials requires 2 arguments, username and password"},
      {"etcd {\n min-lease-ttl x\n }", "invalid min-lease-ttl value: invalid TTL format"},
      {"etcd {\n max-lease-ttl -5s\n }", "invalid max-lease-ttl value: TTL must be non-negative"},
      {"etcd {\n max-lease-ttl 4294967296\n }", "TTL too large, maximum is 4294967295 seconds"},
      {"etcd {\n tls /none/ca.pem\n }", "error reading /none/ca.pem: open /none/ca.pem: no such file or directory"},
      {"etcd {\n tls a b c d\n }", "Corefile:3 - Error during parsing"},
      {"etcd {\n foo\n }", "unknown property 'foo'"},
      {"etcd\n etcd", "this plugin can only be used once per Server Block"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.section);
    PluginFixture fixture("org {\n " + std::string(each.section) + "\n}\n", table());
    CHECK(fixture.error_text().find(each.error) != std::string::npos);
    CHECK(fixture.error_text().find("plugin/etcd") != std::string::npos);
  }
}

TEST_CASE("etcd: options that are not given have CoreDNS's defaults") {
  std::vector<dns::Name> zones{*dns::Name::parse("org"), *dns::Name::parse("a.org"), *dns::Name::parse("b.net")};
  CHECK(ranges_of(zones, "/skydns") ==
        std::vector<Range>{{"/skydns/net/b", "/skydns/net/b0"}, {"/skydns/org", "/skydns/org0"}});
  CHECK(ranges_of({dns::Name()}, "") == std::vector<Range>{{"/", "0"}});
  CHECK(ranges_of({*dns::Name::parse("any.org")}, "/s") == std::vector<Range>{{"/s/org", "/s/org0"}});
}

}  // namespace
}  // namespace portolan::etcd
