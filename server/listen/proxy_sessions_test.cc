// Sessions behind ports of a proxy: how long they last and which makes room.
#include "server/listen/proxy_sessions.h"

#include <doctest/doctest.h>

namespace portolan::server {
namespace {

SocketAddress at(const char* ip, uint16_t port) { return {*IpAddress::parse(ip), port}; }
SocketAddress proxy(uint16_t port) { return at("192.0.2.1", port); }

const SocketAddress kClient = at("198.51.100.7", 1234), kOther = at("2001:db8::7", 1234);
const SteadyTime kStart{std::chrono::hours(1)};
constexpr auto kTime = std::chrono::seconds(20);

TEST_CASE("proxy sessions: a port keeps its client until its time is over, and each use renews that") {
  ProxySessions sessions(10);
  CHECK_FALSE(sessions.find(proxy(1), kStart, kStart + kTime));
  sessions.store(proxy(1), kClient, kStart + kTime);
  CHECK(sessions.find(proxy(1), kStart + kTime / 2, kStart + kTime / 2 + kTime) == kClient);
  CHECK_FALSE(sessions.find(proxy(2), kStart, kStart + kTime));
  CHECK_FALSE(sessions.find(at("192.0.2.2", 1), kStart, kStart + kTime));
  CHECK(sessions.find(proxy(1), kStart + kTime, kStart + kTime) == kClient);
  CHECK_FALSE(sessions.find(proxy(1), kStart + kTime, kStart + 2 * kTime));
  CHECK(sessions.size() == 0);
}

TEST_CASE("proxy sessions: a second header of a port replaces the first") {
  ProxySessions sessions(10);
  sessions.store(proxy(1), kClient, kStart + kTime);
  sessions.store(proxy(1), kOther, kStart + kTime);
  CHECK(sessions.size() == 1);
  CHECK(sessions.find(proxy(1), kStart, kStart + kTime) == kOther);
}

TEST_CASE("proxy sessions: the one used longest ago makes room") {
  ProxySessions sessions(3);
  for (const uint16_t port : {1, 2, 3}) sessions.store(proxy(port), kClient, kStart + kTime);
  CHECK(sessions.find(proxy(1), kStart, kStart + kTime));
  sessions.store(proxy(2), kOther, kStart + kTime);
  sessions.store(proxy(4), kClient, kStart + kTime);
  CHECK(sessions.size() == 3);
  CHECK_FALSE(sessions.find(proxy(3), kStart, kStart + kTime));
  for (const uint16_t port : {1, 2, 4}) CHECK(sessions.find(proxy(port), kStart, kStart + kTime));
}

TEST_CASE("proxy sessions: as many as the most are found again, of both families") {
  ProxySessions sessions(10'240);
  for (uint16_t port = 0; port < 10'240; ++port) {
    sessions.store(at(port % 2 ? "2001:db8::1" : "192.0.2.1", port), {kClient.ip, port}, kStart + kTime);
  }
  CHECK(sessions.size() == 10'240);
  for (uint16_t port = 0; port < 10'240; ++port) {
    const auto found = sessions.find(at(port % 2 ? "2001:db8::1" : "192.0.2.1", port), kStart, kStart + kTime);
    REQUIRE(found);
    REQUIRE(found->port == port);
  }
}

}  // namespace
}  // namespace portolan::server
