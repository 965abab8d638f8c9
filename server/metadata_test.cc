// Labels of a query: which value counts, what is copied.
#include "server/metadata.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace portolan;
using server::Metadata;

namespace {

// Knows one label, whose text it makes when asked.
class Greeting final : public server::MetadataSource {
 public:
  Greeting(std::string_view name, int* asked) : name_(name), asked_(asked) {}
  std::optional<std::string_view> value(std::string_view label, Arena& arena) const override {
    if (label != "test/greeting") return {};
    ++*asked_;
    return arena.copy(std::string_view("hello " + std::string(name_)));
  }
  const MetadataSource* clone(Arena& arena) const override { return arena.make<Greeting>(arena.copy(name_), asked_); }

 private:
  std::string_view name_;
  int* asked_;
};

}  // namespace

TEST_CASE("metadata: a label that was not set has no value, one that was set to nothing has an empty one") {
  Arena arena;
  Metadata metadata(arena);
  CHECK_FALSE(metadata.value("test/a"));
  metadata.set("test/a", "");
  CHECK(metadata.value("test/a") == "");
  CHECK_FALSE(metadata.value("test"));
}

TEST_CASE("metadata: what was set last counts") {
  Arena arena;
  Metadata metadata(arena);
  int asked = 0;
  metadata.set("test/greeting", "early");
  metadata.add(*arena.make<Greeting>("source", &asked));
  CHECK(metadata.value("test/greeting") == "hello source");
  metadata.set("test/a", "1");
  metadata.set("test/a", "2");
  CHECK(metadata.value("test/a") == "2");
}

TEST_CASE("metadata: a value is made when it is asked for") {
  Arena arena;
  Metadata metadata(arena);
  int asked = 0;
  metadata.add(*arena.make<Greeting>("you", &asked));
  CHECK_FALSE(metadata.value("test/other"));
  CHECK(asked == 0);
  CHECK(metadata.value("test/greeting") == "hello you");
  CHECK(asked == 1);
}

TEST_CASE("metadata: a copy outlives what it was made from and goes its own way") {
  Arena arena;
  int asked = 0;
  Metadata* copy = nullptr;
  {
    Arena first;
    Metadata metadata(first);
    std::string text = "before";
    metadata.set("test/a", text);
    text = "xxxxxx";
    metadata.add(*first.make<Greeting>(first.copy(std::string_view("you")), &asked));
    copy = metadata.clone(arena);
    copy->set("test/b", "only here");
    CHECK_FALSE(metadata.value("test/b"));
    metadata.set("test/a", "after");
  }
  CHECK(copy->value("test/a") == "before");
  CHECK(copy->value("test/b") == "only here");
  CHECK(copy->value("test/greeting") == "hello you");
}
