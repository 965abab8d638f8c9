// Option tables at work: every kind of argument, counts, repetition, blocks, and all errors of a directive at once.
#include <doctest/doctest.h>

#include "corefile/option.h"
#include "corefile/parser.h"

using namespace portolan;
using namespace portolan::corefile;
using namespace std::chrono_literals;

namespace {

// Joins the words with '+', and refuses a word "bad".
Result<std::any> joined(std::span<const Token> tokens) {
  std::string out;
  for (const Token& token : tokens) {
    if (token.text == "bad") return not_parsed("bad word");
    out += (out.empty() ? "" : "+") + token.text;
  }
  return corefile::parsed(out);
}

constexpr Arg kZones[] = {{.name = "ZONE", .kind = ArgKind::zone, .many = true}};
constexpr Arg kTtl[] = {{.name = "TTL", .kind = ArgKind::integer, .min = 0, .max = 3600}};
constexpr Arg kWait[] = {{.name = "WAIT", .kind = ArgKind::duration, .min = 0, .max = 60'000'000'000}};
constexpr Arg kRatio[] = {{.name = "RATIO", .kind = ArgKind::fraction, .min = 0, .max = 1}};
constexpr Arg kMode[] = {{.name = "MODE", .kind = ArgKind::choice, .choices = "disabled|insecure|verified"}};
constexpr Arg kFlag[] = {{.name = "FLAG", .kind = ArgKind::choice, .choices = "aa|ra", .any_case = true}};
constexpr Arg kAddress[] = {{.name = "ADDRESS", .kind = ArgKind::address}, {.name = "PREFIX", .kind = ArgKind::prefix}};
constexpr Arg kRule[] = {{.name = "KIND"}, {.name = "RULE", .kind = ArgKind::grammar, .grammar = joined}};
constexpr Arg kOneZone[] = {{.name = "ZONE", .kind = ArgKind::zone}};
constexpr Arg kWords[] = {{.name = "WORD", .many = true}};

constexpr Option kTable[] = {
    {.name = "", .args = kZones},
    {.name = "ttl", .args = kTtl, .required = 1},
    {.name = "once", .args = kTtl, .required = 1, .repeat = Repeat::refused},
    {.name = "wait", .args = kWait, .required = 1, .repeat = Repeat::append},
    {.name = "ratio", .args = kRatio, .required = 1},
    {.name = "pods", .args = kMode, .required = 1},
    {.name = "net", .args = kAddress, .required = 1},
    {.name = "rule", .args = kRule, .required = 2},
    {.name = "origin", .args = kOneZone, .required = 1},
    {.name = "words", .args = kWords, .required = 1},
    {.name = "flag"},
    {.name = "loose", .args = kTtl, .required = 1, .extra_args = true},
    {.name = "tls", .block = true},
    {.name = "set", .args = kFlag, .required = 1, .any_case = true},
};

Directive directive(const std::string& text) {
  auto file = parse(". {\n" + text + "\n}\n", {});
  REQUIRE(file.has_value());
  return file->blocks[0].directives[0];
}

// The errors, one a line, without the directive's prefix "plugin/x: ".
std::string errors(const std::string& text, std::span<const Option> table = kTable) {
  const auto parsed = parse_options(directive(text), table);
  std::string out;
  if (parsed) return out;
  for (const Error& error : parsed.error()) {
    REQUIRE(error.message.starts_with("plugin/x: "));
    out += (out.empty() ? "" : "\n") + error.message.substr(10);
  }
  return out;
}

}  // namespace

TEST_CASE("options: every kind of argument becomes its typed value") {
  const Directive source = directive(
      "x Alder.test 10.0.0.0/15 tls://birch.test:853 {\n ttl +007\n wait 1.5s\n wait 2s\n ratio 0.25\n pods verified\n"
      " net ::1 10.0.0.0/8\n rule a b \"c d\"\n origin 10.0.0.0/8\n words p q r\n flag\n loose 5 6 7\n"
      " tls { cert a\n key b\n }\n}");
  const auto parsed = parse_options(source, kTable);
  REQUIRE(parsed.has_value());
  const auto& uses = parsed->uses;
  REQUIRE(uses.size() == 13);
  CHECK(uses[0].is(""));
  CHECK(uses[0].texts() ==
        std::vector<std::string>{"alder.test.", "0.10.in-addr.arpa.", "1.10.in-addr.arpa.", "birch.test."});
  CHECK(uses[0].tokens.size() == 3);
  CHECK(uses[1].number() == 7);
  CHECK(uses[1].at.text() == "Corefile:3");
  CHECK(uses[2].duration() == 1500ms);
  CHECK(uses[3].duration() == 2s);
  CHECK(uses[4].fraction() == 0.25);
  CHECK(uses[5].text() == "verified");
  CHECK(uses[6].text(0) == "::1");
  CHECK(uses[6].text(1) == "10.0.0.0/8");
  CHECK(uses[7].text() == "a");
  CHECK(uses[7].as<std::string>(1) == "b+c d");
  CHECK(uses[8].text() == "10.in-addr.arpa.");
  CHECK(uses[9].texts(1) == std::vector<std::string>{"q", "r"});
  CHECK(uses[10].size() == 0);
  CHECK(uses[11].number() == 5);
  CHECK(uses[11].size() == 1);
  CHECK_FALSE(uses[11].has(1));
  REQUIRE(uses[12].block.size() == 2);
  CHECK(uses[12].block[1].args[0].text == "b");
}

TEST_CASE("options: wrong arguments are told with their place and what was expected") {
  struct Case {
    std::string line, message;
  };
  const Case cases[] = {
      {"ttl", "Wrong argument count or unexpected line ending after 'ttl', expecting 'ttl TTL'"},
      {"ttl 1 2", "Wrong argument count or unexpected line ending after '2', expecting 'ttl TTL'"},
      {"ttl x", "strconv.Atoi: parsing \"x\": invalid syntax, expecting TTL"},
      {"ttl 3601", "TTL must be at least 0 and at most 3600: 3601"},
      {"ttl -1", "TTL must be at least 0 and at most 3600: -1"},
      {"wait 5", "time: missing unit in duration \"5\", expecting WAIT"},
      {"wait 2m", "WAIT must be at least 0 and at most 1m: 2m"},
      {"ratio 2", "RATIO must be at least 0 and at most 1: 2"},
      {"ratio x", "strconv.ParseFloat: parsing \"x\": invalid syntax, expecting RATIO"},
      {"pods insecur",
       "wrong value for MODE: 'insecur', must be one of: disabled, insecure, verified; did you mean 'insecure'?"},
      {"net 10.0.0", "not a valid IP address: \"10.0.0\""},
      {"net ::1 10.0.0.0", "illegal CIDR notation \"10.0.0.0\""},
      {"net", "Wrong argument count or unexpected line ending after 'net', expecting 'net ADDRESS [PREFIX]'"},
      {"rule a", "Wrong argument count or unexpected line ending after 'a', expecting 'rule KIND RULE'"},
      {"rule a bad", "bad word"},
      {"origin a..b", "zone is not a valid domain name: a..b"},
      {"origin 10.0.0.0/15", "10.0.0.0/15 stands for 2 zones, but ZONE is one"},
      {"words", "Wrong argument count or unexpected line ending after 'words', expecting 'words WORD...'"},
      {"flag x", "Wrong argument count or unexpected line ending after 'x', expecting 'flag'"},
      {"flag {\n }", "Unexpected token '{', expecting argument: 'flag' has no block"},
      {"tt 5", "unknown property 'tt'; did you mean 'ttl'?"},
      {"nothing_like_it", "unknown property 'nothing_like_it'"},
      {"{$PORTOLAN_TEST_NOT_SET}", "unknown property ''"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.line);
    CHECK(errors("x {\n " + c.line + "\n}") == "Corefile:3 - Error during parsing: " + c.message);
  }
}

TEST_CASE("options: names and choices are taken in upper case where the table says so") {
  const auto parsed = parse_options(directive("x {\n SET RA\n}"), kTable);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->uses.size() == 2);
  CHECK(parsed->uses[1].is("set"));
  CHECK(parsed->uses[1].text() == "ra");
  CHECK(errors("x {\n TTL 5\n}") == "Corefile:3 - Error during parsing: unknown property 'TTL'; did you mean 'ttl'?");
  CHECK(errors("x {\n pods VERIFIED\n}") ==
        "Corefile:3 - Error during parsing: wrong value for MODE: 'VERIFIED', must be one of: disabled, insecure, "
        "verified; did you mean 'verified'?");
}

TEST_CASE("options: all errors of a directive come at once, in the order of the lines") {
  CHECK(errors("x a..b {\n ttl x\n nope\n pods\n}") ==
        "Corefile:2 - Error during parsing: zone is not a valid domain name: a..b\n"
        "Corefile:3 - Error during parsing: strconv.Atoi: parsing \"x\": invalid syntax, expecting TTL\n"
        "Corefile:4 - Error during parsing: unknown property 'nope'\n"
        "Corefile:5 - Error during parsing: Wrong argument count or unexpected line ending after 'pods', expecting "
        "'pods MODE'");
}

TEST_CASE("options: a second use replaces, is kept or is refused, as the table says") {
  const auto parsed = parse_options(directive("x {\n ttl 1\n wait 1s\n ttl 2\n wait 2s\n}"), kTable);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->uses.size() == 4);
  CHECK(parsed->uses[1].duration() == 1s);
  CHECK(parsed->uses[2].number() == 2);
  CHECK(parsed->uses[3].duration() == 2s);
  CHECK(errors("x {\n once 1\n once 2\n}") ==
        "Corefile:4 - Error during parsing: 'once' can only be specified once, it stands at Corefile:3");
}

TEST_CASE("options: a directive without a table entry for it takes neither arguments nor a block") {
  const std::span<const Option> none;
  CHECK(errors("x", none).empty());
  CHECK(errors("x y", none) ==
        "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after "
        "'y', expecting 'x'");
  CHECK(errors("x {\n}", none) ==
        "Corefile:2 - Error during parsing: Unexpected token '{', expecting argument: 'x' has "
        "no block");
  CHECK(errors("x {\n}", kTable).empty());
}

TEST_CASE("options: the nameless option is there without arguments, and its count is checked") {
  static constexpr Option table[] = {{.name = "", .args = kWords, .required = 1}};
  CHECK(errors("x", table) ==
        "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after "
        "'x', expecting 'x WORD...'");
  const auto parsed = parse_options(directive("x"), kTable);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->uses.size() == 1);
  CHECK(parsed->uses[0].size() == 0);
}

TEST_CASE("options: lines that no option names are handed on where the nameless option has a block") {
  static constexpr Option table[] = {{.name = "", .block = true}, {.name = "ttl", .args = kTtl, .required = 1}};
  const auto parsed = parse_options(directive("x {\n 10.0.0.1 a b\n ttl 5\n ::1 c\n}"), table);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->uses.size() == 2);
  REQUIRE(parsed->uses[0].block.size() == 2);
  CHECK(parsed->uses[0].block[0].name.text == "10.0.0.1");
  CHECK(parsed->uses[0].block[1].args[0].text == "c");
  CHECK(parsed->uses[1].number() == 5);
}
