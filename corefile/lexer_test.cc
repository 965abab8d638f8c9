// The lexer against Caddy's rules, the odd ones as recorded from CoreDNS 1.14.7.
#include "corefile/lexer.h"

#include <doctest/doctest.h>

#include "corefile/limits.h"

using namespace portolan::corefile;

namespace {

Lexemes lex_text(std::string_view text) { return lex(text, std::make_shared<const std::string>("Corefile")); }

// Tokens as `line:text`, separated by '|'; quoted ones between apostrophes, and '/' in front of those that begin a
// line.
std::string shown(std::string_view text) {
  std::string out;
  for (const Lexeme& lexeme : lex_text(text).list) {
    if (!out.empty()) out += "|";
    if (lexeme.starts_line) out += "/";
    out += std::to_string(lexeme.token.at.line) + ":";
    out += lexeme.token.quoted ? "'" + lexeme.token.text + "'" : lexeme.token.text;
  }
  return out;
}

}  // namespace

TEST_CASE("lexer: words, lines, quotes and comments are cut as Caddy cuts them") {
  struct Case {
    std::string_view text, tokens;
  };
  const Case cases[] = {
      {"", ""},
      {"\n \t\r\n", ""},
      {"# only a comment\n", ""},
      {"a b\nc", "/1:a|1:b|/2:c"},
      {"a # b c\nd", "/1:a|/2:d"},
      {"a#b c", "/1:a|1:c"},  // the comment ends at the blank
      {"a#b\nc", "/1:a|/2:c"},
      {"a #", "/1:a"},
      {"\xEF\xBB\xBF"
       "a",
       "/1:a"},
      {"a\r\nb\r\n", "/1:a|/2:b"},
      {"a\rb", "/1:ab"},
      {"a\xC2\xA0"
       "b\xE3\x80\x80"
       "c",
       "/1:a|1:b|1:c"},  // U+00A0 and U+3000 are blanks
      {"b\xC3\xBC", "/1:b\xC3\xBC"},
      {R"("a b" c)", "/1:'a b'|1:c"},
      {R"("a # b")", "/1:'a # b'"},
      {R"("a \"b\" \n")", R"(/1:'a "b" \n')"},  // only the quote is escaped
      {R"("a\\" b)", R"(/1:'a\\'|1:b)"},
      {R"(a"b c")", R"(/1:a"b|1:c")"},  // a quote inside a word is an ordinary character
      {R"("":53)", "/1:''|1::53"},
      {R"("a"b)", "/1:'a'|1:b"},
      {"\"a\nb\" c\nd", "/1:'a\nb'|2:c|/3:d"},  // the words behind a quoted line break count as on its line
      {"x \"open\n}\n", "/1:x|1:'open\n}\n'"},
      {"x \"", "/1:x"},
      {"a{ {b } }c", "/1:a{|1:{b|1:}|1:}c"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(shown(c.text) == c.tokens);
  }
}

TEST_CASE("lexer: a token knows its column") {
  const Lexemes found = lex_text("ab \"c\"\n  d");
  REQUIRE(found.list.size() == 3);
  CHECK(found.list[0].token.at.column == 1);
  CHECK(found.list[1].token.at.column == 4);
  CHECK(found.list[2].token.at.column == 3);
  CHECK(found.list[2].token.at.text() == "Corefile:2");
}

TEST_CASE("lexer: quoted braces are not braces") {
  const Lexemes found = lex_text("{ \"{\"");
  REQUIRE(found.list.size() == 2);
  CHECK(found.list[0].is("{"));
  CHECK_FALSE(found.list[1].is("{"));
}

TEST_CASE("lexer: a word beyond the bound is an error with its place") {
  const Lexemes found = lex_text("a\n" + std::string(kMaxTokenText + 1, 'x'));
  REQUIRE(found.errors.size() == 1);
  CHECK(found.errors[0].message.starts_with("Corefile:2 - Error during parsing: a word of "));
  CHECK(lex_text(std::string(kMaxTokenText, 'x')).errors.empty());
}

TEST_CASE("lexer: text that only seems to be hidden, and a quote without a partner, are warned of") {
  CHECK(lex_text("a#b c").warnings.size() == 1);
  CHECK(lex_text("a#b\nc").warnings.empty());
  CHECK(lex_text("a#b # c").warnings.empty());
  CHECK(lex_text("a \"b").warnings.size() == 1);
}
