// What is told to those who watch the exchanges with upstreams (`dnstap`, `trace`).
#include <doctest/doctest.h>

#include "plugins/forward/fake_upstream_test.h"
#include "plugins/forward/forward.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin forward_plugin;
}

using namespace portolan;
using namespace portolan::forward::testing;
using portolan::testing::Ask;
using portolan::testing::PluginFixture;
using server::Transport;

namespace {

struct Seen {
  std::string upstream;
  SocketAddress local, remote;
  Transport transport;
  Bytes question, answer;
  bool in_order;
};
std::vector<Seen> seen;

class Watcher : public server::Handler, public server::Tap {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
  bool wants(const server::Query& query) const noexcept override {
    return query.question.lower.first_label() != "quiet";
  }
  void exchanged(server::Query&, const server::UpstreamExchange& exchange) noexcept override {
    seen.push_back({std::string(exchange.upstream), exchange.local, exchange.remote, exchange.transport,
                    Bytes(exchange.question.begin(), exchange.question.end()),
                    Bytes(exchange.answer.begin(), exchange.answer.end()), exchange.asked <= exchange.ended});
  }
};

const server::Plugin kWatcher{.name = "watcher", .setup = [](server::Setup& setup) -> Result<void> {
                                setup.add(std::make_unique<Watcher>());
                                return {};
                              }};

// The same question twice at once.
Task<server::Outcome> twice(server::Query& query, server::Next next) {
  const server::QueryPtr branch = query.branch(query.question);
  Task<server::Outcome> other = next(*branch), own = next(query);
  co_await other;
  co_return co_await own;
}

}  // namespace

TEST_CASE("forward: each exchange with an upstream is told, with what was on the wire and both addresses") {
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    auto upstream = std::make_unique<FakeUpstream>();
    PluginFixture server(". {\n watcher\n forward . " + upstream->text() + "\n}\n", {kWatcher, forward_plugin});
    REQUIRE(server.ok());
    Asked got;
    Bytes said;
    upstream->serve = [&](Asked& asked) {
      got = asked;
      said = answer_to(asked, {"a.example. 60 IN A 192.0.2.1"});
      asked.reply(said);
    };
    upstream->attach(server.worker().loop());
    seen.clear();
    Ask ask;
    ask.name = "a.example.";
    ask.transport = transport;
    CHECK(server.ask(ask).rcode == dns::Rcode::noerror);
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].upstream == upstream->text());
    CHECK(seen[0].remote.text() == upstream->text());
    CHECK(seen[0].local.ip.is_loopback());
    CHECK(seen[0].local.port != 0);
    if (transport == Transport::udp) CHECK(seen[0].local == got.from);
    CHECK(seen[0].transport == transport);
    CHECK(seen[0].question == got.packet);
    CHECK(seen[0].answer == said);
    CHECK(seen[0].in_order);
    upstream.reset();
  }
}

TEST_CASE("forward: of a question that stands for two, both are told as it was on the wire") {
  auto upstream = std::make_unique<FakeUpstream>();
  PluginFixture server(". {\n twice\n watcher\n forward . " + upstream->text() + "\n}\n",
                       {portolan::testing::stand_in("twice", twice), kWatcher, forward_plugin});
  REQUIRE(server.ok());
  Bytes got;
  upstream->serve = [&](Asked& asked) {
    got = asked.packet;
    asked.reply(answer_to(asked, {"a.example. 60 IN A 192.0.2.1"}));
  };
  upstream->attach(server.worker().loop());
  seen.clear();
  CHECK(server.ask("a.example.").rcode == dns::Rcode::noerror);
  CHECK(upstream->count == 1);
  REQUIRE(seen.size() == 2);
  for (const Seen& each : seen) CHECK(each.question == got);
  upstream.reset();
}

TEST_CASE("forward: an upstream that says nothing is told as a question without an answer") {
  auto upstream = std::make_unique<FakeUpstream>();
  PluginFixture server(
      ". {\n watcher\n forward . " + upstream->text() + " {\n read_timeout 20ms\n max_connect_attempts 2\n }\n}\n",
      {kWatcher, forward_plugin});
  REQUIRE(server.ok());
  upstream->serve = [](Asked&) {};
  upstream->attach(server.worker().loop());
  seen.clear();
  Ask ask;
  ask.name = "a.example.";
  CHECK(server.ask(ask).rcode == dns::Rcode::servfail);
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].answer.empty());
  CHECK(seen[1].local.port == 0);
  CHECK_FALSE(seen[1].question.empty());
  upstream.reset();
}

TEST_CASE("forward: of a query that nobody watches nothing is told") {
  auto upstream = std::make_unique<FakeUpstream>();
  PluginFixture server(". {\n watcher\n forward . " + upstream->text() + "\n}\n", {kWatcher, forward_plugin});
  REQUIRE(server.ok());
  upstream->serve = [&](Asked& asked) { asked.reply(answer_to(asked, {})); };
  upstream->attach(server.worker().loop());
  seen.clear();
  CHECK(server.ask("quiet.example.").rcode == dns::Rcode::noerror);
  CHECK(seen.empty());
  upstream.reset();
}
