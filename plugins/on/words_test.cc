// Command lines in words.
#include "plugins/on/words.h"

#include <doctest/doctest.h>

namespace portolan::on {
namespace {

TEST_CASE("on: a command line is cut into words as a shell does") {
  const struct {
    const char* line;
    std::vector<std::string> words;
  } cases[] = {
      {"", {}},
      {"  \t ", {}},
      {"echo hi", {"echo", "hi"}},
      {"  echo\t hi  ", {"echo", "hi"}},
      {"sh -c 'echo hi; true'", {"sh", "-c", "echo hi; true"}},
      {"say \"a b\"c 'd'e", {"say", "a bc", "de"}},
      {"say \"\" ''", {"say", "", ""}},
      {R"(say \"x\" a\ b "c\"d" '\n')", {"say", "\"x\"", "a b", "c\"d", "\\n"}},
      {"say a#b #c d", {"say", "a#b"}},
      {"$HOME *.txt ~ | & > x", {"$HOME", "*.txt", "~", "|", "&", ">", "x"}},
  };
  for (const auto& each : cases) {
    CAPTURE(each.line);
    const auto words = split_words(each.line);
    REQUIRE(words.has_value());
    CHECK(*words == each.words);
  }
}

TEST_CASE("on: quotes are closed and backslashes followed") {
  for (const char* line : {"say 'a", "say \"a", "say a\\", "say \"a\\"}) {
    CAPTURE(line);
    CHECK(split_words(line).has_error());
  }
}

}  // namespace
}  // namespace portolan::on
