// Patterns and replacements.
#include "plugins/rewrite/pattern.h"

#include <doctest/doctest.h>

#include "plugins/common/text_buffer.h"

namespace portolan::rewrite {
namespace {

TEST_CASE("rewrite: each kind of pattern replaces what it stands for") {
  struct Case {
    Kind kind;
    const char *from, *to, *text;
    const char* replaced;  // null: no match
  };
  const Case cases[] = {
      {Kind::exact, "a.test.", "b.", "a.test.", "b."},
      {Kind::exact, "a.test.", "b.", "x.a.test.", nullptr},
      {Kind::exact, "a.test.", "{0}.", "a.test.", "{0}."},
      {Kind::prefix, "pre.", "x.", "pre.one.test.", "x.one.test."},
      {Kind::prefix, "pre.", "x.", "a.pre.one.test.", nullptr},
      {Kind::suffix, ".a.test.", ".b.", "x.y.a.test.", "x.y.b."},
      {Kind::suffix, ".a.test.", ".b.", "a.test.", nullptr},
      {Kind::suffix, "test.", "b.", "mytest.", "myb."},
      {Kind::substring, "a.", "bc.", "a.a.xa.", "bc.bc.xbc."},
      {Kind::substring, "aa", "a", "aaaa.", "aa."},
      {Kind::substring, "q", "a", "bbb.", nullptr},
      {Kind::regex, R"((.*)-(us-west-1)\.example\.org)", "{1}.service.{2}.consul.", "ftp-us-west-1.example.org.",
       "ftp.service.us-west-1.consul."},
      {Kind::regex, "b", "x.", "a.b.c.", "x."},  // the whole name, whatever part matched
      {Kind::regex, "^b", "x.", "a.b.c.", nullptr},
      {Kind::regex, "(a)|(b)", "{1}{2}{0}.", "b.", "bb."},  // a group that took no part is empty
      {Kind::regex, "(a)", "{1}{2}{01}{x}{", "a.", "a{2}{01}{x}{"},
      {Kind::regex, "(a)(b)", "{{2}}-{1}", "ab", "{b}-a"},
      {Kind::regex, "(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)", "{11}{1}{10}", "abcdefghijk", "kaj"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.from));
    CAPTURE(std::string(c.text));
    auto pattern = Pattern::make(c.kind, c.from);
    REQUIRE(pattern.has_value());
    const Replacement to = c.kind == Kind::regex ? Replacement(c.to, pattern->groups()) : Replacement(c.to);
    Arena arena;
    const auto replaced = pattern->replaced(c.text, to, arena);
    CHECK(replaced.has_value() == (c.replaced != nullptr));
    CHECK(pattern->matches(c.text) == (c.replaced != nullptr));
    if (replaced && c.replaced) CHECK(*replaced == c.replaced);
  }
}

TEST_CASE("rewrite: an exact pattern says the same of a name as of its text") {
  const char* patterns[] = {"a.test.",   ".",        "\\097.test.", "a\\.test.", "\\065.test.", "a\\ b.test.",
                            "a b.test.", "a..test.", "a\\000.",     "a\\.",      "a\\@b.test.", "\\a.test.",
                            "A.test.",   "pre-.",    "..",          "a\\255.",   "a\\256."};
  const char* names[] = {"a.test.", ".",     "a\\.test.", "A.test.",       "a\\032b.test.", "a\\000.",
                         "a\\..",   "pre-.", "a\\255.",   "a\\064b.test.", "b.a.test.",     "test."};
  unsigned matched = 0;
  for (const char* from : patterns) {
    const auto pattern = Pattern::make(Kind::exact, from);
    REQUIRE(pattern.has_value());
    CHECK(pattern->is_exact());
    for (const char* text : names) {
      CAPTURE(std::string(from));
      CAPTURE(std::string(text));
      const auto name = dns::Name::parse(text);
      REQUIRE(name.has_value());
      Arena arena;
      CHECK(pattern->equals(*name) == pattern->matches(name_text(*name, arena)));
      matched += pattern->equals(*name);
    }
  }
  CHECK(matched == 9);
}

TEST_CASE("rewrite: groups are counted once, up to 100") {
  const std::pair<const char*, size_t> cases[] = {
      {"plain.", 0}, {"{1}.{1}.", 1}, {"{0}{1}{12}", 3}, {"{100}", 1}, {"{101}", 0}, {"{01}{-1}{}{a}{1", 0},
  };
  for (const auto& [text, count] : cases) {
    CAPTURE(std::string(text));
    CHECK(groups_used(text) == count);
  }
}

TEST_CASE("rewrite: kinds are known in any case") {
  CHECK(parse_kind("Exact") == Kind::exact);
  CHECK(parse_kind("REGEX") == Kind::regex);
  CHECK(parse_kind("substring") == Kind::substring);
  CHECK_FALSE(parse_kind("sub"));
  CHECK_FALSE(parse_kind(""));
}

}  // namespace
}  // namespace portolan::rewrite
