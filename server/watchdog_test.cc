// The watchdog, with loops that turn and one that stands still.
#include "server/watchdog.h"

#include <doctest/doctest.h>

#include <thread>

namespace portolan::server {
namespace {

using namespace std::chrono_literals;

// A loop in a thread of its own.
class Turning {
 public:
  Turning() : thread_([this] { loop.run(); }) {}
  ~Turning() {
    loop.stop();
    thread_.join();
  }
  Loop loop;

 private:
  std::thread thread_;
};

}  // namespace

TEST_CASE("watchdog: it is fed again and again while every loop turns") {
  Loop main;
  Turning first, second;
  int fed = 0;
  Watchdog watchdog(main, {&first.loop, &second.loop}, 1ms, [&] {
    if (++fed == 5) main.stop();
  });
  Timer limit(main);
  limit.start(20s, [&] { main.stop(); });
  main.run();
  CHECK(fed == 5);
}

TEST_CASE("watchdog: a loop that stands still is not vouched for, until it turns again") {
  Loop main, stuck;
  Turning turning;
  int fed = 0;
  Watchdog watchdog(main, {&turning.loop, &stuck}, 1ms, [&] {
    if (++fed == 2) main.stop();
  });
  CHECK(fed == 1);  // of the start: nothing has been asked yet
  Timer limit(main);
  limit.start(50ms, [&] { main.stop(); });
  main.run();
  CHECK(fed == 1);

  std::thread late([&] { stuck.run(); });
  limit.start(20s, [&] { main.stop(); });
  main.run();
  CHECK(fed == 2);
  stuck.stop();
  late.join();
}

}  // namespace portolan::server
