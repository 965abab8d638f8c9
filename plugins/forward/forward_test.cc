// Questions through `forward` to upstreams that behave and misbehave.
#include "plugins/forward/forward.h"

#include <doctest/doctest.h>

#include <set>

#include "plugins/forward/fake_upstream_test.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin forward_plugin;
}

using namespace portolan;
using namespace portolan::forward::testing;
using portolan::testing::Answer;
using portolan::testing::PluginFixture;
using server::Transport;

namespace {

dns::EdeCode reason = dns::EdeCode::none;  // of the last answer, where the Corefile has `reason`
std::chrono::milliseconds time_left{0};    // of a query, where the Corefile has `deadline`

Task<server::Outcome> set_deadline(server::Query& query, server::Next next) {
  query.deadline = std::chrono::steady_clock::now() + time_left;
  return next(query);
}

/// A server in front of some fake upstreams; `{0}`, `{1}` in the Corefile stand for their addresses.
struct Setting {
  std::unique_ptr<PluginFixture> server;  // its loop outlives the upstreams' watches
  std::vector<std::unique_ptr<FakeUpstream>> upstreams;

  Setting(std::string corefile, size_t count = 1, const Setting* previous = nullptr) {
    for (size_t i = 0; i < count; ++i) upstreams.push_back(std::make_unique<FakeUpstream>());
    const Setting& source = previous ? *previous : *this;
    for (size_t i = 0; i < source.upstreams.size(); ++i) {
      const std::string mark = "{" + std::to_string(i) + "}";
      for (size_t at; (at = corefile.find(mark)) != std::string::npos;) {
        corefile.replace(at, mark.size(), source.upstreams[i]->text());
      }
    }
    server = std::make_unique<PluginFixture>(
        corefile,
        std::vector{portolan::testing::reason_seen("reason", reason),
                    portolan::testing::stand_in("deadline", set_deadline), forward_plugin},
        previous ? previous->server.get() : nullptr);
    INFO(server->error_text());
    REQUIRE(server->ok());
    for (auto& each : upstreams) {
      each->serve = [](Asked& asked) { asked.reply(answer_to(asked, {"a.example. 60 IN A 192.0.2.1"})); };
      each->attach(server->worker().loop());
    }
  }
  FakeUpstream& up(size_t index = 0) { return *upstreams[index]; }
  /// Whether the first upstream is asked `count` times; what is under way when the answer is there may arrive yet.
  bool comes_to(unsigned count) {
    return server->run_until([&] { return up().count >= count; }) && up().count == count;
  }
  Answer ask(const std::string& name = "a.example.", Transport transport = Transport::udp) {
    return server->ask({.name = name, .transport = transport});
  }
};

const std::vector<std::string> kFirst = {"a.example. 60 IN A 192.0.2.1"};
const std::vector<std::string> kSecond = {"a.example. 60 IN A 192.0.2.2"};

auto answers(std::vector<std::string> records, dns::Rcode rcode = dns::Rcode::noerror) {
  return [records, rcode](Asked& asked) { asked.reply(answer_to(asked, records, rcode)); };
}

}  // namespace

TEST_CASE("forward: the upstream's answer and flags come back by the client's protocol") {
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    Setting setting(". {\n forward . {0}\n}\n");
    bool tcp = false;
    setting.up().serve = [&](Asked& asked) {
      tcp = asked.tcp;
      asked.reply(answer_to(asked, kFirst));
    };
    const Answer answer = setting.ask("a.example.", transport);
    CHECK(answer.rcode == dns::Rcode::noerror);
    CHECK(answer.answer == kFirst);
    CHECK(answer.header.ra);
    CHECK(answer.header.id == 4711);
    CHECK(tcp == (transport == Transport::tcp));
  }
}

TEST_CASE("forward: second upstream is tried after a timeout") {
  Setting setting(". {\n forward . {0} {1} {\n policy sequential\n read_timeout 300ms\n }\n}\n", 2);
  setting.up(0).serve = [](Asked&) {};
  setting.up(1).serve = answers(kSecond);
  CHECK(setting.ask().answer == kSecond);
}

TEST_CASE("forward: a query whose time is over asks nobody any more, and waits for whom it has asked") {
  Setting setting(". {\n deadline\n forward . {0} {1} {\n policy sequential\n read_timeout 300ms\n }\n}\n", 2);
  setting.up(0).serve = [](Asked&) {};
  time_left = std::chrono::milliseconds(250);
  CHECK(setting.ask().rcode == dns::Rcode::servfail);
  CHECK(setting.comes_to(1));
  CHECK(setting.up(1).count == 0);
  time_left = std::chrono::milliseconds(-1);
  CHECK(setting.ask("b.example.").rcode == dns::Rcode::servfail);
  CHECK(setting.up(0).count == 1);
  Setting patient(". {\n deadline\n forward . {0} {1} {\n policy sequential\n read_timeout 5s\n }\n}\n", 2);
  time_left = std::chrono::milliseconds(100);
  patient.up(0).serve = [](Asked& asked) {
    const SteadyTime late = std::chrono::steady_clock::now() + time_left;
    while (std::chrono::steady_clock::now() < late) {
    }
    asked.reply(answer_to(asked, kFirst));
  };
  CHECK(patient.ask().answer == kFirst);  // it came late, and is used
}

TEST_CASE("forward: an upstream that is not there is passed over") {
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    Setting setting(". {\n forward . {0} {1} {\n policy sequential\n }\n}\n", 2);
    setting.up(0).vanish();
    setting.up(1).serve = answers(kSecond);
    CHECK(setting.ask("a.example.", transport).answer == kSecond);
  }
}

TEST_CASE("forward: when nobody answers the client hears SERVFAIL") {
  Setting setting(". {\n forward . {0} {\n read_timeout 50ms\n max_fails 0\n }\n}\n");
  setting.up().serve = [](Asked&) {};
  CHECK(setting.ask().rcode == dns::Rcode::servfail);
  CHECK(setting.comes_to(2));  // twice the number of upstreams
  CHECK(setting.ask("b.example.", Transport::tcp).rcode == dns::Rcode::servfail);
}

TEST_CASE("forward: the reason tells silence, a network that fails and an upstream's own failure apart") {
  using dns::EdeCode;
  const std::string corefile = ". {\n reason\n forward . {0} {\n max_fails 0\n read_timeout ";
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    Setting setting(corefile + "5s\n }\n}\n");
    CHECK(setting.ask("a.example.", transport).rcode == dns::Rcode::noerror);
    CHECK(reason == EdeCode::none);
    setting.up().serve = answers({}, dns::Rcode::nxdomain);
    setting.ask("a.example.", transport);
    CHECK(reason == EdeCode::none);
    setting.up().serve = answers({}, dns::Rcode::servfail);
    CHECK(setting.ask("a.example.", transport).rcode == dns::Rcode::servfail);
    CHECK(reason == EdeCode::other);
    Setting impatient(corefile + "50ms\n }\n}\n");
    impatient.up().serve = [](Asked&) {};
    CHECK(impatient.ask("a.example.", transport).rcode == dns::Rcode::servfail);
    CHECK(reason == EdeCode::no_reachable_authority);
    setting.up().vanish();
    CHECK(setting.ask("b.example.", transport).rcode == dns::Rcode::servfail);
    CHECK(reason == EdeCode::network_error);
  }
}

TEST_CASE("forward: a wrong id, a wrong question and noise are waited past over UDP") {
  using Bad = std::function<Bytes(const Asked&)>;
  const Bad cases[] = {
      [](const Asked& asked) {
        Bytes bytes = answer_to(asked, {"a.example. 60 IN A 198.51.100.66"});
        bytes[1] ^= 1;
        return bytes;
      },
      [](const Asked& asked) {
        Bytes bytes = answer_to(asked, {"a.example. 60 IN A 198.51.100.66"});
        bytes[13] = 'b';
        return bytes;
      },
      [](const Asked& asked) {  // the type
        Bytes bytes = answer_to(asked, {"a.example. 60 IN A 198.51.100.66"});
        bytes[12 + 11 + 1] = 28;
        return bytes;
      },
      [](const Asked& asked) {  // a question, not an answer
        Bytes bytes = answer_to(asked, {"a.example. 60 IN A 198.51.100.66"});
        bytes[2] &= 0x7f;
        return bytes;
      },
      [](const Asked& asked) { return Bytes(asked.packet.begin(), asked.packet.begin() + 5); },
      [](const Asked& asked) {  // cut within a record
        Bytes bytes = answer_to(asked, {"a.example. 60 IN A 198.51.100.66"});
        bytes.resize(bytes.size() - 2);
        return bytes;
      },
  };
  for (const Bad& bad : cases) {
    Setting setting(". {\n forward . {0}\n}\n");
    setting.up().serve = [&](Asked& asked) {
      asked.reply(bad(asked));
      asked.reply(answer_to(asked, kFirst));
    };
    CHECK(setting.ask().answer == kFirst);
    CHECK(setting.up().count == 1);
  }
}

TEST_CASE("forward: a question in other case is the same, and the upstream's case is passed on") {
  Setting setting(". {\n forward . {0}\n}\n");
  setting.up().serve = [](Asked& asked) {
    Bytes bytes = answer_to(asked, {"A.example. 60 IN A 192.0.2.1"});
    bytes[13] = 'A';
    asked.reply(bytes);
  };
  const Answer answer = setting.ask();
  REQUIRE(answer.message.size() > 13);
  CHECK(answer.message[13] == 'A');
}

TEST_CASE("forward: guessed answers move the question to another port") {
  Setting setting(". {\n forward . {0}\n}\n");
  std::set<uint16_t> ports;
  setting.up().serve = [&](Asked& asked) {
    ports.insert(asked.from.port);
    if (asked.number > 1) return asked.reply(answer_to(asked, kFirst));
    Bytes forged = answer_to(asked, {"a.example. 60 IN A 198.51.100.66"});
    for (int i = 1; i <= 40; ++i) {
      forged[1] = static_cast<uint8_t>(asked.packet[1] + i);
      asked.reply(forged);
    }
  };
  CHECK(setting.ask().answer == kFirst);
  CHECK(ports.size() == 2);
}

TEST_CASE("forward: ids and ports vary") {
  Setting setting(". {\n forward . {0}\n}\n");
  std::set<uint16_t> ports, ids;
  setting.up().serve = [&](Asked& asked) {
    ports.insert(asked.from.port);
    ids.insert(asked.id());
    asked.reply(answer_to(asked, kFirst));
  };
  for (int i = 0; i < 200; ++i) CHECK(setting.ask().answer == kFirst);
  CHECK(ports.size() > 16);
  CHECK(ids.size() > 180);
}

TEST_CASE("forward: over TCP another question is FORMERR") {
  Setting setting(". {\n forward . {0}\n}\n");
  setting.up().serve = [](Asked& asked) {
    Bytes bytes = answer_to(asked, kFirst);
    bytes[13] = 'b';
    asked.reply(bytes);
  };
  const Answer answer = setting.ask("a.example.", Transport::tcp);
  CHECK(answer.rcode == dns::Rcode::formerr);
  CHECK(answer.answer.empty());
}

TEST_CASE("forward: a truncated answer is handed on, and asked for over TCP with prefer_udp") {
  const auto truncating = [](Asked& asked) {
    Bytes bytes = answer_to(asked, asked.tcp ? kFirst : std::vector<std::string>());
    if (!asked.tcp) bytes[2] |= 2;
    asked.reply(bytes);
  };
  Setting plain(". {\n forward . {0}\n}\n");
  plain.up().serve = truncating;
  CHECK(plain.ask().header.tc);
  CHECK(plain.up().count == 1);

  Setting preferring(". {\n forward . {0} {\n prefer_udp\n }\n}\n");
  preferring.up().serve = truncating;
  const Answer answer = preferring.ask("a.example.", Transport::tcp);
  CHECK(!answer.header.tc);
  CHECK(answer.answer == kFirst);
  CHECK(preferring.up().count == 2);
}

TEST_CASE("forward: force_tcp uses one connection for many questions") {
  Setting setting(". {\n forward . {0} {\n force_tcp\n }\n}\n");
  bool all_tcp = true;
  setting.up().serve = [&](Asked& asked) {
    all_tcp = all_tcp && asked.tcp;
    asked.reply(answer_to(asked, kFirst));
  };
  for (int i = 0; i < 5; ++i) CHECK(setting.ask().answer == kFirst);
  CHECK(all_tcp);
  CHECK(setting.up().connections() == 1);
}

TEST_CASE("forward: a kept connection that the upstream has closed is replaced without a failure") {
  Setting setting(". {\n forward . {0} {\n max_connect_attempts 1\n max_fails 0\n }\n}\n");
  CHECK(setting.ask("a.example.", Transport::tcp).answer == kFirst);
  setting.up().serve = [](Asked& asked) {
    if (asked.number == 2) return asked.close();
    asked.reply(answer_to(asked, kSecond));
  };
  CHECK(setting.ask("a.example.", Transport::tcp).answer == kSecond);
  CHECK(setting.up().connections() == 2);
}

TEST_CASE("forward: a new connection that is closed without an answer is a failure") {
  Setting setting(". {\n forward . {0} {\n max_connect_attempts 1\n max_fails 0\n }\n}\n");
  setting.up().serve = [](Asked& asked) { asked.close(); };
  CHECK(setting.ask("a.example.", Transport::tcp).rcode == dns::Rcode::servfail);
  CHECK(setting.up().count == 1);
}

TEST_CASE("forward: names outside FROM and in except go to the next plugin") {
  Setting setting(". {\n forward example {0} {\n except no.example\n }\n}\n");
  CHECK(setting.ask("a.example.").rcode == dns::Rcode::noerror);
  CHECK(setting.ask("a.other.").rcode == dns::Rcode::servfail);
  CHECK(setting.ask("no.example.").rcode == dns::Rcode::servfail);
  CHECK(setting.ask("a.no.example.").rcode == dns::Rcode::servfail);
  CHECK(setting.up().count == 1);
}

TEST_CASE("forward: failover asks the next upstream, the last answer counts") {
  Setting setting(". {\n forward . {0} {1} {\n policy sequential\n failover SERVFAIL refused\n }\n}\n", 2);
  setting.up(0).serve = answers({}, dns::Rcode::servfail);
  setting.up(1).serve = answers(kSecond);
  CHECK(setting.ask().answer == kSecond);
  setting.up(1).serve = answers({}, dns::Rcode::refused);
  CHECK(setting.ask().rcode == dns::Rcode::refused);
}

TEST_CASE("forward: next and next_on_nodata ask the next forward") {
  Setting setting(". {\n forward . {0} {\n next NXDOMAIN\n next_on_nodata\n }\n forward . {1}\n}\n", 2);
  setting.up(0).serve = answers({}, dns::Rcode::nxdomain);
  setting.up(1).serve = answers(kSecond);
  CHECK(setting.ask().answer == kSecond);
  setting.up(0).serve = answers({});
  CHECK(setting.ask().answer == kSecond);
  setting.up(0).serve = answers({}, dns::Rcode::refused);
  CHECK(setting.ask().rcode == dns::Rcode::refused);
}

TEST_CASE("forward: an upstream that fails is probed until it answers, and passed over meanwhile") {
  Setting setting(
      ". {\n forward . {0} {1} {\n policy sequential\n max_fails 1\n read_timeout 400ms\n health_check 5ms\n }\n}\n",
      2);
  forward::Upstream& first = *setting.server->handler<forward::Forward>("forward").upstreams()->front();
  setting.up(0).serve = [](Asked& asked) { asked.reply({0, 0, 0}); };  // nothing that can be taken for an answer
  setting.up(1).serve = answers(kSecond);
  CHECK(setting.ask().answer == kSecond);
  REQUIRE(setting.server->run_until([&] { return first.down(1); }));
  const unsigned before = setting.up(1).count;
  CHECK(setting.ask().answer == kSecond);
  CHECK(setting.up(1).count == before + 1);
  setting.up(0).serve = answers(kFirst);
  REQUIRE(setting.server->run_until([&] { return !first.down(1); }));
  CHECK(setting.ask().answer == kFirst);
}

TEST_CASE("forward: failfast answers SERVFAIL at once while all upstreams are down") {
  Setting setting(
      ". {\n forward . {0} {\n max_fails 1\n read_timeout 50ms\n health_check 5ms\n"
      " failfast_all_unhealthy_upstreams\n }\n}\n");
  forward::Upstream& first = *setting.server->handler<forward::Forward>("forward").upstreams()->front();
  setting.up().vanish();
  CHECK(setting.ask().rcode == dns::Rcode::servfail);
  REQUIRE(setting.server->run_until([&] { return first.down(1); }));
  CHECK(setting.ask().rcode == dns::Rcode::servfail);
}

TEST_CASE("forward: an unchanged upstream keeps its health across a reload") {
  Setting before(". {\n forward . {0} {\n max_fails 1\n read_timeout 50ms\n health_check 5ms\n }\n}\n");
  const auto old = before.server->handler<forward::Forward>("forward").upstreams();
  Setting same(". {\n forward . {0} {\n max_fails 3\n read_timeout 50ms\n health_check 5ms\n }\n}\n", 0, &before);
  CHECK(*same.server->handler<forward::Forward>("forward").upstreams() == *old);
  Setting other(". {\n forward . {0} {\n read_timeout 60ms\n }\n}\n", 0, &before);
  CHECK(*other.server->handler<forward::Forward>("forward").upstreams() != *old);
}

TEST_CASE("forward: options that make no sense are refused with their place") {
  const std::pair<const char*, const char*> cases[] = {
      {"forward", "Wrong argument count"},
      {"forward .", "Wrong argument count"},
      {"forward a..b 127.0.0.1", "unable to normalize 'a..b'"},
      {"forward . 127.0.0.1 {\n max_age 5s\n }", "must not be less than expire"},
      {"forward . 127.0.0.1 {\n expire -1s\n }", "must be at least 0"},
      {"forward . 127.0.0.1 {\n read_timeout 0s\n }", "must be at least"},
      {"forward . 127.0.0.1 {\n policy foo\n }", "must be one of"},
      {"forward . 127.0.0.1 {\n next FOO\n }", "FOO is not a valid rcode"},
      {"forward . 127.0.0.1 {\n failover NOERROR\n }", "NoError cannot be used in failover"},
      {"forward . 127.0.0.1 {\n health_check 1s foo\n }", "unknown option foo"},
      {"forward . 127.0.0.1 {\n health_check 1s domain\n }", "after 'domain'"},
      {"forward . 127.0.0.1 {\n resolver abc\n }", "resolver must be an IP address or IP:port"},
      {"forward . 127.0.0.1 {\n source_address x\n }", "not a valid IP address"},
      {"forward . 127.0.0.1 {\n tls /nowhere/ca.pem\n }", "error reading /nowhere/ca.pem"},
      {"forward . tls://127.0.0.1%a {\n tls_servername b\n }", "both forward ('b') and proxy level ('a')"},
      {"forward . 127.0.0.1 {\n max_fail 3\n }", "max_fails"},
      {"forward . https://127.0.0.1", "not built"},
  };
  for (const auto& [text, reason] : cases) {
    CAPTURE(text);
    const PluginFixture server(". {\n " + std::string(text) + "\n}\n", {forward_plugin});
    REQUIRE(!server.ok());
    CHECK(server.error_text().find(reason) != std::string::npos);
    CHECK(server.error_text().find("plugin/forward: ") != std::string::npos);
  }
}
