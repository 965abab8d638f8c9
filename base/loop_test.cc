// The loop: posts from both sides, timers, descriptors that stay armed, and Asio inside.
#include "base/loop.h"

#include <doctest/doctest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace portolan;
using namespace std::chrono_literals;

namespace {

struct Pair {
  int ends[2];
  Pair() { REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == 0); }
  ~Pair() {
    close(ends[0]);
    close(ends[1]);
  }
  void send(char c) const { REQUIRE(write(ends[1], &c, 1) == 1); }
  std::string receive() const {
    char c = 0;
    return read(ends[0], &c, 1) == 1 ? std::string(1, c) : std::string();
  }
};

template <class Done>
bool run_until(Loop& loop, Done done) {
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (!done() && std::chrono::steady_clock::now() < end) loop.run_once(10ms);
  return done();
}

}  // namespace

TEST_CASE("loop: work posted by another thread wakes a loop that waits, and stop ends it") {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&, i] { seen.push_back(i); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  REQUIRE(seen.size() == 100);
  CHECK(seen.front() == 0);
  CHECK(seen.back() == 99);
}

TEST_CASE("loop: work posted by its own thread runs after what posted it") {
  Loop loop;
  std::string order;
  loop.post([&] {
    loop.post([&] {
      order += "b";
      loop.stop();
    });
    order += "a";
  });
  loop.run();
  CHECK(order == "ab");
}

TEST_CASE("loop: a stop that comes before run is not lost") {
  Loop loop;
  loop.stop();
  loop.run();
  CHECK(true);  // it came back
}

TEST_CASE("loop: a timer fires once, later than its delay, and not after it is cancelled or started again") {
  Loop loop;
  Timer first(loop), second(loop);
  int fired = 0, replaced = 0, cancelled = 0;
  const auto begin = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration waited{};
  first.start(1ms, [&] { ++replaced; });
  first.start(5ms, [&] {
    ++fired;
    waited = std::chrono::steady_clock::now() - begin;
  });
  second.start(1ms, [&] { ++cancelled; });
  second.cancel();
  CHECK(run_until(loop, [&] { return fired > 0; }));
  CHECK(waited >= 5ms);
  CHECK(fired == 1);
  CHECK(replaced == 0);
  CHECK(cancelled == 0);
}

TEST_CASE("loop: a descriptor that is waited for again and again reports each packet") {
  Loop loop;
  Pair pair;
  FdWatch watch(loop, pair.ends[0]);
  std::string seen;
  std::function<void()> wait = [&] {
    watch.wait_readable([&] {
      seen += pair.receive();
      wait();
    });
  };
  wait();
  for (const char c : {'a', 'b', 'c'}) {
    pair.send(c);
    CHECK(run_until(loop, [&] { return seen.back() == c; }));
  }
  CHECK(seen == "abc");
}

TEST_CASE("loop: a packet that comes while nobody waits is reported when somebody does, and keeps nobody awake") {
  Loop loop;
  Pair pair;
  FdWatch watch(loop, pair.ends[0]);
  int calls = 0;
  watch.wait_readable([&] { ++calls; });
  pair.send('x');
  CHECK(run_until(loop, [&] { return calls == 1; }));
  const auto begin = std::chrono::steady_clock::now();
  loop.run_once(5ms);   // finds out that nobody waits
  loop.run_once(20ms);  // and sleeps, though the packet is still there
  CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
  watch.wait_readable([&] { ++calls; });
  CHECK(run_until(loop, [&] { return calls == 2; }));
}

TEST_CASE("loop: waiting to write and to read do not disturb each other") {
  Loop loop;
  Pair pair;
  FdWatch watch(loop, pair.ends[0]);
  int written = 0, read = 0;
  watch.wait_readable([&] { ++read; });
  watch.wait_writable([&] { ++written; });
  CHECK(run_until(loop, [&] { return written == 1; }));
  CHECK(read == 0);
  const auto begin = std::chrono::steady_clock::now();
  loop.run_once(20ms);  // a socket that could be written to keeps nobody awake
  CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
  pair.send('x');
  CHECK(run_until(loop, [&] { return read == 1; }));
  CHECK(written == 1);
}

TEST_CASE("loop: a watch may be destroyed by its own call and by that of another watch that is ready too") {
  Loop loop;
  Pair one, two;
  std::optional<FdWatch> first(std::in_place, loop, one.ends[0]), second(std::in_place, loop, two.ends[0]);
  int calls = 0;
  const auto end_both = [&] {
    ++calls;
    first.reset();
    second.reset();
  };
  first->wait_readable(end_both);
  second->wait_readable(end_both);
  one.send('x');
  two.send('x');
  CHECK(run_until(loop, [&] { return calls > 0; }));
  loop.run_once(0ms);
  CHECK(calls == 1);
}

TEST_CASE("loop: a cancelled wait is not called") {
  Loop loop;
  Pair pair;
  FdWatch watch(loop, pair.ends[0]);
  int calls = 0;
  watch.wait_readable([&] { ++calls; });
  watch.cancel();
  pair.send('x');
  loop.run_once(5ms);
  CHECK(calls == 0);
}

TEST_CASE("loop: what is handed to Asio outside its handlers runs once the loop is told") {
  Loop loop;
  loop.run_once(0ms);
  bool ran = false;
  boost::asio::post(loop.context(), [&] { ran = true; });
  loop.asio_changed();
  loop.run_once(0ms);
  CHECK(ran);
}

TEST_CASE("loop: a descriptor that cannot be watched is an error, not silence") {
  Loop loop;
  FdWatch watch(loop, -1);
  CHECK_THROWS_AS(watch.wait_readable([] {}), std::system_error);
}
