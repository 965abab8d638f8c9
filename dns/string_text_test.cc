// Quotes and escapes of character-strings.
#include "dns/string_text.h"

#include <doctest/doctest.h>

namespace portolan::dns {
namespace {

/// Every string of a word in angle brackets, quoted ones with a q; "!" for what is missing.
std::string strings(std::string_view word) {
  std::string out;
  while (!word.empty()) {
    StringPart part;
    if (!take_string(word, part)) return out + "!";
    out += part.quoted ? "q<" : "<";
    out += part.text;
    out += '>';
  }
  return out;
}

TEST_CASE("string text: a quote begins and ends a string (RFC 1035 section 5.1)") {
  const struct {
    const char *word, *expected;
  } cases[] = {
      {"a", "<a>"},
      {"\"a b\"", "q<a b>"},
      {"\"\"", "q<>"},
      {"a\"b\"", "<a>q<b>"},
      {"a\"b\"c", "<a>q<b><c>"},
      {"a\"\"b", "<a>q<><b>"},
      {"a\\\"b", "<a\\\"b>"},
      {"\"a\\\"b\"", "q<a\\\"b>"},
      {"\"a\\\\\"", "q<a\\\\>"},
      {"\"a", "!"},
      {"\"a\\\"", "!"},
      {"a\\", "<a\\>"},
  };
  for (const auto& each : cases) {
    CAPTURE(std::string(each.word));
    CHECK(strings(each.word) == each.expected);
  }
}

TEST_CASE("string text: a backslash and three digits are an octet, a backslash and anything else is that") {
  const struct {
    const char *text, *octets;
  } cases[] = {
      {"", ""}, {"abc", "abc"}, {"\\097b\\;\\\\", "ab;\\"}, {"\\255x", "\xffx"}, {"a\\\"", "a\""}, {"\\x41", "x41"},
  };
  for (const auto& each : cases) {
    CAPTURE(std::string(each.text));
    std::string octets;
    CHECK(unescape(each.text, octets));
    CHECK(octets == each.octets);
  }
  std::string octets;
  CHECK(unescape("\\000", octets));
  CHECK(octets == std::string(1, '\0'));
  for (const char* text : {"\\", "a\\", "\\1", "\\12", "\\12x", "\\256", "\\999"}) {
    CAPTURE(std::string(text));
    std::string ignored;
    CHECK_FALSE(unescape(text, ignored));
  }
}

}  // namespace
}  // namespace portolan::dns
