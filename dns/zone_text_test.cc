// Zone text as entries and words.
#include "dns/zone_text.h"

#include <doctest/doctest.h>

namespace portolan::dns {
namespace {

std::string entries(std::string_view text) {
  ZoneText source(text);
  ZoneEntry entry;
  std::string out;
  while (true) {
    const auto more = source.next(entry);
    if (more.has_error()) return out + "error " + std::to_string(source.line()) + ": " + more.error().message;
    if (!*more) return out;
    out += std::to_string(entry.line) + (entry.leading_blank ? "_" : ":");
    for (const ZoneWord& word : entry.words) out += "<" + word.text + ">";
    out += "\n";
  }
}

TEST_CASE("zone text: comments, parentheses and quoted strings (RFC 1035 section 5.1)") {
  const struct {
    const char *text, *expected;
  } cases[] = {
      {"", ""},
      {"\n ; only a comment\n\n", ""},
      {"a IN A 192.0.2.1\n", "1:<a><IN><A><192.0.2.1>\n"},
      {"a A 1 ; x\r\n\tTXT b", "1:<a><A><1>\n2_<TXT><b>\n"},
      {"@ SOA a b ( 1 ; serial\n 2\n 3 4 5 )\nx A 1", "1:<@><SOA><a><b><1><2><3><4><5>\n4:<x><A><1>\n"},
      {"t TXT \"a;b (c)\" \"d\"", "1:<t><TXT><\"a;b (c)\"><\"d\">\n"},
      {"t TXT \"a\"\"b\"", "1:<t><TXT><\"a\"><\"b\">\n"},
      {"t TXT \"q\\\"r\" c\\;d", "1:<t><TXT><\"q\\\"r\"><c\\;d>\n"},
      {"s SVCB 1 . alpn=\"h2,h3\" port=1", "1:<s><SVCB><1><.><alpn=\"h2,h3\"><port=1>\n"},
      {"t TXT \"two\nlines\"\nu A 1", "1:<t><TXT><\"two\\010lines\">\n3:<u><A><1>\n"},
      {"t TXT \"two\\\nlines\"", "1:<t><TXT><\"two\\010lines\">\n"},
      {"t TXT a\"b c\"d", "1:<t><TXT><a\"b c\"d>\n"},
      {"a A 1)", "error 1: extra closing brace"},
      {"a A 1\nb ( A 1\n", "1:<a><A><1>\nerror 3: unbalanced brace"},
      {"a TXT \"b\n", "error 2: unbalanced quote"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CHECK(entries(c.text) == c.expected);
  }
}

TEST_CASE("zone text: TTLs in seconds or with units") {
  const struct {
    const char* text;
    std::optional<uint32_t> seconds;
  } cases[] = {
      {"0", 0},
      {"3600", 3600},
      {"0060", 60},
      {"4294967295", 4294967295},
      {"1h30m", 5400},
      {"1W2d3H4m5S", 788645},
      {"1h30", 3630},
      {"7101w", 4294684800},
      {"4294967296", std::nullopt},
      {"7102w", std::nullopt},
      {"00000000060", std::nullopt},
      {"", std::nullopt},
      {"h", std::nullopt},
      {"1hh", std::nullopt},
      {"-1", std::nullopt},
      {"1x", std::nullopt},
  };
  for (const auto& each : cases) {
    CAPTURE(std::string(each.text));
    CHECK(parse_ttl(each.text) == each.seconds);
  }
}

}  // namespace
}  // namespace portolan::dns
