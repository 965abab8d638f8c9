// File names of zones.
#include "plugins/common/zone_file_name.h"

#include <doctest/doctest.h>

namespace portolan {
namespace {

TEST_CASE("zone file name: lower case, no final dot, and nothing that a folder cannot hold") {
  const struct {
    const char *zone, *name;
  } cases[] = {
      {"example.org.", "example.org"},
      {"Example.ORG.", "example.org"},
      {".", "@"},
      {"0/25.2.0.192.in-addr.arpa.", "0%2F25.2.0.192.in-addr.arpa"},
      {"_tcp.a-b.test.", "_tcp.a-b.test"},
      {"a\\.b.test.", "a%5C.b.test"},  // an escaped dot is no label's end
  };
  for (const auto& each : cases) {
    CAPTURE(std::string(each.zone));
    CHECK(zone_file_name(*dns::Name::parse(each.zone)) == each.name);
  }
}

}  // namespace
}  // namespace portolan
