// Which names `fallthrough` lets through.
#include "plugins/common/fallthrough.h"

#include <doctest/doctest.h>

using namespace portolan;

TEST_CASE("fallthrough: names under its zones go on, others do not") {
  struct Case {
    std::vector<std::string> arguments;
    std::string name;
    bool through;
  };
  const Case cases[] = {
      {{}, "anything.example.", true},
      {{}, ".", true},
      {{"example.org"}, "example.org.", true},
      {{"example.org"}, "a.b.example.org.", true},
      {{"Example.ORG."}, "a.example.org.", true},
      {{"example.org"}, "badexample.org.", false},
      {{"example.org"}, "org.", false},
      {{"10.0.0.0/8"}, "1.2.3.10.in-addr.arpa.", true},
      {{"10.0.0.0/8"}, "1.2.3.11.in-addr.arpa.", false},
      {{"a.test", "b.test"}, "x.b.test.", true},
      {{"bad..name"}, "bad.name.", false},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    const auto name = dns::Name::parse(each.name);
    REQUIRE(name.has_value());
    CHECK(Fallthrough::parse(each.arguments).through(name->view()) == each.through);
  }
  CHECK_FALSE(Fallthrough().through(dns::NameView()));
}
