// bind: words to addresses, on a made-up machine and on this one.
#include "plugins/bind/addresses.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace portolan::bind {
namespace {

const std::vector<Interface> kMachine = {
    {"lo", {"127.0.0.1", "::1"}}, {"eth0", {"192.0.2.1", "2001:db8::1", "fe80::2%eth0"}}, {"down", {}}};

TEST_CASE("bind: addresses stand for themselves and interface names for all their addresses") {
  struct Case {
    std::vector<std::string> words, expected;
  };
  const Case cases[] = {
      {{"192.0.2.9"}, {"192.0.2.9"}},
      {{"192.0.2.9", "::5"}, {"192.0.2.9", "::5"}},
      {{"lo"}, {"127.0.0.1", "::1"}},
      {{"192.0.2.9", "lo"}, {"192.0.2.9", "127.0.0.1", "::1"}},
      {{"eth0"}, {"192.0.2.1", "2001:db8::1", "fe80::2%eth0"}},
      {{"down"}, {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.words.front());
    const auto found = addresses_of(c.words, kMachine);
    REQUIRE(found.has_value());
    CHECK(*found == c.expected);
  }
}

TEST_CASE("bind: a word that is neither an address nor an interface is refused with CoreDNS's text") {
  for (const std::string word : {"nosuchif", "300.1.1.1", "127.0.0.1:53", "1.2.3.invalid"}) {
    const std::vector<std::string> words = {"127.0.0.1", word};
    const auto found = addresses_of(words, kMachine);
    REQUIRE(found.has_error());
    CHECK(found.error().message == "not a valid IP address or interface name: \"" + word + "\"");
  }
}

TEST_CASE("bind: except takes addresses away however they are written") {
  const std::vector<std::string> all = {"127.0.0.1", "::1", "fe80::2%eth0", "2001:db8::1"};
  const std::vector<std::string> except = {"0:0:0:0:0:0:0:1", "fe80::2%eth0", "192.0.2.77"};
  CHECK(without(all, except) == std::vector<std::string>{"127.0.0.1", "2001:db8::1"});
}

TEST_CASE("bind: the loopback interface of this machine has 127.0.0.1") {
  const auto machine = interfaces();
  REQUIRE(machine.has_value());
  const auto lo = std::find_if(machine->begin(), machine->end(), [](const Interface& one) { return one.name == "lo"; });
  REQUIRE(lo != machine->end());
  CHECK(std::find(lo->addresses.begin(), lo->addresses.end(), "127.0.0.1") != lo->addresses.end());
}

}  // namespace
}  // namespace portolan::bind
