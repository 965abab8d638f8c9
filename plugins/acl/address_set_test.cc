// Which addresses are in a set, and that looking up agrees with asking net by net.
#include "plugins/acl/address_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace portolan::acl {
namespace {

IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }

std::vector<IpPrefix> nets(const std::vector<std::string>& texts) {
  std::vector<IpPrefix> out;
  for (const std::string& text : texts) out.push_back(*IpPrefix::parse(text, true));
  return out;
}

TEST_CASE("acl: an address is in a set when it is in one of its nets, their ends included") {
  struct Case {
    std::vector<std::string> nets;
    std::vector<std::string> in, out;
  };
  const Case cases[] = {
      {{}, {}, {"0.0.0.0", "255.255.255.255", "::", "::1"}},
      {{"10.0.0.0/8"}, {"10.0.0.0", "10.255.255.255"}, {"9.255.255.255", "11.0.0.0", "::a00:0"}},
      {{"192.0.2.7"}, {"192.0.2.7"}, {"192.0.2.6", "192.0.2.8"}},
      {{"0.0.0.0/0"}, {"0.0.0.0", "127.0.0.1", "255.255.255.255"}, {"::", "2001:db8::1"}},
      {{"::/0"}, {"::", "2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}, {"0.0.0.0", "127.0.0.1"}},
      {{"255.255.255.255/32"}, {"255.255.255.255"}, {"255.255.255.254", "0.0.0.0"}},
      {{"2001:db8::/33"}, {"2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"}, {"2001:db8:8000::", "2001:db7:ffff::"}},
      {{"2001:db8::5"}, {"2001:db8::5"}, {"2001:db8::4", "2001:db8::6"}},
      // Nets within nets, whichever comes first, and nets that touch.
      {{"10.1.0.0/16", "10.0.0.0/8", "10.2.3.4"}, {"10.9.9.9", "10.1.0.1"}, {"11.0.0.0"}},
      {{"10.0.1.0/24", "10.0.0.0/24"}, {"10.0.0.255", "10.0.1.0"}, {"10.0.2.0"}},
      // The net of IPv4-mapped addresses is IPv4's, and what is wider is not.
      {{"::ffff:10.0.0.0/104"}, {"10.1.2.3", "::ffff:10.1.2.3"}, {"11.0.0.0", "::10.1.2.3"}},
      {{"10.0.0.0/8"}, {"::ffff:10.1.2.3"}, {}},
      {{"::ffff:0:0/95"}, {"::fffe:1.2.3.4"}, {"1.2.3.4"}},
  };
  for (const Case& c : cases) {
    const AddressSet set(nets(c.nets));
    CAPTURE((c.nets.empty() ? std::string("nothing") : c.nets.front()));
    for (const std::string& text : c.in) CHECK_MESSAGE(set.contains(ip(text)), text);
    for (const std::string& text : c.out) CHECK_FALSE_MESSAGE(set.contains(ip(text)), text);
  }
  const AddressSet everything = AddressSet::everything();
  for (const char* text : {"0.0.0.0", "255.1.2.3", "::", "2001:db8::1"}) CHECK(everything.contains(ip(text)));
}

TEST_CASE("acl: nets that overlap or touch are one range") {
  CHECK(AddressSet(nets({"10.0.0.0/24", "10.0.1.0/24", "10.0.1.7", "10.0.3.0/24"})).ranges() == 2);
  CHECK(AddressSet(nets({"0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"})).ranges() == 2);
}

TEST_CASE("acl: thousands of random nets give the same as asking each of them") {
  std::mt19937 random(20260820);
  std::vector<IpPrefix> list;
  std::vector<IpAddress> probes;
  for (int i = 0; i < 3000; ++i) {
    const bool v4 = i % 2 == 0;
    std::array<uint8_t, 16> octets{};
    for (uint8_t& octet : octets) octet = static_cast<uint8_t>(random() % 4);  // crowded, so that many overlap
    const IpAddress address = v4 ? IpAddress::v4(std::span<const uint8_t, 4>(octets.data(), 4))
                                 : IpAddress::v6(std::span<const uint8_t, 16>(octets));
    const unsigned length = 12 + random() % (v4 ? 21 : 117);
    list.push_back(*IpPrefix::parse(address.text() + "/" + std::to_string(length)));
    std::shuffle(octets.begin(), octets.end(), random);
    probes.push_back(v4 ? IpAddress::v4(std::span<const uint8_t, 4>(octets.data(), 4))
                        : IpAddress::v6(std::span<const uint8_t, 16>(octets)));
  }
  list.resize(400);
  const AddressSet set(list);
  int inside = 0;
  for (const IpAddress& probe : probes) {
    const bool expected =
        std::any_of(list.begin(), list.end(), [&](const IpPrefix& net) { return net.contains(probe); });
    inside += expected;
    CHECK_MESSAGE(set.contains(probe) == expected, probe.text());
  }
  CHECK(inside > 100);  // or the test says nothing
  CHECK(inside < 2900);
}

TEST_CASE("acl: a set takes in what other sets have") {
  AddressSet set(nets({"10.0.0.0/24"}));
  const AddressSet others[] = {AddressSet(nets({"10.0.1.0/24", "2001:db8::/32"})), AddressSet(nets({"192.0.2.1"}))};
  set.add(others);
  for (const char* text : {"10.0.0.1", "10.0.1.1", "2001:db8::1", "192.0.2.1"}) CHECK(set.contains(ip(text)));
  CHECK_FALSE(set.contains(ip("192.0.2.2")));
  CHECK(set.ranges() == 3);
  const AddressSet everything[] = {AddressSet::everything()};
  set.add(everything);
  CHECK(set.contains(ip("192.0.2.2")));
}

}  // namespace
}  // namespace portolan::acl
