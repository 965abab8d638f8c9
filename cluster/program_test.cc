// Programs that behave, and those that do not.
#include "cluster/program.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "cluster/test_script.h"

namespace portolan::cluster {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLong{60'000};

bool never() { return false; }

std::string run(const TestScript& script, std::vector<std::string> args = {}, milliseconds limit = kLong) {
  const Program program{script.path(), std::move(args), {{"PORTOLAN_TEST", "a 'b' $c"}}};
  const auto output = run_program(program, limit, never);
  return output ? *output : "error: " + output.error().message;
}

}  // namespace

TEST_CASE("program: arguments and environment arrive as they are, no shell in between") {
  const TestScript script(R"(printf '<%s>' "$@"; printf '%s' "$PORTOLAN_TEST")");
  CHECK(run(script, {"a b", "$(id)", "*", "", "'"}) == "<a b><$(id)><*><><'>a 'b' $c");
}

TEST_CASE("program: its standard input is empty, and its environment that of this process") {
  CHECK(run(TestScript("cat; test \"$PATH\" && echo path")) == "path\n");
  ::setenv("PORTOLAN_TEST", "outer", 1);
  CHECK(run(TestScript("env | grep -c '^PORTOLAN_TEST='")) == "1\n");
  ::unsetenv("PORTOLAN_TEST");
}

TEST_CASE("program: signals are as a program expects them, whatever this process does with its own") {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  CHECK(run(TestScript("kill -s TERM $$; echo survived")).ends_with("ended by signal 15"));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("program: a failure comes with the last line that it complains with") {
  const TestScript script("echo out; echo first >&2; echo 'login first' >&2; exit 3");
  CHECK(run(script) == "error: " + script.path() + ": exit status 3: login first");
  CHECK(run(TestScript("exit 1")).ends_with(": exit status 1"));
  const Program missing{"/nonexistent/program", {}, {}};
  CHECK(run_program(missing, kLong, never).error().message ==
        "/nonexistent/program: cannot be started: No such file or directory");
}

TEST_CASE("program: one that does not end is ended, with what it has started") {
  const TestScript script("sleep 1000 & echo $! > child; wait");
  CHECK(run(script, {}, milliseconds(500)) == "error: " + script.path() + ": still runs after 500 ms");
  if (const std::string child = script.read("child"); !child.empty()) {
    const auto gone = [&] {
      std::ifstream in("/proc/" + child.substr(0, child.size() - 1) + "/stat");
      std::string pid, name, state;
      return !(in >> pid >> name >> state) || state == "Z";
    };
    for (int i = 0; i < 1000 && !gone(); ++i) ::usleep(10'000);
    CHECK(gone());
  }
}

TEST_CASE("program: one that prints without end is ended") {
  CHECK(run(TestScript("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"))
            .ends_with("prints more than 1 MiB"));
}

TEST_CASE("program: one that complains without end has no more time than others") {
  CHECK(run(TestScript("exec yes >&2"), {}, milliseconds(100)).ends_with("still runs after 100 ms"));
}

TEST_CASE("program: the end counts, not what is left behind") {
  const std::string output = run(TestScript("sleep 1000 & echo $!"));
  const pid_t left = std::atoi(output.c_str());
  REQUIRE(left > 0);
  CHECK(::kill(left, SIGKILL) == 0);
}

TEST_CASE("program: stopping does not wait for it") {
  const TestScript script("sleep 1000");
  std::atomic<int> looks = 0;
  const auto output = run_program({script.path(), {}, {}}, kLong, [&] { return ++looks > 2; });
  REQUIRE(output.has_error());
  CHECK(output.error().message == "stopped");
}

TEST_CASE("program: a bare name is looked for in PATH, a path counts from the folder") {
  const TestScript script("echo");
  script.write("text", "no program");
  CHECK(*find_program("./plugin", script.folder()) == script.folder() + "/./plugin");
  CHECK(*find_program(script.path(), "/") == script.path());
  CHECK(find_program("sh", "/")->ends_with("/sh"));
  CHECK(find_program("plugin", script.folder()).error().message == "command \"plugin\" is not in PATH");
  CHECK(find_program("./text", script.folder()).error().message ==
        "command \"./text\": " + script.folder() + "/./text is no program");
  CHECK(find_program("./", script.folder()).has_error());
}

}  // namespace portolan::cluster
