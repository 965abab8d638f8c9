// Environment references in words.
#include "corefile/environment.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace portolan::corefile;

namespace {

const char* lookup(const char* name) {
  if (std::strcmp(name, "A") == 0) return "x";
  if (std::strcmp(name, "TWICE") == 0) return "{$A}{$A}";
  if (std::strcmp(name, "LOOP") == 0) return "{$LOOP}";
  if (std::strcmp(name, "GROW") == 0) return "{$GROW}{$GROW}";
  return nullptr;
}

}  // namespace

TEST_CASE("environment: both forms are replaced, unset variables are empty, broken references stay") {
  struct Case {
    std::string_view word, expanded;
  };
  const Case cases[] = {
      {"plain", "plain"},  {"{$A}", "x"},          {"{%A%}", "x"}, {"a{$A}b{%A%}c{$A}", "axbxcx"},
      {"[{$NONE}]", "[]"}, {"{$TWICE}", "xx"},     {"{$}", "{$}"}, {"{%%}", "{%%}"},
      {"{$A", "{$A"},      {"{$}{$A}", "{$}{$A}"},  // Caddy gives up at the first reference without a name
      {"{$A:53{$A}", ""},                           // the name runs to the first brace
  };
  for (const Case& c : cases) {
    CAPTURE(c.word);
    const auto got = expand_environment(c.word, lookup);
    REQUIRE(got.has_value());
    CHECK(*got == c.expanded);
  }
}

TEST_CASE("environment: values that refer to themselves are an error, not a hang") {
  CHECK_FALSE(expand_environment("{$LOOP}", lookup).has_value());
  CHECK_FALSE(expand_environment("{$GROW}", lookup).has_value());
}
