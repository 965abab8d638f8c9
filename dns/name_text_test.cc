// Tests of names in presentation form: escapes and limits.
#include <doctest/doctest.h>

#include "dns/testing.h"
#include "dns/zone_text.h"

namespace portolan::dns {
namespace {

TEST_CASE("name: text becomes wire form and the text of that wire form") {
  struct {
    const char *text, *wire, *back;
  } const cases[] = {
      {".", "00", "."},
      {"org", "036f726700", "org."},
      {"a.B.", "0161014200", "a.B."},
      {"a\\.b.c.", "03612e62016300", "a\\.b.c."},
      {"a\\046b.", "03612e6200", "a\\.b."},
      {"\\000\\255.", "0200ff00", "\\000\\255."},
      {"a b.", "03612062 00", "a\\ b."},
      {"a\\032b.", "03612062 00", "a\\ b."},
      {"x\\@y;z.", "0578 40 79 3b 7a 00", "x\\@y\\;z."},
      {"\\\\.", "015c00", "\\\\."},
      {"*.x.", "012a017800", "*.x."},
      {"_dns._tcp.", "045f646e73045f74637000", "_dns._tcp."},
      {"\\127~.", "027f7e00", "\\127~."},
  };
  for (const auto& test : cases) {
    CAPTURE(test.text);
    CHECK(to_hex(name(test.text).view().wire()) == to_hex(from_hex(test.wire)));
    CHECK(name(test.text).text() == test.back);
    Arena arena;
    CHECK(parse_name(test.text, arena)->identical(name(test.text)));
  }
}

TEST_CASE("name: what is not a name is refused") {
  for (const char* text : {"", "..", ".a", "a..b", "a..", "\\", "a\\", "a\\1", "a\\12", "a\\1x3", "a\\256", "a\\999"}) {
    CAPTURE(text);
    CHECK_FALSE(Name::parse(text).has_value());
  }
}

TEST_CASE("name: labels have up to 63 octets, names up to 255") {
  const std::string label63(63, 'x');
  CHECK(Name::parse(label63).has_value());
  CHECK_FALSE(Name::parse(label63 + "x").has_value());
  std::string escaped;
  for (int i = 0; i < 63; ++i) escaped += "\\001";
  CHECK(name(escaped).view().size() == 65);
  CHECK_FALSE(Name::parse(escaped + "\\001").has_value());

  const std::string three = label63 + "." + label63 + "." + label63 + ".";
  CHECK(name(three + std::string(61, 'y')).view().size() == 255);
  CHECK(name(three + std::string(61, 'y') + ".").view().size() == 255);
  CHECK_FALSE(Name::parse(three + std::string(62, 'y')).has_value());
  CHECK_FALSE(Name::parse(three + std::string(62, 'y') + ".").has_value());

  std::string many;
  for (int i = 0; i < 127; ++i) many += "a.";
  CHECK(name(many).view().label_count() == 127);
  CHECK(name(many).view().size() == 255);
  CHECK(name(many).text() == many);
  CHECK_FALSE(Name::parse(many + "a").has_value());
  CHECK(name(many).view().compare(name(many)) == 0);
}

TEST_CASE("name: in zone files a name without a final dot goes on with the origin") {
  const Name origin = name("Example.org.");
  const struct {
    const char *text, *name;
  } cases[] = {
      {"@", "Example.org."},
      {".", "."},
      {"www", "www.Example.org."},
      {"a.b", "a.b.Example.org."},
      {"www.", "www."},
      {"a\\.", "a\\..Example.org."},
      {"a\\\\.", "a\\\\."},
      {"\\@", "\\@.Example.org."},
      {"x\\\"y", "x\\\"y.Example.org."},
  };
  for (const auto& each : cases) {
    CAPTURE(std::string(each.text));
    const auto parsed = parse_zone_name(each.text, origin);
    REQUIRE(parsed.has_value());
    CHECK(parsed->text() == each.name);
  }
  for (const char* text : {"", "..", ".a", "a..b", "a\\", "\"a\"", "a\"b"}) {
    CAPTURE(std::string(text));
    CHECK(parse_zone_name(text, origin).has_error());
  }
  CHECK(parse_zone_name("a", NameView())->text() == "a.");
  const std::string label(63, 'x');
  const Name deep = name(label + "." + label + "." + label + ".");
  CHECK(parse_zone_name(std::string(61, 'y'), deep)->view().size() == 255);
  CHECK(parse_zone_name(std::string(62, 'y'), deep).has_error());
}

}  // namespace
}  // namespace portolan::dns
