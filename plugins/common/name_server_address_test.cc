// What is an address of a name server, and what is not.
#include "plugins/common/name_server_address.h"

#include <doctest/doctest.h>

namespace portolan {

TEST_CASE("name server address: with and without a port") {
  const struct {
    const char *text, *address;
  } cases[] = {
      {"192.0.2.1", "192.0.2.1:53"},       {"192.0.2.1:5300", "192.0.2.1:5300"},         {"192.0.2.1:", "192.0.2.1:53"},
      {"2001:db8::1", "[2001:db8::1]:53"}, {"[2001:db8::1]:5300", "[2001:db8::1]:5300"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.text);
    const auto parsed = parse_name_server(each.text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->text() == each.address);
  }
}

TEST_CASE("name server address: names, lone ports and ports out of range are refused") {
  for (const char* text : {"ns.example.org", "", ":53", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:x", "[]:53"}) {
    CAPTURE(text);
    CHECK(parse_name_server(text).has_error());
  }
}

}  // namespace portolan
