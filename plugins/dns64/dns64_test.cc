// Which questions are translated, into what, and which Corefiles are taken. Addresses are those of RFC 6052's tables.
#include "plugins/dns64/dns64.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "dns/rdata.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin dns64_plugin;

namespace {

using dns::Rcode;
using dns::RRClass;
using dns::RRType;
using server::Outcome;
using server::Query;
using testing::Answer;
using testing::Ask;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

constexpr uint8_t kV4[] = {192, 0, 2, 33}, kOther[] = {192, 0, 2, 34};
constexpr uint8_t kV6[] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

std::string asked;  // what the plugin behind was asked for
std::string cause;  // of the outcome, as the plugin in front sees it

void soa(Query& query, uint32_t ttl) {
  const auto rdata = dns::soa_rdata({}, query.arena());
  query.reply().authority.push_back({query.question.name.parent(), RRType::soa, RRClass::in, ttl, rdata});
}

void add(Query& query, dns::NameView owner, RRType type, uint32_t ttl, std::span<const uint8_t> rdata) {
  query.reply().answer.push_back({owner, type, RRClass::in, ttl, rdata});
}

// Says by the question's first label what there is of it.
Outcome by_label(Query& query) {
  const std::string_view label = query.question.lower.first_label();
  const dns::NameView name = query.question.name;
  const bool v4 = query.question.type == RRType::a;
  asked += name.text() + " " + dns::text(query.question.type) + ", ";
  query.reply().header.aa = query.reply().header.ra = query.reply().header.ad = true;
  if (label == "dropped") return Outcome::dropped();
  if (label == "vanishes" && v4) return Outcome::dropped();
  if (label == "failed") return query.fail(Rcode::servfail, "plugin/last: broken");
  if (label == "unlucky") return v4 ? query.fail(Rcode::servfail) : query.answer();
  if (label == "upstreamless") return query.answer(v4 ? Rcode::refused : Rcode::servfail);
  if (label == "nothing") {
    soa(query, 30);
    return query.answer(Rcode::nxdomain);
  }
  if (label == "dangling") {
    add(query, name, RRType::cname, 60, dns::parse_name("nothing.test.", query.arena())->wire());
    return query.answer(Rcode::nxdomain);
  }
  if (label == "moved") {
    const auto target = *dns::parse_name("target.test.", query.arena());
    add(query, name, RRType::cname, 60, target.wire());
    if (v4) add(query, target, RRType::a, 50, kV4);
    return query.answer();
  }
  if (label == "many" && v4) {
    for (int i = 0; i < 100; ++i) {
      const uint8_t address[] = {192, 0, 2, static_cast<uint8_t>(i)};
      add(query, name, RRType::a, 60, query.arena().copy(std::span<const uint8_t>(address)));
    }
    query.reply().part_will_do = true;
    return query.answer();
  }
  if (label == "cut" && v4) query.reply().header.tc = true;
  if (label == "both" || label == "only6") {
    if (v4 && label == "both") add(query, name, RRType::a, 700, kV4);
    if (!v4) add(query, name, RRType::aaaa, 300, kV6);
    return query.answer();
  }
  if (label == "error")
    return v4 ? (add(query, name, RRType::a, 60, kV4), query.answer()) : query.answer(Rcode::refused);
  if (!v4) {
    if (label.starts_with("soa")) soa(query, static_cast<uint32_t>(std::atoi(std::string(label.substr(3)).c_str())));
    return query.answer();
  }
  add(query, name, RRType::a, 700, kV4);
  add(query, name, RRType::a, 5, kOther);
  query.reply().additional.push_back({name, RRType::a, RRClass::in, 9, kV4});
  return query.answer();
}

Task<Outcome> last(Query& query, server::Next) { return by_label(query); }

// The same, after something that is waited for.
Task<Outcome> late(Query& query, server::Next) {
  Task<server::Lookup> waiting = query.lookup(*dns::parse_name("away.elsewhere.", query.arena()), RRType::txt);
  const server::Lookup unused = co_await waiting;
  co_return by_label(query);
}

Task<Outcome> in_front(Query& query, server::Next next) {
  Task<Outcome> task = next(query);
  const Outcome outcome = co_await task;
  cause = outcome.cause;
  co_return outcome;
}

PluginFixture server_with(const std::string& directive, bool waiting = false) {
  return PluginFixture(
      ".:53 {\n" + directive + "\nwatch\nlast\n}\n",
      {testing::stand_in("watch", in_front), dns64_plugin, testing::stand_in("last", waiting ? late : last)});
}

Ask over_ipv6(const std::string& name, RRType type = RRType::aaaa) {
  return {.name = name, .type = type, .client = "2001:db8::99"};
}

TEST_CASE("dns64: an IPv4 address lies behind the prefix as RFC 6052 says, and bits 64 to 71 are zero") {
  static constexpr struct {
    const char *prefix, *address;
  } kCases[] = {
      {"2001:db8::/32", "2001:db8:c000:221::"},
      {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
      {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
      {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
      {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
      {"2001:db8:122:344::/96", "2001:db8:122:344::c000:221"},
      {"64:ff9b::/96", "64:ff9b::c000:221"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.prefix);
    const IpAddress made = dns64::embed(*IpPrefix::parse(each.prefix), IpAddress::v4(std::span<const uint8_t, 4>(kV4)));
    CHECK(made == *IpAddress::parse(each.address));
  }
}

TEST_CASE(
    "dns64: a name without IPv6 addresses has some made from its IPv4 ones, no longer than it is known to have none") {
  auto server = server_with("dns64");
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  static constexpr struct {
    const char* name;
    int first_ttl, second_ttl;
  } kCases[] = {{"soa90.test.", 90, 5}, {"soa3.test.", 3, 3}, {"plain.test.", 600, 5}, {"soa9000.test.", 700, 5}};
  for (const auto& each : kCases) {
    CAPTURE(each.name);
    const std::string name(each.name);
    const Answer answer = server.ask(over_ipv6(name));
    CHECK(answer.rcode == Rcode::noerror);
    CHECK(answer.answer == Lines{name + " " + std::to_string(each.first_ttl) + " IN AAAA 64:ff9b::c000:221",
                                 name + " " + std::to_string(each.second_ttl) + " IN AAAA 64:ff9b::c000:222"});
    CHECK(answer.authority.empty());  // those of the answer for A
    CHECK(answer.additional == Lines{name + " 9 IN A 192.0.2.33"});
    CHECK(answer.header.rd);
    CHECK_FALSE(answer.header.aa);
    CHECK_FALSE(answer.header.ra);
    CHECK_FALSE(answer.header.ad);
  }
}

TEST_CASE("dns64: only questions for AAAA of class IN are translated, and only those over IPv6 unless allowed") {
  auto strict = server_with("dns64");
  auto lenient = server_with("dns64 {\nallow_ipv4\n}");
  const auto translated = [](PluginFixture& server, Ask ask) {
    asked.clear();
    const Answer answer = server.ask(ask);
    const bool made = !answer.answer.empty() && answer.answer[0].find("64:ff9b::") != std::string::npos;
    CHECK(made == (asked == "plain.test. AAAA, plain.test. A, "));
    return made;
  };
  CHECK(translated(strict, over_ipv6("plain.test.")));
  CHECK(translated(lenient, over_ipv6("plain.test.")));
  CHECK_FALSE(translated(strict, {.name = "plain.test.", .type = RRType::aaaa}));
  CHECK_FALSE(translated(strict, {.name = "plain.test.", .type = RRType::aaaa, .client = "::ffff:127.0.0.1"}));
  CHECK(translated(lenient, {.name = "plain.test.", .type = RRType::aaaa}));
  CHECK_FALSE(translated(strict, over_ipv6("plain.test.", RRType::a)));
  CHECK_FALSE(translated(strict, over_ipv6("plain.test.", RRType::any)));
}

TEST_CASE("dns64: names that have IPv6 addresses are left alone, unless all are translated") {
  const struct {
    const char *directive, *name;
    Lines answer;
  } kCases[] = {
      {"dns64", "both.test.", {"both.test. 300 IN AAAA 2001:db8::1"}},
      {"dns64", "only6.test.", {"only6.test. 300 IN AAAA 2001:db8::1"}},
      {"dns64 {\ntranslate_all\n}", "both.test.", {"both.test. 600 IN AAAA 64:ff9b::c000:221"}},
      {"dns64 {\ntranslate_all\n}", "only6.test.", {}},
      {"dns64", "moved.test.", {"moved.test. 60 IN CNAME target.test.", "target.test. 50 IN AAAA 64:ff9b::c000:221"}},
      {"dns64 2001:db8:64::/96", "error.test.", {"error.test. 60 IN AAAA 2001:db8:64::c000:221"}},
      {"dns64 {\nprefix 2001:db8::/32\n}", "error.test.", {"error.test. 60 IN AAAA 2001:db8:c000:221::"}},
      {"dns64 2001:db8:64::/96 {\ntranslate_all\n}", "both.test.", {"both.test. 600 IN AAAA 2001:db8:64::c000:221"}},
      {"dns64 2001:db8:1::/96 {\nprefix 2001:db8:2::/96\n}",
       "moved.test.",
       {"moved.test. 60 IN CNAME target.test.", "target.test. 50 IN AAAA 2001:db8:2::c000:221"}},
      {"dns64 {\ntranslate_all\n}\ndns64 2001:db8:64::/96",
       "both.test.",
       {"both.test. 600 IN AAAA 2001:db8:64::c000:221"}},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    CAPTURE(each.name);
    for (const bool waiting : {false, true}) {
      auto server = server_with(each.directive, waiting);
      REQUIRE_MESSAGE(server.ok(), server.error_text());
      const Answer answer = server.ask(over_ipv6(each.name));
      CHECK(answer.rcode == Rcode::noerror);
      CHECK(answer.answer == each.answer);
    }
  }
}

TEST_CASE("dns64: what does not exist, what fails and what is dropped stays so") {
  static constexpr struct {
    const char* name;
    bool silent;
    Rcode rcode;
    size_t answers;
    bool asked_again;
    const char* cause;
  } kCases[] = {
      {"nothing.test.", false, Rcode::nxdomain, 0, false, ""},
      {"dangling.test.", false, Rcode::nxdomain, 1, false, ""},
      {"dropped.test.", true, Rcode::noerror, 0, false, ""},
      {"failed.test.", false, Rcode::servfail, 0, false, "plugin/last: broken"},
      {"unlucky.test.", false, Rcode::servfail, 0, true, ""},
      {"upstreamless.test.", false, Rcode::refused, 0, true, ""},
      {"vanishes.test.", false, Rcode::servfail, 0, true, "plugin/dns64: no answer to the question for A"},
  };
  auto server = server_with("dns64 {\ntranslate_all\n}");
  for (const auto& each : kCases) {
    CAPTURE(each.name);
    asked.clear();
    const Answer answer = server.ask(over_ipv6(each.name));
    CHECK(answer.silent == each.silent);
    CHECK(answer.rcode == each.rcode);
    CHECK(answer.answer.size() == each.answers);
    CHECK(cause == each.cause);
    const std::string name(each.name);
    CHECK(asked == name + " AAAA, " + (each.asked_again ? name + " A, " : ""));
  }
}

TEST_CASE("dns64: the client's question is repeated as it was asked, and a cut answer says so") {
  auto server = server_with("dns64");
  const Answer answer = server.ask(over_ipv6("CuT.Test."));
  CHECK(answer.header.tc);
  CHECK(answer.answer.front() == "cut.test. 600 IN AAAA 64:ff9b::c000:221");
  const std::string octets(answer.message.begin(), answer.message.end());
  CHECK(octets.substr(12, 10) == std::string("\3CuT\4Test\0", 10));
}

TEST_CASE("dns64: of an answer whose part will do as much is given as there is room for") {
  auto server = server_with("dns64");
  const Answer answer = server.ask(over_ipv6("many.test."));
  CHECK_FALSE(answer.header.tc);
  CHECK(answer.answer.size() > 10);
  CHECK(answer.answer.size() < 100);
}

TEST_CASE("dns64: translations are counted, other answers are not") {
  static const metrics::CounterFamily family("coredns_dns64_requests_translated_total", "", {"server"});
  const metrics::Counter counter = family.with({"dns://:53"});
  auto server = server_with("dns64");
  const uint64_t before = counter.value();
  for (const char* name : {"plain.test.", "both.test.", "nothing.test.", "unlucky.test.", "soa90.test."}) {
    server.ask(over_ipv6(name));
  }
  CHECK(counter.value() == before + 2);
}

TEST_CASE("dns64: wrong use is refused with its place") {
  static constexpr struct {
    const char *directive, *error;
  } kCases[] = {
      {"dns64 64:ff9b::/95",
       "Corefile:2 - Error during parsing: invalid prefix length \"64:ff9b::/95\", must be one "
       "of 32, 40, 48, 56, 64, 72, 80, 88, 96"},
      {"dns64 {\nprefix 64:ff9b::/31\n}",
       "Corefile:3 - Error during parsing: invalid prefix length \"64:ff9a::/31\", "
       "must be one of 32, 40, 48, 56, 64, 72, 80, 88, 96"},
      {"dns64 64:ff9b::/104",
       "Corefile:2 - Error during parsing: invalid prefix length \"64:ff9b::/104\", must be one "
       "of 32, 40, 48, 56, 64, 72, 80, 88, 96"},
      {"dns64 10.0.0.0/8",
       "Corefile:2 - Error during parsing: invalid netmask 32 IPv6 address: \"10.0.0.0/8\", an "
       "IPv6 prefix is needed"},
      {"dns64 abc", "Corefile:2 - Error during parsing: illegal CIDR notation \"abc\""},
      {"dns64 {\nprefix\n}",
       "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after "
       "'prefix', expecting 'prefix PREFIX'"},
      {"dns64 64::/96 b",
       "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'b', expecting 'dns64 "
       "[PREFIX]'"},
      {"dns64 {\nfoo\n}", "Corefile:3 - Error during parsing: unknown property 'foo'"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    auto server = server_with(each.directive);
    CHECK(server.error_text() == "plugin/dns64: " + std::string(each.error) + "\n");
  }
}

}  // namespace
}  // namespace portolan
