// Printing: the text parses to the same tree again.
#include "corefile/print.h"

#include <doctest/doctest.h>

#include <cstring>

#include "corefile/parser.h"

using namespace portolan::corefile;

namespace {

bool same(const Directive& a, const Directive& b) {
  if (a.name.text != b.name.text || a.args.size() != b.args.size() || a.block.has_value() != b.block.has_value())
    return false;
  for (size_t i = 0; i < a.args.size(); ++i) {
    if (a.args[i].text != b.args[i].text) return false;
  }
  if (!a.block) return true;
  if (a.block->size() != b.block->size()) return false;
  for (size_t i = 0; i < a.block->size(); ++i) {
    if (!same((*a.block)[i], (*b.block)[i])) return false;
  }
  return true;
}

bool same(const File& a, const File& b) {
  if (a.blocks.size() != b.blocks.size()) return false;
  for (size_t i = 0; i < a.blocks.size(); ++i) {
    const ServerBlock& x = a.blocks[i];
    const ServerBlock& y = b.blocks[i];
    if (x.keys.size() != y.keys.size() || x.directives.size() != y.directives.size()) return false;
    for (size_t k = 0; k < x.keys.size(); ++k) {
      if (x.keys[k].text != y.keys[k].text) return false;
    }
    for (size_t d = 0; d < x.directives.size(); ++d) {
      if (!same(x.directives[d], y.directives[d])) return false;
    }
  }
  return true;
}

const char* environment(const char* name) {
  if (std::strcmp(name, "ODD") == 0) return "a \"b\" {$ # \xE2\x80\x83";
  return nullptr;
}

}  // namespace

TEST_CASE("print: the effective configuration stands one directive a line") {
  ParserInput input;
  const auto file = parse(
      "(s) {\n errors # all\n}\n.:53, a b { import s\n forward . 192.0.2.1 { max_fails 3 }\n log \". .\" \"#\" {\n "
      "}\n}\nc\n",
      input);
  REQUIRE(file.has_value());
  CHECK(print(*file) ==
        ".:53 a b {\n"
        "    errors\n"
        "    forward . 192.0.2.1 {\n"
        "        max_fails 3\n"
        "    }\n"
        "    log \". .\" \"#\" {\n"
        "    }\n"
        "}\n"
        "\n"
        "c {\n"
        "}\n");
}

TEST_CASE("print: what it writes parses to the same tree") {
  const std::string texts[] = {
      "a {\n}\n",
      "a,, b \"c d,,\" e {\n x\n}\n",
      "a \"{\" \"}\" \"b c\" {\n x \"\" \"a\\\"b\" \"\n\" \"a\\\\\" \"{\" \"#\" \"import\" \"\\n\"\n}\n",
      "a {\n x \"{\" {\n \"}\" y\n \"\" z {\n }\n }\n}\n",
      "a {\n x a\"b \\ \"\\\\\\\" c\"\n}\n",
      "a {\n x {$ODD} {$ {%A\n}\n",
      "a {\n \"import\" b\n x {\n \"import\" c\n }\n}\n",
      "\"\xEF\xBB\xBF"
      "a\" {\n x \xC3\xBC\n}\n",
  };
  for (const std::string& text : texts) {
    CAPTURE(text);
    ParserInput input;
    input.environment = environment;
    input.allow_import = false;
    const auto first = parse(text, input);
    REQUIRE(first.has_value());
    input.expand_environment = false;
    const auto second = parse(print(*first), input);
    REQUIRE(second.has_value());
    CHECK(same(*first, *second));
  }
}

TEST_CASE("print: the environment's values are in the text, not its names") {
  ParserInput input;
  input.environment = environment;
  const auto file = parse("a {\n x {$ODD}\n}\n", input);
  REQUIRE(file.has_value());
  CHECK(print(*file) == "a {\n    x \"a \\\"b\\\" {$ # \xE2\x80\x83\"\n}\n");
}
