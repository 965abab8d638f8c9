// Commands as processes: their output, their end, their time.
#include "plugins/on/child.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace portolan::on {
namespace {

using Words = std::vector<std::string>;
using namespace std::chrono_literals;

struct Run {
  std::string end;
  std::vector<std::string> lines;
};

Run run(const Words& words, std::optional<SteadyTime> until = {}, int end = -1) {
  auto child = Child::start(words);
  REQUIRE_MESSAGE(child.has_value(), child.error().message);
  Run result;
  result.end = child->wait(until, end, [&](std::string_view line) { result.lines.emplace_back(line); });
  return result;
}

TEST_CASE("on: what a command writes comes line by line, from both its outputs") {
  CHECK(run({"echo", "hi", "there"}).lines == std::vector<std::string>{"hi there"});
  CHECK(run({"sh", "-c", "echo one; echo two >&2; printf 'no end'"}).lines ==
        std::vector<std::string>{"one", "two", "no end"});
  CHECK(run({"true"}).lines.empty());
  CHECK(run({"printf", "a\\033b\\rc\\n\\n"}).lines == std::vector<std::string>{"a b c", ""});
}

TEST_CASE("on: a long line comes in pieces") {
  const Run result = run({"sh", "-c", "head -c 2500 /dev/zero | tr '\\0' x; echo; echo end"});
  REQUIRE(result.lines.size() == 4);
  CHECK(result.lines[0] == std::string(1024, 'x'));
  CHECK(result.lines[2] == std::string(2500 - 2048, 'x'));
  CHECK(result.lines[3] == "end");
}

TEST_CASE("on: how a command ended is told") {
  CHECK(run({"true"}).end == "");
  CHECK(run({"sh", "-c", "exit 3"}).end == "exit status 3");
  CHECK(run({"sh", "-c", "kill -9 $$"}).end == "ended by signal 9");
  CHECK(Child::start(Words{"no-such-program-here"}).error().message ==
        "exec \"no-such-program-here\": no such file or directory");
  CHECK(Child::start(Words{"/"}).has_error());
}

TEST_CASE("on: no shell reads the words") {
  CHECK(run({"echo", "$HOME; *", "`id`"}).lines == std::vector<std::string>{"$HOME; * `id`"});
}

TEST_CASE("on: a command has nothing of the server's but its environment") {
  const int ours = fcntl(STDERR_FILENO, F_DUPFD, 100);  // without close-on-exec, as libraries open files
  setenv("PORTOLAN_ON_TEST", "kept", 1);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const Run signals = run({"grep", "SigBlk", "/proc/self/status"});
  const Run files = run({"ls", "/proc/self/fd"});
  const Run result = run({"sh", "-c", "cat; echo $PORTOLAN_ON_TEST"});
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(ours);
  CHECK(signals.lines == std::vector<std::string>{"SigBlk: 0000000000000000"});
  CHECK(std::count(files.lines.begin(), files.lines.end(), "2") == 1);
  CHECK(std::count(files.lines.begin(), files.lines.end(), std::to_string(ours)) == 0);
  CHECK(result.lines == std::vector<std::string>{"kept"});
}

TEST_CASE("on: a command whose time is over is ended with all it started") {
  const SteadyTime begin = std::chrono::steady_clock::now();
  const Run result = run({"sh", "-c", "sleep 1000 & echo $!; wait"}, begin + 100ms);
  CHECK(result.end == "ended after its time was over");
  REQUIRE(result.lines.size() == 1);
  const auto grandchild = static_cast<pid_t>(std::stol(result.lines[0]));
  const auto gone = [&] {  // dead, perhaps not yet reaped by whoever does that here
    std::array<char, 256> stat{};
    const int fd = open(("/proc/" + std::to_string(grandchild) + "/stat").c_str(), O_RDONLY);
    if (fd < 0) return true;
    const ssize_t size = read(fd, stat.data(), stat.size() - 1);
    close(fd);
    return size > 0 && std::string_view(stat.data()).find(") Z ") != std::string_view::npos;
  };
  while (!gone() && std::chrono::steady_clock::now() < begin + 5s) usleep(1000);
  CHECK(gone());
}

TEST_CASE("on: a command that does not listen is killed") {
  const SteadyTime begin = std::chrono::steady_clock::now();
  const Run result = run({"sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"}, begin + 100ms);
  CHECK(result.end == "ended after its time was over");
  CHECK(std::chrono::steady_clock::now() - begin >= 1s);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("on: a command that writes without end has no more time than others") {
  CHECK(run({"yes"}, std::chrono::steady_clock::now() + 100ms).end == "ended after its time was over");
  // Also when it writes faster than a log takes its lines.
  auto child = Child::start(Words{"yes", std::string(1000, 'x')});
  REQUIRE(child.has_value());
  constexpr int kMost = 2000;
  int lines = 0;
  const auto slow_log = [&](std::string_view) {
    if (++lines < kMost) poll(nullptr, 0, 1);
  };
  CHECK(child->wait(std::chrono::steady_clock::now() + 100ms, -1, slow_log) == "ended after its time was over");
  CHECK(lines < kMost);
}

TEST_CASE("on: a command ends with the server") {
  const int end = eventfd(1, EFD_CLOEXEC);
  CHECK(run({"yes"}, {}, end).end == "ended with the server");
  CHECK(run({"sleep", "1000"}, {}, end).end == "ended with the server");
  close(end);
}

TEST_CASE("on: what a command leaves behind is not waited for") {
  const SteadyTime begin = std::chrono::steady_clock::now();
  CHECK(run({"sh", "-c", "sleep 20 & echo started"}).lines == std::vector<std::string>{"started"});
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

}  // namespace
}  // namespace portolan::on
