// One worker's way to an upstream: shared questions, ids, late answers, the end of an upstream.
#include "plugins/forward/link.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "plugins/forward/fake_upstream_test.h"
#include "tests/unit/plugin_fixture.h"

using namespace portolan;
using namespace portolan::forward;
using namespace portolan::forward::testing;

namespace {

struct Asking : Waiter {
  Arena memory;
  unsigned calls = 0;

  Asking(const std::string& name, bool recursion = true, Proto by = Proto::udp) {
    arena = &memory;
    proto = by;
    done = [](Waiter& waiter) { ++static_cast<Asking&>(waiter).calls; };
    dns::MessageParts parts;
    parts.header.rd = recursion;
    const dns::NameView view = *dns::parse_name(name, memory);
    const dns::Question question{view, view, dns::RRType::a, dns::RRClass::in};
    parts.question = &question;
    std::span<uint8_t> out = memory.bytes(300);
    packet = out.first(dns::encode(parts, out, out.size()));
    question_size = view.size() + 4;
  }
};

struct Bench {
  Loop loop;
  portolan::testing::FakeProcess process{loop};
  FakeUpstream fake;
  std::vector<Asked> asked;
  std::shared_ptr<Upstream> upstream;
  std::optional<Link> link;

  explicit Bench(nanoseconds timeout = std::chrono::seconds(5)) {
    UpstreamSettings settings;
    settings.target.address = {*IpAddress::parse("127.0.0.1"), fake.port, 0};
    settings.expire = std::chrono::seconds(10);
    upstream = *Upstream::make(settings, process);
    upstream->retain();
    link.emplace(*upstream, loop, timeout, 1);
    fake.serve = [this](Asked& each) { asked.push_back(each); };
    fake.attach(loop);
  }
  bool run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < end) {
      loop.run_once(std::chrono::milliseconds(5));
    }
    return done();
  }
};

}  // namespace

TEST_CASE("forward: equal questions share one question upstream, and each has its own answer") {
  for (const Proto proto : {Proto::udp, Proto::tcp}) {
    Bench bench;
    Asking first("a.example.", true, proto), second("a.example.", true, proto);
    Asking other_flag("a.example.", false, proto), other_case("A.example.", true, proto);
    for (Asking* each : {&first, &second, &other_flag, &other_case}) bench.link->ask(*each);
    REQUIRE(bench.run_until([&] { return bench.asked.size() == 3; }));
    CHECK(bench.link->in_flight().size() == 3);
    for (Asked& each : bench.asked) each.reply(answer_to(each, {"a.example. 60 IN A 192.0.2.1"}));
    REQUIRE(bench.run_until([&] { return bench.link->in_flight().size() == 0; }));
    for (Asking* each : {&first, &second, &other_flag, &other_case}) {
      CHECK(each->calls == 1);
      CHECK(each->fate == Fate::answered);
      REQUIRE(each->message.answer.size() == 1);
    }
    CHECK(first.message.answer[0].rdata.data() != second.message.answer[0].rdata.data());
    CHECK(std::ranges::equal(first.packet, second.packet));  // the id that left, too
  }
}

TEST_CASE("forward: all who share a question hear that it failed, and a late answer harms nobody") {
  Bench bench(std::chrono::milliseconds(100));
  Asking first("a.example."), second("a.example.");
  bench.link->ask(first);
  bench.link->ask(second);
  REQUIRE(bench.run_until([&] { return first.calls + second.calls == 2 && !bench.asked.empty(); }));
  CHECK(first.fate == Fate::failed);
  CHECK(second.fate == Fate::failed);
  CHECK(std::ranges::equal(second.packet, bench.asked.at(0).packet));
  CHECK(std::string(first.error).starts_with("read udp 127.0.0.1:"));
  CHECK(std::string(second.error).ends_with("->" + bench.fake.text() + ": i/o timeout"));
  bench.asked.at(0).reply(answer_to(bench.asked[0], {"a.example. 60 IN A 192.0.2.1"}));
  Asking third("b.example.");
  bench.link->ask(third);
  REQUIRE(bench.run_until([&] { return third.calls == 1; }));
  CHECK(first.calls == 1);
}

TEST_CASE("forward: questions that are asked together leave together, 32 by a port") {
  Bench bench;
  std::deque<Asking> questions;
  for (int i = 0; i < 70; ++i) bench.link->ask(questions.emplace_back("n" + std::to_string(i) + ".example."));
  REQUIRE(bench.run_until([&] { return bench.asked.size() == questions.size(); }));
  std::map<uint16_t, int> by_port;
  for (const Asked& each : bench.asked) ++by_port[each.from.port];
  std::vector<int> counts;
  for (const auto& [port, count] : by_port) counts.push_back(count);
  std::sort(counts.begin(), counts.end());
  CHECK(counts == std::vector{6, 32, 32});
  for (Asked& each : bench.asked) each.reply(answer_to(each, {"a.example. 60 IN A 192.0.2.1"}));
  REQUIRE(bench.run_until([&] { return bench.link->in_flight().size() == 0; }));
  for (const Asking& each : questions) {
    CHECK(each.calls == 1);
    CHECK(each.fate == Fate::answered);
  }
}

TEST_CASE("forward: of questions that leave together each hears that nobody is there") {
  Bench bench;
  bench.fake.vanish();
  std::deque<Asking> questions;
  for (int i = 0; i < 5; ++i) bench.link->ask(questions.emplace_back("n" + std::to_string(i) + ".example."));
  REQUIRE(bench.run_until([&] { return bench.link->in_flight().size() == 0; }));
  for (const Asking& each : questions) {
    CHECK(each.calls == 1);
    CHECK(std::string(each.error).ends_with(": connection refused"));
  }
}

TEST_CASE("forward: refused connections say so in CoreDNS's words") {
  Bench bench;
  bench.fake.vanish();
  Asking udp("a.example."), tcp("a.example.", true, Proto::tcp);
  bench.link->ask(udp);
  bench.link->ask(tcp);
  REQUIRE(bench.run_until([&] { return udp.calls + tcp.calls == 2; }));
  CHECK(std::string(udp.error).ends_with("->" + bench.fake.text() + ": read: connection refused"));
  CHECK(std::string(tcp.error) == "dial tcp " + bench.fake.text() + ": connect: connection refused");
}

TEST_CASE("forward: questions under way fail when their upstream leaves the configuration") {
  Bench bench;
  Asking udp("a.example."), tcp("a.example.", true, Proto::tcp);
  bench.link->ask(udp);
  bench.link->ask(tcp);
  bench.link->end();
  CHECK(udp.fate == Fate::failed);
  CHECK(tcp.fate == Fate::failed);
  CHECK(bench.link->in_flight().size() == 0);
}

TEST_CASE("forward: many questions under way keep ids of their own and their order of deadlines") {
  InFlight table;
  SentList socket;
  socket.serial = table.next_serial();
  std::deque<Asking> questions;
  std::vector<Exchange*> exchanges;
  for (int i = 0; i < 5000; ++i) {
    Asking& asking = questions.emplace_back("n" + std::to_string(i) + ".example.");
    CHECK(table.same(asking) == nullptr);
    Exchange& exchange = table.open(asking);
    table.assign(exchange, socket);
    table.start(exchange, SteadyTime(std::chrono::seconds(i)));
    exchanges.push_back(&exchange);
  }
  CHECK(socket.size() == 5000);
  for (Exchange* each : exchanges) {
    CHECK(table.find(socket.serial, each->id) == each);
    CHECK(table.find(socket.serial + 1, each->id) == nullptr);
  }
  Asking again("n42.example.");
  CHECK(table.same(again) == exchanges[42]);
  CHECK(table.due().front() == exchanges[0]);
  for (size_t i = 0; i < exchanges.size(); i += 2) table.close(*exchanges[i]);
  CHECK(table.due().front() == exchanges[1]);
  CHECK(table.same(again) == nullptr);
  CHECK(socket.size() == 2500);
  for (size_t i = 1; i < exchanges.size(); i += 2) table.close(*exchanges[i]);
  CHECK(table.size() == 0);
}
