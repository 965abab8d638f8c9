// What is refused, and how; what matches is RE2's.
#include "plugins/common/regex.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace portolan {
namespace {

std::string refusal(const std::string& pattern, size_t memory = Regex::kMostMemory) {
  const auto compiled = Regex::compile(pattern, Regex::Case::matters, memory);
  return compiled.has_error() ? compiled.error().message : std::string();
}

TEST_CASE("regex: what is wrong is told in Go's words") {
  const std::pair<const char*, const char*> cases[] = {
      {"(", "error parsing regexp: missing closing ): `(`"},
      {"a)", "error parsing regexp: unexpected ): `a)`"},
      {"[a", "error parsing regexp: missing closing ]: `[a`"},
      {"*a", "error parsing regexp: missing argument to repetition operator: `*`"},
      {"a**", "error parsing regexp: invalid nested repetition operator: `**`"},
      {"[b-a]", "error parsing regexp: invalid character class range: `b-a`"},
      {"\\8", "error parsing regexp: invalid escape sequence: `\\8`"},
  };
  for (const auto& [pattern, message] : cases) CHECK(refusal(pattern) == message);
}

TEST_CASE("regex: length and memory are bounded") {
  CHECK(refusal(std::string(10'000, 'a')).empty());
  CHECK(refusal(std::string(10'001, 'a')) == "regex pattern too long: 10001 > 10000");
  CHECK(refusal(std::string(10'000, 'a'), 1 << 10).starts_with("error parsing regexp: expression too large: `aaa"));
}

}  // namespace
}  // namespace portolan
