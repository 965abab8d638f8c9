// What collectors are sent: over connections of ours and of theirs, plain and in TLS, while they are there and while
// they are not.
#include "plugins/dnstap/dnstap.h"

#include <doctest/doctest.h>

#include "base/log_capture.h"
#include "plugins/dnstap/collector_test.h"
#include "server/metadata.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin dnstap_plugin;

namespace dnstap::testing {
namespace {

using portolan::testing::Answer;
using portolan::testing::Ask;
using portolan::testing::PluginFixture;
using server::Outcome;
using server::Query;

constexpr std::string_view kWire = "question on the wire", kWireBack = "answer on the wire";

std::span<const uint8_t> octets(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Answers by the first label: refuses, drops, fails, or asks an upstream, which is there or not.
Task<Outcome> last(Query& query, server::Next) {
  const std::string_view what = query.question.lower.first_label();
  if (what == "silent") return Outcome::dropped();
  if (what == "broken") return query.fail(dns::Rcode::servfail);
  if (what == "far" || what == "gone") {
    if (query.metadata) query.metadata->set("forward/upstream", "192.0.2.53:53");
    server::UpstreamExchange exchange;
    exchange.remote = {*IpAddress::parse("192.0.2.53"), 53};
    exchange.transport = server::Transport::tcp;
    exchange.question = octets(kWire);
    if (what == "far") {
      exchange.local = {*IpAddress::parse("192.0.2.1"), 4000};
      exchange.answer = octets(kWireBack);
    }
    exchange.asked = exchange.ended = std::chrono::steady_clock::now();
    for (auto* tap : query.block->others<server::Tap>()) tap->exchanged(query, exchange);
  }
  return query.answer(what == "refused" ? dns::Rcode::refused : dns::Rcode::noerror);
}

// Asks this server for another name before it answers.
Task<Outcome> looking(Query& query, dns::NameView name) {
  Task<server::Lookup> asking = query.lookup(name, dns::RRType::a);
  co_await asking;
  co_return query.answer();
}
Task<Outcome> first(Query& query, server::Next next) {
  if (query.question.lower.first_label() != "alias") return next(query);
  return looking(query, *dns::parse_name("web.example.", query.arena()));
}

// Every query has metadata.
constexpr server::Plugin kMetadata{.name = "metadata", .setup = [](server::Setup& setup) -> Result<void> {
                                     setup.block().metadata_zones_.emplace();
                                     return {};
                                   }};

std::unique_ptr<PluginFixture> serve(const std::string& directives, const PluginFixture* previous = nullptr) {
  auto server =
      std::make_unique<PluginFixture>(". {\n metadata\n" + directives + "\n first\n last\n}\n",
                                      std::vector{kMetadata, dnstap_plugin, portolan::testing::stand_in("first", first),
                                                  portolan::testing::stand_in("last", last)},
                                      previous);
  INFO(server->error_text());
  REQUIRE(server->ok());
  return server;
}

const Sink& sink_of(PluginFixture& server) { return server.handler<Dnstap>("dnstap").sink(); }

std::string text(const std::vector<uint8_t>& message) { return {message.begin(), message.end()}; }

Ask over_tcp(const std::string& name) {
  Ask ask;
  ask.name = name;
  ask.transport = server::Transport::tcp;
  ask.client = "2001:db8::7";
  return ask;
}

TEST_CASE("dnstap: a client's query and the answer that leaves are told in this order") {
  const Folder folder;
  Collector collector(folder / "s");
  const auto server = serve("dnstap " + folder / "s" + " full {\n identity me\n version v7\n }");
  const auto peer = collector.accept();
  REQUIRE(peer);
  REQUIRE(peer->greet());
  const Answer answer = server->ask("web.example.");
  const auto query = peer->next();
  REQUIRE(query);
  CHECK(query->identity == "me");
  CHECK(query->version == "v7");
  CHECK(query->extra.empty());
  CHECK(query->type == 5);
  CHECK(query->family == 1);
  CHECK(query->protocol == 1);
  CHECK(query->query_address == std::string("\x7f\0\0\1", 4));
  CHECK(query->query_port == 40000);
  CHECK(query->query_seconds == 1'700'000'000);
  CHECK(query->query_message.substr(12, 13) == std::string("\3web\7example\0", 13));
  CHECK(query->response_message.empty());
  const auto response = peer->next();
  REQUIRE(response);
  CHECK(response->type == 6);
  CHECK(response->query_seconds == 1'700'000'000);
  CHECK(response->response_seconds == 1'700'000'000);
  CHECK(response->query_message.empty());
  CHECK(response->response_message == text(answer.message));
}

TEST_CASE("dnstap: without `full` there are no DNS messages, over TCP and IPv6 as well") {
  Collector collector;
  const auto server = serve("dnstap tcp://127.0.0.1:" + collector.port());
  const auto peer = collector.accept();
  REQUIRE(peer);
  REQUIRE(peer->greet());
  server->ask(over_tcp("web.example."));
  for (const int type : {5, 6}) {
    const auto said = peer->next();
    REQUIRE(said);
    CHECK(said->type == type);
    CHECK(said->family == 2);
    CHECK(said->protocol == 2);
    CHECK(said->query_address == std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16));
    CHECK(said->query_message.empty());
    CHECK(said->response_message.empty());
    CHECK_FALSE(said->identity.empty());
    CHECK(said->version == "Portolan-" PORTOLAN_VERSION);
  }
}

TEST_CASE("dnstap: every answer that is sent is told, also an error that nobody wrote, and silence is not") {
  static const struct {
    const char* name;
    std::vector<int> types;
  } kCases[] = {
      {"web.example.", {5, 6}}, {"refused.example.", {5, 6}}, {"broken.example.", {5, 6}},
      {"silent.example.", {5}}, {"alias.example.", {5, 6}},  // a lookup of our own is no client's query
  };
  Collector collector;
  const auto server = serve("dnstap tcp://127.0.0.1:" + collector.port());
  const auto peer = collector.accept();
  REQUIRE(peer);
  REQUIRE(peer->greet());
  for (const auto& each : kCases) {
    CAPTURE(each.name);
    server->ask(each.name);
    for (const int type : each.types) {
      const auto said = peer->next();
      REQUIRE(said);
      CHECK(said->type == type);
    }
  }
}

TEST_CASE("dnstap: what an upstream is asked and says is told with both addresses") {
  Collector collector;
  const auto server = serve("dnstap tcp://127.0.0.1:" + collector.port() + " full");
  const auto peer = collector.accept();
  REQUIRE(peer);
  REQUIRE(peer->greet());
  server->ask("far.example.");
  REQUIRE(peer->next());
  const auto asked = peer->next();
  REQUIRE(asked);
  CHECK(asked->type == 7);
  CHECK(asked->protocol == 2);
  CHECK(asked->query_address == std::string("\xc0\0\2\1", 4));
  CHECK(asked->query_port == 4000);
  CHECK(asked->response_address == std::string("\xc0\0\2\x35", 4));
  CHECK(asked->response_port == 53);
  CHECK(asked->query_message == kWire);
  CHECK(asked->response_message.empty());
  const auto said = peer->next();
  REQUIRE(said);
  CHECK(said->type == 8);
  CHECK(said->query_port == 4000);
  CHECK(said->response_message == kWireBack);
  CHECK(said->query_message.empty());
  REQUIRE(peer->next());
  server->ask("gone.example.");  // an upstream that does not answer
  for (const int type : {5, 7, 6}) {
    const auto next = peer->next();
    REQUIRE(next);
    CHECK(next->type == type);
  }
}

TEST_CASE("dnstap: the extra field is filled in with what is known at each moment") {
  Collector collector;
  const auto server =
      serve("dnstap tcp://127.0.0.1:" + collector.port() + " {\n extra \"{name} {rcode} {/forward/upstream}\"\n }");
  const auto peer = collector.accept();
  REQUIRE(peer);
  REQUIRE(peer->greet());
  server->ask("far.example.");
  std::vector<std::string> extras;
  for (int i = 0; i < 4; ++i) extras.push_back(peer->next().value_or(Said{}).extra);
  const std::string known = "far.example. - 192.0.2.53:53";
  CHECK(extras == std::vector<std::string>{"far.example. - -", known, known, known});
}

TEST_CASE("dnstap: several directives are several taps") {
  Collector one, other;
  const auto server = serve("dnstap tcp://127.0.0.1:" + one.port() + " full\n dnstap tcp://127.0.0.1:" + other.port());
  const auto first_peer = one.accept(), second_peer = other.accept();
  REQUIRE((first_peer && second_peer));
  REQUIRE((first_peer->greet() && second_peer->greet()));
  server->ask("web.example.");
  for (int i = 0; i < 2; ++i) {
    const auto full = first_peer->next(), bare = second_peer->next();
    REQUIRE((full && bare));
    CHECK_FALSE((full->query_message + full->response_message).empty());
    CHECK((bare->query_message + bare->response_message).empty());
  }
}

TEST_CASE("dnstap: TLS is verified unless `skipverify` says otherwise") {
  const Folder folder;
  const Identity identity(folder, "collector");
  const auto try_it = [&](const std::string& option) {
    Collector collector;
    const auto server = serve("dnstap tls://127.0.0.1:" + collector.port() + " full {\n " + option + "\n }");
    const auto peer = collector.accept();
    REQUIRE(peer);
    if (!peer->secure(true, &identity) || !peer->greet()) return false;
    server->ask("web.example.");
    const auto query = peer->next(), response = peer->next();
    return query && query->type == 5 && response && response->type == 6;
  };
  log::LogCapture log;
  std::string logged;
  CAPTURE(logged);
  CHECK_FALSE(try_it(""));
  CHECK(soon([&] { return (logged += log.take()).find("failed to verify certificate") != std::string::npos; }));
  CHECK(try_it("skipverify"));
  setenv("SSL_CERT_FILE", identity.certificate.c_str(), 1);  // what OpenSSL takes for the system's
  CHECK(try_it(""));
  unsetenv("SSL_CERT_FILE");
}

TEST_CASE("dnstap: messages wait for a collector that comes late, and one that comes back goes on") {
  const Folder folder;
  log::LogCapture log;
  const auto server = serve("dnstap " + folder / "s");
  server->ask("web.example.");
  Collector collector(folder / "s");
  {
    const auto peer = collector.accept();
    REQUIRE(peer);
    REQUIRE(peer->greet());
    CHECK(peer->next().value_or(Said{}).type == 5);
    CHECK(peer->next().value_or(Said{}).type == 6);
  }
  const auto again = collector.accept();
  REQUIRE(again);
  REQUIRE(again->greet());
  server->ask("web.example.");
  CHECK(again->next().value_or(Said{}).type == 5);
  CHECK(again->next().value_or(Said{}).type == 6);
}

TEST_CASE("dnstap: a collector that reads late gets everything in order, in TLS as well") {
  const Folder folder;
  const Identity identity(folder, "collector");
  constexpr int kQueries = 3000;  // more than the buffers of a socket hold
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Collector collector;
    const auto server = serve((tls ? "dnstap tls://127.0.0.1:" : "dnstap tcp://127.0.0.1:") + collector.port() +
                              " full 1 100 {\n skipverify\n }");
    const auto peer = collector.accept();
    REQUIRE(peer);
    if (tls) REQUIRE(peer->secure(true, &identity));
    REQUIRE(peer->greet());
    const std::string rest = "." + std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + ".";
    for (int i = 0; i < kQueries; ++i) server->ask("n" + std::to_string(10'000 + i) + rest);
    bool in_order = true;
    for (int i = 0; i < kQueries && in_order; ++i) {
      const auto query = peer->next(), response = peer->next();
      REQUIRE((query && response));
      in_order = query->query_message.substr(13, 6) == "n" + std::to_string(10'000 + i) && response->type == 6;
    }
    CHECK(in_order);
  }
}

TEST_CASE("dnstap: without a collector queries are answered, and what is too much is dropped and counted") {
  const Folder folder;
  const std::string path = folder / "nobody";
  log::LogCapture log;
  const auto server = serve("dnstap " + path + " full 1 1");
  // 10,000 messages are let wait, of 256 octets on the average.
  const std::string long_name = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + ".";
  bool all = true;
  for (int i = 0; i < 10'000; ++i) all &= server->ask(long_name).rcode == dns::Rcode::noerror;
  CHECK(all);
  const std::string counter = "portolan_dnstap_dropped_messages_total{to=\"unix://" + path + "\"} ";
  const std::string metrics = metrics::exposition();
  REQUIRE(metrics.find(counter) != std::string::npos);
  CHECK(std::stod(metrics.substr(metrics.find(counter) + counter.size())) > 0);
  const std::string logged = log.take();
  CHECK(logged.find("[ERROR] plugin/dnstap: No connection to dnstap endpoint: dial unix " + path +
                    ": connect: no such file or directory\n") != std::string::npos);
}

TEST_CASE("dnstap: a collector that is no collector is left") {
  static const std::string kHttp = "HTTP/1.1 400 Bad Request\r\n\r\n";
  static const std::string kOtherType("\0\0\0\0\0\0\0\x0d\0\0\0\1\0\0\0\1\0\0\0\1x", 21);
  static const std::string kFinish("\0\0\0\0\0\0\0\4\0\0\0\5", 12);
  for (const std::string& says : {kHttp, kOtherType, kFinish}) {
    Collector collector;
    log::LogCapture log;
    const auto server = serve("dnstap tcp://127.0.0.1:" + collector.port());
    const auto peer = collector.accept();
    REQUIRE(peer);
    REQUIRE(peer->control(Control::ready));
    REQUIRE(peer->say(says));
    CHECK(peer->closed());
    CHECK(server->ask("web.example.").rcode == dns::Rcode::noerror);
    CHECK(collector.accept());  // and is tried again
  }
}

TEST_CASE("dnstap: the end of the server is the end of the stream, behind all that was queued") {
  Collector collector;
  auto server = serve("dnstap tcp://127.0.0.1:" + collector.port());
  const auto peer = collector.accept();
  REQUIRE(peer);
  REQUIRE(peer->greet());
  server->ask("web.example.");
  std::thread ending([&] { server.reset(); });
  CHECK(peer->next().value_or(Said{}).type == 5);
  CHECK(peer->next().value_or(Said{}).type == 6);
  CHECK(peer->control(Control::stop));
  CHECK(peer->say(control_frame(Control::finish)));
  CHECK(peer->closed());
  ending.join();
}

TEST_CASE("dnstap: a reload keeps the connection of a tap that stays the same") {
  Collector collector;
  const std::string directive = "dnstap tcp://127.0.0.1:" + collector.port();
  auto before = serve(directive);
  const auto peer = collector.accept();
  REQUIRE(peer);
  REQUIRE(peer->greet());
  const auto after = serve(directive + " {\n identity other\n }", before.get());
  before.reset();
  after->ask("web.example.");
  const auto said = peer->next();
  REQUIRE(said);
  CHECK(said->identity == "other");
}

TEST_CASE("dnstap: who connects to a tap that listens gets what happens from then on") {
  const Folder folder;
  const auto server = serve("dnstap listen " + folder / "s" + " full");
  server->ask("early.example.");
  const auto one = connect_to(folder / "s"), other = connect_to(folder / "s");
  REQUIRE((one && other));
  REQUIRE((one->greet() && other->greet()));
  // START is on its way before the sink says that messages are wanted.
  REQUIRE(server->run_until([&] { return sink_of(*server).wanted(); }));
  server->ask("web.example.");
  for (const int type : {5, 6}) {
    const auto first_said = one->next(), second_said = other->next();
    REQUIRE((first_said && second_said));
    CHECK(first_said->type == type);
    CHECK(second_said->type == type);
    if (type == 5) CHECK(first_said->query_message.substr(12, 13) == std::string("\3web\7example\0", 13));
  }
}

TEST_CASE("dnstap: a listener with TLS wants certificates of its clients when it has a CA, unless told not to") {
  const Folder folder;
  const Identity own(folder, "server"), client(folder, "client"), stranger(folder, "stranger");
  const auto try_it = [&](const std::string& options, const Identity* shown) {
    const auto server =
        serve("dnstap listen tls://127.0.0.1:0 {\n tls " + own.certificate + " " + own.key + options + "\n }");
    REQUIRE(server->run_until([&] { return sink_of(*server).port() != 0; }));
    const auto peer = connect_to(sink_of(*server).port());
    REQUIRE(peer);
    return peer->secure(false, shown) && peer->greet();
  };
  log::LogCapture log;
  CHECK(try_it("", nullptr));
  CHECK(try_it("\n skipverify", nullptr));
  CHECK_FALSE(try_it(" " + client.certificate, nullptr));
  CHECK_FALSE(try_it(" " + client.certificate, &stranger));
  CHECK(try_it(" " + client.certificate, &client));
  CHECK(try_it(" " + client.certificate + "\n skipverify", nullptr));
}

TEST_CASE("dnstap: a socket file that a killed server left is taken over, one in use is not") {
  const Folder folder;
  {
    Collector dead(folder / "s");
  }
  log::LogCapture log;
  {
    const auto server = serve("dnstap listen " + folder / "s");
    const auto peer = connect_to(folder / "s");
    REQUIRE(peer);
    CHECK(peer->greet());
  }
  CHECK(soon([&] { return !std::filesystem::exists(folder / "s"); }));
  Collector living(folder / "s");
  std::string logged;
  const auto server = serve("dnstap listen " + folder / "s");
  CHECK(server->run_until([&] {
    logged += log.take();
    return logged.find("Failed to start dnstap listener: listen unix " + folder / "s" +
                       ": bind: address already in use") != std::string::npos;
  }));
  CHECK(server->ask("web.example.").rcode == dns::Rcode::noerror);
}

}  // namespace
}  // namespace dnstap::testing
}  // namespace portolan
