// "did you mean".
#include "corefile/suggest.h"

#include <doctest/doctest.h>

#include <vector>

using namespace portolan::corefile;

TEST_CASE("suggest: the nearest word within reach is named, and nothing otherwise") {
  const std::vector<std::string_view> words = {"max_fails", "expire", "tls", "whoami", "forward", "errors", "", "log"};
  struct Case {
    std::string_view word, best;
  };
  const Case cases[] = {
      {"max_fail", "max_fails"},
      {"exipre", "expire"},
      {"WHOAMI", "whoami"},
      {"foward", "forward"},
      {"error", "errors"},
      {"tsl", "tls"},
      {"lgo", "log"},
      {"kubernetes", ""},
      {"x", ""},
      {"", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.word);
    CHECK(closest(c.word, words) == c.best);
  }
  CHECK(closest(std::string(1000, 'a'), words).empty());
  CHECK(did_you_mean("max_fail", words) == "; did you mean 'max_fails'?");
  CHECK(did_you_mean("zzzzzz", words).empty());
}
