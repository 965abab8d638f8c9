// Tests of the log: form of the lines, order, what happens when nobody reads.
#include "base/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/log_limiter.h"
#include "base/log_queue.h"

namespace portolan::log {
namespace {

// A pipe that takes the log's place of standard output for one test.
class Captured {
 public:
  Captured() {
    REQUIRE(pipe(ends_) == 0);
    fcntl(ends_[1], F_SETPIPE_SZ, 4096);
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    flush(5000);
    set_output(ends_[1]);
  }
  ~Captured() {
    lines_until_flushed();
    set_output(STDOUT_FILENO);
    close(ends_[0]);
    close(ends_[1]);
  }

  std::string read_some(int wait_ms) {
    pollfd waiting{ends_[0], POLLIN, 0};
    if (poll(&waiting, 1, wait_ms) <= 0) return {};
    char block[4096];
    const ssize_t got = read(ends_[0], block, sizeof block);
    return got > 0 ? std::string(block, static_cast<size_t>(got)) : std::string();
  }

  // Everything logged so far, however much more than the pipe holds.
  std::string lines_until_flushed() {
    std::string text;
    std::atomic<bool> done{false};
    std::thread flusher([&] {
      flush(10000);
      done = true;
    });
    while (!done) text += read_some(5);
    flusher.join();
    for (std::string more = read_some(0); !more.empty(); more = read_some(0)) text += more;
    return text;
  }

 private:
  int ends_[2];
};

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST_CASE("log: lines have CoreDNS's form") {
  Captured output;
  info("plugin/reload: one");
  warning("two");
  error("three");
  write(Level::fatal, "four");
  plain("CoreDNS-like banner");
  CHECK(output.lines_until_flushed() ==
        "[INFO] plugin/reload: one\n[WARNING] two\n[ERROR] three\n[FATAL] four\nCoreDNS-like banner\n");
}

TEST_CASE("log: debug lines are written only when they are asked for") {
  Captured output;
  debug("hidden");
  enable_debug(true);
  debug("shown");
  enable_debug(false);
  CHECK(output.lines_until_flushed() == "[DEBUG] shown\n");
}

TEST_CASE("log: every thread's lines keep their order, none is torn") {
  Captured output;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 300; ++i) plain("thread " + std::to_string(t) + " line " + std::to_string(i) + ";");
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string text = output.lines_until_flushed();
  CHECK(count(text, "\n") == 1200);
  for (int t = 0; t < 4; ++t) {
    size_t at = 0;
    for (int i = 0; i < 300; ++i) {
      at = text.find("thread " + std::to_string(t) + " line " + std::to_string(i) + ";\n", at);
      REQUIRE(at != text.npos);
    }
  }
}

TEST_CASE("log: nobody waits for a reader that stopped; what does not fit is dropped, counted and said") {
  Captured output;
  const uint64_t before = dropped();
  const std::string line(1000, 'x');
  constexpr int kLines = 1000;
  for (int i = 0; i < kLines; ++i) plain(line);
  const uint64_t lost = dropped() - before;
  CHECK(lost > 500);  // 128 KiB of queue, and what the writer holds
  const std::string text = output.lines_until_flushed();
  CHECK(count(text, line + "\n") + lost == kLines);
  CHECK(count(text, "[WARNING] log: " + std::to_string(lost) +
                        " lines dropped: standard output was not read fast enough\n") == 1);
}

TEST_CASE("log: a limited line comes once an interval and says how often it was held back") {
  Limiter limiter;
  const SteadyTime start{std::chrono::hours(1)};
  using std::chrono::seconds;
  CHECK(limiter.admit("a", seconds(10), start) == "a");
  CHECK(limiter.admit("a", seconds(10), start + seconds(1)).empty());
  CHECK(limiter.admit("b", seconds(10), start + seconds(2)) == "b");
  CHECK(limiter.admit("a", seconds(10), start + seconds(9)).empty());
  CHECK(limiter.admit("a", seconds(10), start + seconds(12)) == "a (2 more in the last 12 seconds)");
  CHECK(limiter.admit("a", seconds(10), start + seconds(22)) == "a");
}

TEST_CASE("log: limited lines of the process") {
  Captured output;
  for (int i = 0; i < 5; ++i) limited(Level::warning, "the same");
  CHECK(output.lines_until_flushed() == "[WARNING] the same\n");
}

TEST_CASE("log queue: lines go round the end of the ring unharmed") {
  Queue queue;
  const std::string line(999, 'y');
  for (int round = 0; round < 1000; ++round) {
    REQUIRE(queue.push({line.substr(0, 500), line.substr(500)}));
    std::string out;
    queue.drain(out);
    REQUIRE(out == line + "\n");
  }
  CHECK(queue.empty());
}

TEST_CASE("log queue: takes exactly its capacity") {
  Queue queue;
  const std::string half(Queue::kCapacity / 2 - 1, 'z');
  CHECK(queue.push({half}));
  CHECK(queue.push({half}));
  CHECK_FALSE(queue.push({""}));
  std::string out;
  queue.drain(out);
  CHECK(out.size() == Queue::kCapacity);
  CHECK(queue.push({half}));
}

}  // namespace
}  // namespace portolan::log
