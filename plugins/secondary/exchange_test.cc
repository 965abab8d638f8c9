// Questions to a primary whose answers drown in others.
#include "plugins/secondary/exchange.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "server/listen/socket.h"

namespace portolan::secondary {
namespace {

using namespace std::chrono_literals;

// A port of loopback that sends whoever has asked what is no answer, from two threads, for three seconds at most.
class Flood {
 public:
  Flood() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_storage storage{};
    const socklen_t length = SocketAddress{*IpAddress::parse("127.0.0.1"), 0}.to(storage);
    REQUIRE(bind(socket_.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0);
    for (std::thread& each : threads_) each = std::thread([this] { send(); });
  }
  ~Flood() {
    end_ = true;
    for (std::thread& each : threads_) each.join();
  }
  SocketAddress address() const { return {*IpAddress::parse("127.0.0.1"), server::bound_port(socket_.get())}; }

 private:
  void send() {
    const SteadyTime begin = system_clock().now();
    sockaddr_storage from{};
    socklen_t length = 0;
    while (!end_ && system_clock().now() - begin < 3s) {
      std::array<uint8_t, 512> octets{};
      socklen_t size = sizeof from;
      if (recvfrom(socket_.get(), octets.data(), octets.size(), 0, reinterpret_cast<sockaddr*>(&from), &size) > 0) {
        length = size;
      }
      for (int i = 0; i < 100 && length > 0; ++i) {
        sendto(socket_.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&from), length);
      }
    }
  }

  Descriptor socket_;
  std::atomic<bool> end_{false};
  std::array<std::thread, 2> threads_;
};

TEST_CASE("secondary: a flood of what is no answer keeps a question no longer than its time") {
  const Flood flood;
  Loop loop;
  const Inquiry inquiry{loop, flood.address(), *dns::Name::parse("alder.test."), {20ms, 1s, 500ms, 10s}};
  const SteadyTime begin = system_clock().now();
  std::optional<Result<uint32_t>> serial;
  const auto ask = [&]() -> Task<void> {
    Task<Result<uint32_t>> asking = ask_serial(inquiry);
    serial = co_await asking;
  };
  const Task<void> asking = ask();
  while (!serial && system_clock().now() - begin < 10s) loop.run_once(2ms);
  REQUIRE(serial);
  CHECK(serial->has_error());  // over TCP nobody listens
  CHECK(system_clock().now() - begin < 2s);
}

}  // namespace
}  // namespace portolan::secondary
