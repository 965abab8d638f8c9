// Rate, pauses and the gate, with time that stands still.
#include "cluster/flow_control.h"

#include <doctest/doctest.h>

#include <thread>

namespace portolan::cluster {

using std::chrono::milliseconds;

TEST_CASE("flow control: a burst goes at once, then requests follow at the rate") {
  FakeClock clock;
  TokenBucket bucket(10, 3);
  for (int i = 0; i < 3; ++i) CHECK(bucket.reserve(clock.now()).count() == 0);
  CHECK(std::chrono::round<milliseconds>(bucket.reserve(clock.now())) == milliseconds(100));
  CHECK(std::chrono::round<milliseconds>(bucket.reserve(clock.now())) == milliseconds(200));
  clock.advance(std::chrono::seconds(10));
  for (int i = 0; i < 3; ++i) CHECK(bucket.reserve(clock.now()).count() == 0);
  CHECK(bucket.reserve(clock.now()).count() > 0);
}

TEST_CASE("flow control: zero stands for the client library's defaults, 5 a second and bursts of 10") {
  FakeClock clock;
  TokenBucket bucket(0, 0);
  for (int i = 0; i < 10; ++i) CHECK(bucket.reserve(clock.now()).count() == 0);
  CHECK(std::chrono::round<milliseconds>(bucket.reserve(clock.now())) == milliseconds(200));
}

TEST_CASE("flow control: a request that did not come about is given back, up to the burst") {
  FakeClock clock;
  TokenBucket bucket(1, 2);
  for (int i = 0; i < 100; ++i) {
    CHECK(bucket.reserve(clock.now()).count() == 0);
    bucket.give_back();
  }
  bucket.give_back();
  for (int i = 0; i < 2; ++i) CHECK(bucket.reserve(clock.now()).count() == 0);
  CHECK(bucket.reserve(clock.now()).count() > 0);
}

TEST_CASE(
    "flow control: pauses double up to the longest, each shortened by up to a quarter, and start anew after success") {
  Backoff backoff(milliseconds(50), milliseconds(1000));
  for (const int expected : {50, 100, 200, 400, 800, 1000, 1000}) CHECK(backoff.pause(0) == milliseconds(expected));
  backoff.reset();
  for (const uint64_t random : {uint64_t{1}, uint64_t{12345678901}, ~uint64_t{0}}) {
    backoff.reset();
    const auto pause = backoff.pause(random);
    CHECK(pause >= std::chrono::microseconds(37500));
    CHECK(pause <= milliseconds(50));
  }
}

TEST_CASE("flow control: no more requests are in flight than allowed, and stop() lets waiting ones go") {
  Gate gate(1000, 1000, 1, system_clock());
  REQUIRE(gate.enter());
  bool second = false;
  std::thread waiting([&] {
    second = gate.enter();
    if (second) gate.leave(true);
  });
  gate.leave(true);
  waiting.join();
  CHECK(second);
  REQUIRE(gate.enter());
  std::thread stopped([&] { second = gate.enter(); });
  gate.stop();
  stopped.join();
  CHECK(!second);
  CHECK(!gate.sleep(std::chrono::hours(1)));
}

}  // namespace portolan::cluster
