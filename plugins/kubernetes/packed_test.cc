// The packed form keeps what answers need and is equal for equal content.
#include "plugins/kubernetes/packed.h"

#include <doctest/doctest.h>

#include "plugins/kubernetes/test_cluster.h"

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;

namespace {

// The host of the first endpoint, as labels.
std::string host_of(cluster::EndpointSlice slice, bool pod_names) {
  const std::string packed = pack(slice, {.pod_names = pod_names});
  return std::string(unpack(packed).addresses.at(0).host);
}

}  // namespace

TEST_CASE("kubernetes: endpoints are called after host name, pod or address") {
  CHECK(host_of(slice_object("a", "s", "s-1", {"10.2.0.1=web-0"}), false) == "\5web-0");
  CHECK(host_of(slice_object("a", "s", "s-1", {"10.2.0.1"}), false) ==
        "\10"
        "10-2-0-1");
  CHECK(host_of(slice_object("a", "s", "s-1", {"fd00::1"}), false) ==
        "\7"
        "fd00--1");
  CHECK(host_of(slice_object("a", "s", "s-1", {"fd00::"}), false) ==
        "\7"
        "fd00--0");
  cluster::EndpointSlice slice = slice_object("a", "s", "s-1", {"10.2.0.1"});
  slice.endpoints[0].target_pod = "Pod-7";
  CHECK(host_of(slice, true) == "\5pod-7");
  CHECK(host_of(slice, false) ==
        "\10"
        "10-2-0-1");
  slice.endpoints[0].target_pod = std::string(64, 'p');
  CHECK(host_of(slice, true) ==
        "\10"
        "10-2-0-1");
}

TEST_CASE("kubernetes: endpoints that are not ready are left out") {
  cluster::EndpointSlice slice = slice_object("a", "s", "s-1", {"10.2.0.1", "10.2.0.2"});
  slice.endpoints[0].ready = false;
  const std::string packed = pack(slice, {});
  CHECK(unpack(packed).addresses.size() == 1);
}

TEST_CASE("kubernetes: an object without ports has one port that no name finds") {
  const std::string packed = pack(service_object("a", "s", {"10.0.0.1"}, {}));
  const Unpacked unpacked = unpack(packed);
  REQUIRE(unpacked.ports.size() == 1);
  CHECK(unpacked.ports[0].number == -1);
  CHECK(unpacked.ports[0].name.empty());
}

TEST_CASE("kubernetes: addresses are read as Go reads them") {
  struct Case {
    const char* text;
    bool valid;
    const char* canonical;
  };
  const Case cases[] = {
      {"10.0.0.1", true, "10.0.0.1"},
      {"010.0.0.1", false, ""},
      {"10.0.0", false, ""},
      {"fd00:0:0::1", true, "fd00::1"},
      {"::ffff:1.2.3.4", true, "1.2.3.4"},
      {"FD00::1", true, "fd00::1"},
      {"fd00::1%eth0", false, ""},
      {"", false, ""},
      {"web.example", false, ""},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    IpAddress address;
    CHECK(parse_address(each.text, address) == each.valid);
    if (each.valid) CHECK(is_canonical(each.canonical, address));
    if (each.valid && std::string_view(each.text) != each.canonical) CHECK_FALSE(is_canonical(each.text, address));
  }
}
