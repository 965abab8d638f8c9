// Listeners that close keep the configuration that their plan is part of.
#include "server/core_worker.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <set>

#include "corefile/parser.h"
#include "server/configuration.h"
#include "server/core_metrics.h"
#include "server/listen/socket.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan::server {
namespace {

std::shared_ptr<Configuration> configured(const char* corefile, testing::FakeProcess& process,
                                          const std::vector<Plugin>& table) {
  auto parsed = corefile::parse(corefile, {});
  REQUIRE(parsed.has_value());
  auto built = Configuration::build(*parsed, table, process, false);
  REQUIRE(built.has_value());
  return *built;
}

}  // namespace

TEST_CASE("worker: a configuration is let go when its closing listeners are done with it, not before") {
  CoreWorker worker(0);
  testing::FakeProcess process(worker.loop());
  const std::vector<Plugin> table;
  const auto first = configured(".:53\n", process, table), second = configured(".:54\n", process, table);
  std::vector<std::shared_ptr<Configuration>> gone;
  const auto drained = [&](const auto& configuration) { gone.push_back(configuration); };
  const SocketAddress address{*IpAddress::parse("127.0.0.1"), 0};
  std::vector<ListenerSockets> sockets(1);
  sockets[0].label = first->listeners().front()->label;
  sockets[0].tcp.push_back(*open_tcp(address));
  sockets[0].udp.push_back(*open_udp(address));

  worker.swap(first, 1, std::move(sockets), drained);
  worker.swap(second, 1, {}, drained);
  CHECK(gone.empty());  // the end of the accept that was under way has not come back
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (gone.empty() && std::chrono::steady_clock::now() < limit) {
    worker.loop().run_once(std::chrono::milliseconds(5));
  }
  CHECK(gone == std::vector{first});
}

TEST_CASE("worker: answers to one client that cannot leave as one packet leave each by itself") {
  for (const bool can : {true, false}) {
    CAPTURE(can);
    CoreWorker worker(0);
    testing::FakeProcess process(worker.loop());
    const std::vector<Plugin> table;
    const auto configuration = configured(".:53\n", process, table);
    const SocketAddress local{*IpAddress::parse("127.0.0.1"), 0};
    std::vector<ListenerSockets> sockets(1);
    sockets[0].label = configuration->listeners().front()->label;
    sockets[0].udp.push_back(*open_udp(local));
    const int fd = sockets[0].udp[0].get();
    const int no_checksum = 1;  // the kernel cuts up nothing without
    if (!can) REQUIRE(setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &no_checksum, sizeof no_checksum) == 0);
    const SocketAddress server{local.ip, bound_port(fd)};
    worker.swap(configuration, 1, std::move(sockets), [](const auto&) {});

    const Descriptor client = *open_udp(local);
    sockaddr_storage to{};
    const socklen_t length = server.to(to);
    constexpr int kQueries = 4;
    for (uint8_t id = 0; id < kQueries; ++id) {
      const uint8_t query[] = {0, id, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
      REQUIRE(sendto(client.get(), query, sizeof query, 0, reinterpret_cast<sockaddr*>(&to), length) == sizeof query);
    }
    const double errors = core_metrics().send_errors.value();
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::set<int> answered;
    while (answered.size() < kQueries && std::chrono::steady_clock::now() < limit) {
      worker.loop().run_once(std::chrono::milliseconds(5));
      uint8_t answer[64];
      for (ssize_t size; (size = recv(client.get(), answer, sizeof answer, MSG_DONTWAIT)) > 0;) {
        CHECK(size == 17);  // one answer, not several at once
        answered.insert(answer[1]);
      }
    }
    CHECK(answered.size() == kQueries);
    CHECK(core_metrics().send_errors.value() == errors);
  }
}

}  // namespace portolan::server
