// The Corefile language: what CoreDNS 1.14.7 was recorded to accept and to refuse, with its messages.
#include "corefile/parser.h"

#include <doctest/doctest.h>

#include <cstring>

#include "corefile/limits.h"
#include "corefile/print.h"

using namespace portolan;
using namespace portolan::corefile;

namespace {

const char* environment(const char* name) {
  if (std::strcmp(name, "PLUGIN") == 0) return "whoami";
  if (std::strcmp(name, "ZONE") == 0) return "alder.test";
  if (std::strcmp(name, "BLANKS") == 0) return "a b # c";
  return nullptr;
}

ParseResult parse_text(std::string_view text) {
  ParserInput input;
  input.environment = environment;
  input.allow_import = false;
  return parse(text, input);
}

// All messages, one a line.
std::string errors(std::string_view text) {
  const auto result = parse_text(text);
  std::string out;
  if (result) return out;
  for (const Error& error : result.error()) out += (out.empty() ? "" : "\n") + error.message;
  return out;
}

// The tree in the printer's form, without line breaks.
std::string tree(std::string_view text) {
  const auto result = parse_text(text);
  if (!result) return "refused: " + errors(text);
  std::string out;
  for (const char c : print(*result)) {
    if (c == '\n') {
      if (!out.empty() && out.back() != ';') out += ';';
    } else if (c != ' ' || (!out.empty() && out.back() != ';' && out.back() != ' ')) {
      out += c;
    }
  }
  return out;
}

}  // namespace

TEST_CASE("parser: texts that CoreDNS accepts mean the same") {
  struct Case {
    std::string_view text, tree;
  };
  const Case cases[] = {
      {"", ""},
      {"\n\n", ""},
      {"# only a comment\n", ""},
      {"alder.test:53\n", "alder.test:53 {;};"},
      {"alder.test:53 {\n}\n", "alder.test:53 {;};"},
      {"alder.test:53 {\n}\n}\n", "alder.test:53 {;};\"}\" {;};"},
      {"alder.test:53 }\n", "alder.test:53 \"}\" {;};"},
      {"{\n whoami\n}\n", ""},
      {"\"\" {\n whoami\n}\n", ""},
      {"alder.test:53 whoami\n", "alder.test:53 whoami {;};"},
      {"alder.test:53 { whoami\n}\n", "alder.test:53 {;whoami;};"},
      {"alder.test:53{\n whoami\n}\n", "alder.test:53{ {;whoami;};"},
      {"alder.test:53 {whoami\n}\n", "alder.test:53 {whoami {;};"},
      {"a {\n whoami\n } b {\n log\n}\n", "a {;whoami;};b {;log;};"},
      {"a {\n whoami\n}b {\n log\n}\n",
       "a {;whoami;}b {;log;};};"},  // "}b" is a directive, the end is taken for its own
      {"a:53\n{\n whoami\n}\n", "a:53 {;whoami;};"},
      {"a b\nwhoami\n", "a b {;whoami;};"},
      {"a, b,\nc {\n}\n", "a b c {;};"},
      {"a b c:53 {\n whoami\n}\n", "a b c:53 {;whoami;};"},
      {"whoami\n", "whoami {;};"},
      {"a {\n whoami\n}\nwhoami\n", "a {;whoami;};whoami {;};"},
      {"\"a:53\" {\n \"whoami\"\n}\n", "a:53 {;whoami;};"},
      {"a {\r\n whoami\r\n}\r\n", "a {;whoami;};"},
      {"\xEF\xBB\xBF"
       "a {\n whoami\n}\n",
       "a {;whoami;};"},
      {"a {\n {$PLUGIN}\n}\n", "a {;whoami;};"},
      {"a {\n {$NONE}\n}\n", "a {;\"\";};"},
      {"{$ZONE}:53 {%ZONE%} {\n}\n", "alder.test:53 alder.test {;};"},
      {"{$ZONE:53 {\n whoami\n}\n", "{$ZONE:53 {;whoami;};"},
      {"a {\n log {$BLANKS}\n}\n", "a {;log \"a b # c\";};"},  // a value is one word, whatever it holds
      {"a {\n x {\n y 1\n z\n }\n w\n}\n", "a {;x {;y 1;z;};w;};"},
      {"a {\n x { y 1 }\n}\n", "a {;x {;y 1;};};"},
      {"a {\n x { y 1\n z { v }\n }\n}\n", "a {;x {;y 1;z {;v;};};};"},
      {"a {\n x \"{\" \"}\"\n}\n", "a {;x \"{\" \"}\";};"},
      {"a {\n x {\n y\n }\n", "a {;x {;y;};};"},     // the last brace counts for both
      {"a {\n x b \\\n c\n}\n", "a {;x b \\;c;};"},  // no continuation of lines
      {"(s) {\n whoami\n}\na {\n import s\n}\n", "a {;whoami;};"},
      {"() {\n whoami\n}\na {\n whoami\n}\n", "a {;whoami;};"},
      {"(s) { whoami }\na {\n log\n import s\n errors\n}\n", "a {;log;whoami;errors;};"},
      {"(s) {\n y 1\n}\na {\n x {\n import s\n z\n }\n}\n", "a {;x {;y 1;z;};};"},
      {"(s) {\n}\na {\n import s\n log\n}\n", "a {;log;};"},
      {"(s) {\n y\n}\n(t) {\n import s\n import s\n}\na {\n import t\n import s\n}\n", "a {;y;y;y;};"},
      {"(blocks) {\n a {\n log\n }\n b {\n }\n}\nimport blocks\nc\n", "a {;log;};b {;};c {;};"},
      {"a {\n x import y\n}\n", "a {;x \"import\" y;};"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(tree(c.text) == c.tree);
  }
}

TEST_CASE("parser: texts that CoreDNS refuses are refused, with all their errors") {
  struct Case {
    std::string text, errors;
  };
  const std::string parsing = " - Error during parsing: ";
  const Case cases[] = {
      {"a {\n", "Corefile:1 - Syntax error: Unexpected token '{', expecting '}'"},
      {"a {\n whoami\n", "Corefile:2 - Syntax error: Unexpected token 'whoami', expecting '}'"},
      {"a {\n whoami }\n}\n", "Corefile:2" + parsing + "Unexpected '}' because no matching opening brace"},
      {"a {\n x }\n y }\n}\nb..c {\n}\n", "Corefile:2" + parsing +
                                              "Unexpected '}' because no matching opening brace\nCorefile:3" + parsing +
                                              "Unexpected '}' because no matching opening brace\nCorefile:5" + parsing +
                                              "zone is not a valid domain name: b..c"},
      {"a { whoami }\n", "Corefile:1" + parsing + "Unexpected '}' because no matching opening brace"},
      {"a, {\n whoami\n}\n", "Corefile:1" + parsing + "Expected another address but had '{' - check for extra comma"},
      {"a,\n", "Corefile:1" + parsing + "Unexpected EOF"},
      {"a {\n x {\n y\n", "Corefile:3" + parsing + "Unexpected EOF"},
      {"a {\n whoami \"open\n}\n", "Corefile:2 - Syntax error: Unexpected token 'open\n}\n', expecting '}'"},
      {"a {\n x\n {\n y\n }\n}\n",
       "Corefile:3" + parsing +
           "Unexpected '{' at the start of a line: the block of 'x' opens on the line of its "
           "name"},
      {"a {\n x {\n y\n } z\n}\n",
       "Corefile:4" + parsing + "Unexpected 'z' behind the '}' of a block, expecting a new line"},
      {"a {\n {\n x\n }\n}\n", "Corefile:2" + parsing + "Unexpected '{' where a directive or option begins"},
      {":53 {\n}\n", "Corefile:1" + parsing + "zone is not a valid domain name: "},
      {"\"\":53 {\n}\n", "Corefile:1" + parsing + "zone is not a valid domain name: "},
      {"{$NONE}:53 {\n}\n", "Corefile:1" + parsing + "zone is not a valid domain name: "},
      {"a:53 {\n}\nb..c {\n}\n::/0 {\n}\n",
       "Corefile:3" + parsing + "zone is not a valid domain name: b..c\nCorefile:5" + parsing + "invalid CIDR ::/0"},
      {"import\n", "Corefile:1" + parsing + "Wrong argument count or unexpected line ending after 'import'"},
      {"import a b\n", "Corefile:1" + parsing + "Import takes only one argument (glob pattern or file)"},
      {"import \"\"\n", "Corefile:1" + parsing + "Import requires a non-empty filepath"},
      {"(s) {\n log\n}\na {\n import s x\n}\n",
       "Corefile:5" + parsing + "Import takes only one argument (glob pattern or file)"},
      {"a {\n import s\n}\n(s) {\n whoami\n}\n", "Corefile:2" + parsing + "File to import not allowed: s"},
      {"(s) {\n x\n}\n(s) {\n y\n}\n", "Corefile:4" + parsing + "redeclaration of previously declared snippet s"},
      {"(s) {\n import s\n}\na {\n import s\n}\n", "Corefile:2" + parsing + "snippet (s) imports itself"},
      {"(a) {\n import b\n}\n(b) {\n import a\n}\nx {\n import a\n}\n",
       "Corefile:5" + parsing + "import of (a) within itself: (a) -> (b) -> (a)"},
      {"(s) {\n whoami\na {\n import s\n}\n", "Corefile:5 - Syntax error: Unexpected token '}', expecting '}'"},
      {"(s)\n", "Corefile:1 - Syntax error: Unexpected token '(s)', expecting '{'"},
      {"(s)\na {\n whoami\n}\n", "Corefile:2 - Syntax error: Unexpected token 'a', expecting '{'"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(errors(c.text) == c.errors);
  }
}

TEST_CASE("parser: keys and tokens know where they stand") {
  const auto file = parse_text("a:53,\n b {\n  x y {\n   z\n  }\n}\n");
  REQUIRE(file.has_value());
  REQUIRE(file->blocks.size() == 1);
  const ServerBlock& block = file->blocks[0];
  CHECK(block.at.text() == "Corefile:1");
  CHECK(block.keys[1].at.text() == "Corefile:2");
  CHECK(block.keys[0].zones == std::vector<std::string>{"a."});
  CHECK(block.keys[0].port == "53");
  const Directive& x = block.directives[0];
  CHECK(x.name.at.text() == "Corefile:3");
  CHECK(x.args[0].at.column == 5);
  CHECK((*x.block)[0].name.at.text() == "Corefile:4");
}

TEST_CASE("parser: what is accepted but hardly meant is warned of") {
  struct Case {
    std::string_view text, warning;
  };
  const Case cases[] = {
      {"{\n whoami\n}\n", "Corefile:2 - a server block without a zone serves nothing"},
      {"a {\n x {\n }\n", "Corefile:3 - the closing brace of the server block is missing"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto file = parse_text(c.text);
    REQUIRE(file.has_value());
    REQUIRE(file->warnings.size() == 1);
    CHECK(file->warnings[0] == c.warning);
  }
}

TEST_CASE("parser: read() keeps what it understood beside the errors") {
  const Reading reading = read("a..b c {\n log\n}\nd {\n errors\n}\n", {});
  CHECK(reading.errors.size() == 1);
  REQUIRE(reading.file.blocks.size() == 2);
  CHECK(reading.file.blocks[0].keys.size() == 1);
  CHECK(reading.file.blocks[1].directives[0].name.text == "errors");
}

TEST_CASE("parser: hostile texts end at a bound with an error") {
  std::string deep = "a {\n";
  for (size_t i = 0; i < kMaxDepth + 5; ++i) deep += "x {\n";
  CHECK(errors(deep).ends_with("blocks are nested more than 32 deep"));

  std::string bomb = "(s0) {\n x x x x x x x x\n}\n";  // each level reads the one below ten times
  for (int level = 1; level < 8; ++level) {
    bomb += "(s" + std::to_string(level) + ") {\n";
    for (int i = 0; i < 10; ++i) bomb += " import s" + std::to_string(level - 1) + "\n";
    bomb += "}\n";
  }
  CHECK(errors(bomb + "a {\n import s7\n}\n").ends_with("more than 10000 imports"));

  std::string wide = "(s) {\n";
  for (int i = 0; i < 2000; ++i) wide += " x\n";
  wide += "}\na {\n";
  for (int i = 0; i < 600; ++i) wide += " import s\n";
  CHECK(errors(wide + "}\n").ends_with("more than 1000000 words"));

  CHECK(errors(std::string(kMaxText + 1, ' ')).ends_with("octets is larger than is allowed"));

  std::string many;
  for (int i = 0; i < 500; ++i) many += "a..b {\n}\n";
  const auto result = parse_text(many);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().size() == kMaxErrors);
}
