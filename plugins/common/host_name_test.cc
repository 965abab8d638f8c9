// The host's name is what uname(2) says too.
#include "plugins/common/host_name.h"

#include <doctest/doctest.h>
#include <sys/utsname.h>

TEST_CASE("host name: it is the kernel's node name") {
  utsname host{};
  REQUIRE(uname(&host) == 0);
  CHECK(portolan::host_name() == host.nodename);
}
