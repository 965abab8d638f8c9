// Which states are one, and which of two answers.
#include "plugins/common/standing.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

using portolan::StateKey;
using portolan::StateRegistry;

namespace {

/// What workers read of it is its number.
class State {
 public:
  explicit State(int number) : number_(number) {}
  ~State() { number_ = 0; }

  const int& number() const { return number_; }
  void when_known(std::function<void()> call) { call_ = std::move(call); }
  bool waits_behind(const State& previous) const { return this != &previous && !known_; }
  void become_known() {
    known_ = true;
    if (call_) std::exchange(call_, nullptr)();
  }

 private:
  int number_;
  bool known_ = false;
  std::function<void()> call_;
};

using Standing = portolan::Standing<State, &State::number, &State::when_known, &State::waits_behind>;

int answers(const Standing& standing) {
  const portolan::rcu::ReadGuard reading;
  return standing.content();
}

std::string key_of(const std::vector<std::string>& first, const std::vector<std::string>& second) {
  StateKey key;
  key.add_all(first);
  key.add_all(second);
  return key.take();
}

std::string key_of_file(const std::string& path) {
  StateKey key;
  key.add_file(path);
  return key.take();
}

}  // namespace

TEST_CASE("standing: the state before answers until a handler's own is known, and is then let go of") {
  const auto own = std::make_shared<State>(2);
  std::weak_ptr<State> before;
  std::shared_ptr<Standing> standing;
  {
    const auto previous = std::make_shared<State>(1);
    before = previous;
    standing = Standing::begin(own, previous);
  }
  CHECK(answers(*standing) == 1);
  CHECK(standing->own() == own);
  CHECK(standing->answering() == before.lock());
  own->become_known();
  CHECK(answers(*standing) == 2);
  CHECK(standing->answering() == own);
  CHECK(before.expired());
}

TEST_CASE("standing: nothing is waited for without a state before, with the same one, or when all is known") {
  const auto own = std::make_shared<State>(2), previous = std::make_shared<State>(1);
  CHECK(Standing::begin(own, nullptr)->answering() == own);
  CHECK(Standing::begin(own, own)->answering() == own);
  own->become_known();
  CHECK(Standing::begin(own, previous)->answering() == own);
}

TEST_CASE("standing: the end of the wait may come after the handler is gone") {
  const auto own = std::make_shared<State>(2);
  std::weak_ptr<State> before;
  {
    const auto previous = std::make_shared<State>(1);
    before = previous;
    Standing::begin(own, previous);
  }
  CHECK(before.expired());
  own->become_known();
}

TEST_CASE("standing: a reader never sees a state that is gone") {
  for (int round = 0; round < 50; ++round) {
    const auto own = std::make_shared<State>(2);
    const auto standing = Standing::begin(own, std::make_shared<State>(1));
    std::atomic<bool> begun{false}, done{false};
    std::atomic<int> gone{0};
    std::thread reader([&] {
      while (!done) {
        if (answers(*standing) == 0) ++gone;
        begun = true;
      }
    });
    while (!begun) std::this_thread::yield();
    own->become_known();
    done = true;
    reader.join();
    CHECK(gone == 0);
    CHECK(answers(*standing) == 2);
  }
}

TEST_CASE("state registry: one state a key, as long as somebody holds it") {
  StateRegistry<State> registry;
  int made = 0;
  const auto make = [&] { return std::make_shared<State>(++made); };
  const auto first = registry.get("a", make);
  CHECK(registry.get("a", make) == first);
  const auto other = registry.get("b", make);
  CHECK(other != first);
  CHECK(made == 2);
  CHECK(registry.get("c", []() -> std::shared_ptr<State> { return nullptr; }) == nullptr);
  CHECK(registry.get("c", make)->number() == 3);
  CHECK(registry.get("c", make)->number() == 4);  // nobody held the one before
}

TEST_CASE("state key: texts are told apart by where they begin and end") {
  CHECK(key_of({"a", "b"}, {}) == key_of({"a", "b"}, {}));
  CHECK(key_of({"a", "b"}, {}) != key_of({"a"}, {"b"}));
  CHECK(key_of({"ab"}, {}) != key_of({"a", "b"}, {}));
  CHECK(key_of({"1:a"}, {}) != key_of({"", "a"}, {}));
}

TEST_CASE("state key: a file that was replaced is another one") {
  char name[] = "/tmp/portolan-test-XXXXXX";
  const std::filesystem::path folder = mkdtemp(name);
  const std::filesystem::path file = folder / "ca.pem";
  CHECK(key_of_file("") == key_of_file(""));
  const std::string missing = key_of_file(file.string());
  CHECK(missing != key_of_file(""));
  std::ofstream(file) << "x";
  const std::string there = key_of_file(file.string());
  CHECK(there != missing);
  CHECK(key_of_file(file.string()) == there);
  std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) + std::chrono::seconds(1));
  CHECK(key_of_file(file.string()) != there);
  std::filesystem::remove_all(folder);
}
