// A sink and its collectors: how many there may be, how slow, and what the end of it costs.
#include "plugins/dnstap/sink.h"

#include <doctest/doctest.h>

#include "base/log_capture.h"
#include "plugins/dnstap/collector_test.h"

namespace portolan::dnstap::testing {
namespace {

const std::string kMessage = "\x0a\1x";  // an identity alone

SinkSettings settings(const std::string& path, bool listens) {
  SinkSettings settings;
  settings.endpoint.path = path;
  settings.listens = listens;
  settings.queue = 10'000;
  return settings;
}

TEST_CASE("dnstap: 64 collectors may connect to a tap that listens, and another one when one of them has left") {
  const Folder folder;
  log::LogCapture log;
  const auto sink = Sink::open(settings(folder / "s", true), 1);
  std::vector<std::unique_ptr<Conversation>> collectors;
  for (int i = 0; i < 64; ++i) {
    collectors.push_back(connect_to(folder / "s"));
    REQUIRE(collectors.back());
    REQUIRE(collectors.back()->greet());
  }
  const auto another = connect_to(folder / "s");
  REQUIRE(another);
  CHECK(another->closed());
  std::string logged;
  CHECK(soon([&] {
    return (logged += log.take())
               .find("[WARNING] plugin/dnstap: unix://" + folder / "s" +
                     " has too many collectors: another one is refused\n") != std::string::npos;
  }));
  sink->push(0, kMessage);
  for (const auto& collector : collectors) CHECK(collector->next());
  collectors.pop_back();
  CHECK(soon([&] {
    const auto late = connect_to(folder / "s");
    return late && late->greet();
  }));
}

TEST_CASE("dnstap: a collector that falls a mebibyte behind is disconnected") {
  const Folder folder;
  log::LogCapture log;
  const auto sink = Sink::open(settings(folder / "s", true), 1);
  const auto collector = connect_to(folder / "s");
  REQUIRE(collector);
  REQUIRE(collector->greet());
  REQUIRE(soon([&] { return sink->wanted(); }));
  const auto begin = std::chrono::steady_clock::now();
  std::string logged;
  const std::string message(1000, 'x');
  CHECK(soon([&] {
    for (int i = 0; i < 100; ++i) sink->push(0, message);
    logged += log.take();
    return logged.find("[WARNING] plugin/dnstap: A collector of unix://" + folder / "s" +
                       " is disconnected: the collector is too slow\n") != std::string::npos;
  }));
  CHECK(std::chrono::steady_clock::now() - begin < Peer::kPatience);
  CHECK(soon([&] { return !sink->wanted(); }));
}

TEST_CASE("dnstap: nobody waits for the last words to a collector") {
  const Folder folder;
  Collector collector(folder / "s");
  auto sink = Sink::open(settings(folder / "s", false), 1);
  const auto peer = collector.accept();
  REQUIRE(peer);
  REQUIRE(peer->greet());
  sink->push(0, kMessage);
  const auto begin = std::chrono::steady_clock::now();
  sink.reset();  // FINISH is awaited for a second
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(500));
  CHECK(peer->next());
  CHECK(peer->control(Control::stop));
}

}  // namespace
}  // namespace portolan::dnstap::testing
