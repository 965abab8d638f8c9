// Tests of addresses: text both ways, prefixes, socket addresses.
#include "base/address.h"

#include <doctest/doctest.h>

#include <string>

namespace portolan {
namespace {

TEST_CASE("address: text of either family is read and printed in its shortest form") {
  // RFC 5952 section 4 and its examples.
  static constexpr struct {
    const char* given;
    const char* printed;
  } kCases[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"192.0.2.1", "192.0.2.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:db8::", "2001:db8::"},
      {"2001:0db8:0:0:0:0:2:1", "2001:db8::2:1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:DB8::AbCd", "2001:db8::abcd"},
      {"::ffff:192.0.2.33", "::ffff:192.0.2.33"},
      {"::c000:0221", "::c000:221"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.given);
    const auto address = IpAddress::parse(each.given);
    REQUIRE(address.has_value());
    CHECK(address->text() == each.printed);
  }
}

TEST_CASE("address: what is no address is refused") {
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "::1%1", "[::1]",
                           ":::", "1:2:3", "g::", "1.2.3.4:53", "::1.2.3.400", "12345::"}) {
    CAPTURE(text);
    CHECK(IpAddress::parse(text).has_error());
  }
  CHECK(IpAddress::parse(std::string_view("::1\0", 4)).has_error());
}

TEST_CASE("address: loopback, unspecified and mapped addresses are told apart") {
  CHECK(IpAddress::parse("127.8.9.1")->is_loopback());
  CHECK(IpAddress::parse("::1")->is_loopback());
  CHECK_FALSE(IpAddress::parse("128.0.0.1")->is_loopback());
  CHECK_FALSE(IpAddress::parse("1::1")->is_loopback());
  CHECK(IpAddress::parse("::")->is_unspecified());
  CHECK(IpAddress().is_unspecified());
  CHECK_FALSE(IpAddress::parse("::1")->is_unspecified());
  const auto mapped = *IpAddress::parse("::ffff:192.0.2.9");
  CHECK(mapped.is_v4_mapped());
  CHECK(mapped.unmapped() == *IpAddress::parse("192.0.2.9"));
  CHECK_FALSE(IpAddress::parse("::fffe:192.0.2.9")->is_v4_mapped());
}

TEST_CASE("prefix: host bits are cleared and containment goes by the length") {
  static constexpr struct {
    const char* prefix;
    const char* printed;
    const char* inside;
    const char* outside;
  } kCases[] = {
      {"192.0.2.77/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
      {"10.255.0.0/9", "10.128.0.0/9", "10.128.0.0", "10.127.255.255"},
      {"192.0.2.1/32", "192.0.2.1/32", "192.0.2.1", "192.0.2.0"},
      {"1.2.3.4/0", "0.0.0.0/0", "255.0.0.1", "::1"},
      {"2001:db8:ffff::1/33", "2001:db8:8000::/33", "2001:db8:8000::", "2001:db8:7fff::"},
      {"::1/128", "::1/128", "::1", "::2"},
      {"::/0", "::/0", "ffff::", "1.2.3.4"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.prefix);
    const auto prefix = IpPrefix::parse(each.prefix);
    REQUIRE(prefix.has_value());
    CHECK(prefix->text() == each.printed);
    CHECK(prefix->contains(*IpAddress::parse(each.inside)));
    CHECK_FALSE(prefix->contains(*IpAddress::parse(each.outside)));
  }
}

TEST_CASE("prefix: malformed ones are refused, a plain address only counts when it is allowed") {
  for (const char* text :
       {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0/8", "/8", "1.2.3.4/8 "}) {
    CAPTURE(text);
    CHECK(IpPrefix::parse(text).has_error());
  }
  CHECK(IpPrefix::parse("192.0.2.1").has_error());
  CHECK(IpPrefix::parse("192.0.2.1", true)->length == 32);
  CHECK(IpPrefix::parse("::1", true)->length == 128);
}

TEST_CASE("socket address: goes to the socket calls and back") {
  const struct {
    SocketAddress address;
    const char* printed;
  } cases[] = {
      {{*IpAddress::parse("127.0.0.1"), 53, 0}, "127.0.0.1:53"},
      {{*IpAddress::parse("::1"), 65535, 0}, "[::1]:65535"},
      {{*IpAddress::parse("fe80::1"), 1053, 3}, "[fe80::1%3]:1053"},
  };
  for (const auto& each : cases) {
    sockaddr_storage storage;
    const socklen_t length = each.address.to(storage);
    CHECK(length == (each.address.ip.is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
    CHECK(SocketAddress::from(reinterpret_cast<sockaddr*>(&storage)) == each.address);
    CHECK(each.address.text() == each.printed);
  }
}

TEST_CASE("address hash: family, address and port make a difference") {
  const AddressHash hash;
  CHECK(hash(*IpAddress::parse("0.0.0.1")) != hash(*IpAddress::parse("0.0.0.2")));
  CHECK(hash(IpAddress()) != hash(*IpAddress::parse("::")));
  CHECK(hash(SocketAddress{IpAddress(), 1, 0}) != hash(SocketAddress{IpAddress(), 2, 0}));
  CHECK(hash(SocketAddress{IpAddress(), 1, 0}) == hash(SocketAddress{IpAddress(), 1, 0}));
}

}  // namespace
}  // namespace portolan
