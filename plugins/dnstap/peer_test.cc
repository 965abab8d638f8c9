// One connection whose other side reads as the test wants, at times that the test makes up.
#include "plugins/dnstap/peer.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <array>

#include "plugins/dnstap/collector_test.h"

namespace portolan::dnstap::testing {
namespace {

using namespace std::chrono_literals;

constexpr size_t kMiB = 1024 * 1024;
const std::string kFrame = std::string("\0\0\3\xfc", 4).append(1020, 'x');

// A peer that is streaming, and the collector's end of its connection.
struct Connection {
  Connection() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    collector = Descriptor(ends[1]);
    peer = std::make_unique<Peer>(std::make_unique<Stream>(Descriptor(ends[0]), nullptr, true, ""), false, now);
    REQUIRE(peer->progress(now));
    const std::string accept = control_frame(Control::accept);
    REQUIRE(send(collector.get(), accept.data(), accept.size(), 0) == static_cast<ssize_t>(accept.size()));
    REQUIRE(peer->progress(now));
    REQUIRE(peer->progress(now));  // START
    REQUIRE(peer->streaming());
    REQUIRE(peer->queued() == 0);
  }
  // What is there for the collector, `most` octets of it at most.
  size_t take(size_t most) {
    std::vector<char> octets(most);
    return static_cast<size_t>(std::max<ssize_t>(0, recv(collector.get(), octets.data(), octets.size(), 0)));
  }

  SteadyTime now = std::chrono::steady_clock::now();
  Descriptor collector;
  std::unique_ptr<Peer> peer;
};

TEST_CASE("dnstap: a collector that reads but never catches up is not kept all that it was sent") {
  Connection connection;
  Peer& peer = *connection.peer;
  size_t frames = 0, most_kept = 0;
  bool counted = true;
  while (frames * kFrame.size() < 16 * kMiB) {
    for (; peer.queued() < kMiB / 2; ++frames) peer.queue(kFrame);
    REQUIRE(peer.progress(connection.now));
    REQUIRE(peer.queued() > 0);
    most_kept = std::max(most_kept, peer.kept());
    const size_t left_whole = (frames * kFrame.size() - peer.queued()) / kFrame.size();
    counted &= peer.unsent() == frames - left_whole;
    REQUIRE(connection.take(100'000) > 0);
  }
  CHECK(counted);
  CHECK(most_kept < 3 * kMiB);
}

TEST_CASE("dnstap: a collector that does not read is given up after four seconds") {
  Connection connection;
  Peer& peer = *connection.peer;
  while (peer.queued() < kMiB) peer.queue(kFrame);  // more than the socket takes
  REQUIRE(peer.progress(connection.now));
  REQUIRE(peer.queued() > 0);
  CHECK(peer.progress(connection.now + 4s));
  CHECK_FALSE(peer.progress(connection.now + 4s + 1ms));
  CHECK(peer.error() == "the collector does not read");
}

TEST_CASE("dnstap: a collector that reads now and then is not given up") {
  Connection connection;
  Peer& peer = *connection.peer;
  while (peer.queued() < 4 * kMiB) peer.queue(kFrame);
  for (SteadyTime now = connection.now; peer.queued() > kMiB; now += 3s) {
    REQUIRE(peer.progress(now));
    REQUIRE(connection.take(100'000) > 0);
  }
}

}  // namespace
}  // namespace portolan::dnstap::testing
