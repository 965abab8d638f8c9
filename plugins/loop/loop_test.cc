// loop: counting the probe's question, and the probe itself against a server of the test's.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "plugins/loop/loop_detector.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin loop_plugin;
}

namespace portolan::loop {
namespace {

using testing::PluginFixture;

// A UDP socket of this machine that stands for a server.
struct Peer {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  uint16_t port = 0;
  Peer() {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t length = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
  }
  ~Peer() { close(fd); }
  // Answers a question that has come, with its own octets and QR set.
  bool answer() const {
    std::array<uint8_t, 512> packet;
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t size = recvfrom(fd, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 12) return false;
    packet[2] |= 0x80;
    return sendto(fd, packet.data(), static_cast<size_t>(size), 0, reinterpret_cast<sockaddr*>(&from), length) == size;
  }
};

Task<server::Outcome> last(server::Query& query, server::Next) { return query.answer(); }

struct Server {
  Peer peer;
  PluginFixture fixture;
  explicit Server(const std::string& zone = ".")
      : fixture(zone + ":" + std::to_string(peer.port) + " {\n loop\n last\n}\n",
                {loop_plugin, testing::stand_in("last", last)}) {
    REQUIRE(fixture.error_text() == "");
    fixture.handler<LoopDetector>("loop").serving();
  }
  void ask_probe() { fixture.ask(fixture.handler<LoopDetector>("loop").probe_name().text(), dns::RRType::hinfo); }
};

TEST_CASE("loop: a question seen more than twice ends the process") {
  Server server("alder.test");
  server.ask_probe();
  server.ask_probe();
  CHECK(server.fixture.process().fatal_message == "");
  server.ask_probe();
  const std::string name = server.fixture.handler<LoopDetector>("loop").probe_name().text();
  CHECK(
      server.fixture.process().fatal_message ==
      "plugin/loop: Loop (127.0.0.1:40000 -> :" + std::to_string(server.peer.port) +
          ") detected for zone \"alder.test.\", see https://coredns.io/plugins/loop#troubleshooting. Query: \"HINFO " +
          name + "\"");
  CHECK(server.fixture.process().fatal_code == 1);
  CHECK(name.ends_with(".alder.test."));
}

TEST_CASE("loop: once the probe was answered, nothing is counted any more") {
  Server server;
  CHECK(server.fixture.run_until([&] { return server.peer.answer(); }));
  server.fixture.run_until([] { return false; }, std::chrono::milliseconds(50));
  for (int i = 0; i < 5; ++i) server.ask_probe();
  CHECK(server.fixture.process().fatal_message == "");
}

TEST_CASE("loop: other names and types are not counted") {
  Server server;
  const std::string name = server.fixture.handler<LoopDetector>("loop").probe_name().text();
  for (int i = 0; i < 5; ++i) {
    server.fixture.ask("1.2.", dns::RRType::hinfo);
    server.fixture.ask(name, dns::RRType::txt);
  }
  CHECK(server.fixture.process().fatal_message == "");
}

TEST_CASE("loop: a try without an answer is reported and made again") {
  Loop loop;
  uint16_t port = 0;
  {
    port = Peer().port;
  }  // nobody listens there now: the kernel refuses
  int failures = 0, done = 0;
  Probe probe(
      loop, *dns::Name::parse("1.2."), {*IpAddress::parse("127.0.0.1"), port},
      [&] {
        ++failures;
        loop.stop();
      },
      [&] { ++done; });
  probe.start();
  loop.run();
  CHECK(failures == 1);
  CHECK(probe.tries() == 1);
  CHECK(done == 0);
}

TEST_CASE("loop: arguments and a second line are refused") {
  for (const char* section : {"loop x", "loop\n loop", "loop {\n }"}) {
    CAPTURE(section);
    PluginFixture fixture(std::string(". {\n ") + section + "\n}\n", {loop_plugin});
    CHECK(fixture.error_text().find("plugin/loop: Corefile:") == 0);
  }
}

}  // namespace
}  // namespace portolan::loop
