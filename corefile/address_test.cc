// Keys of server blocks, as recorded from CoreDNS 1.14.7, and reverse zones.
#include "corefile/address.h"

#include <doctest/doctest.h>

using namespace portolan::corefile;

namespace {

// `scheme|zone zone|port`, or the error.
std::string shown(std::string_view text) {
  const auto key = parse_key(text, {});
  if (!key) return key.error().message;
  std::string out = key->scheme + "|";
  for (const std::string& zone : key->zones) out += (out.back() == '|' ? "" : " ") + zone;
  return out + "|" + key->port;
}

}  // namespace

TEST_CASE("address: keys come apart as CoreDNS takes them apart") {
  struct Case {
    std::string text, key;
  };
  const std::string label64(64, 'x');
  const Case cases[] = {
      {".", "dns|.|"},
      {".:53", "dns|.|53"},
      {"alder.test", "dns|alder.test.|"},
      {"Alder.TEST.:1053", "dns|alder.test.|1053"},
      {"dns://alder.test:53", "dns|alder.test.|53"},
      {"tls://.", "tls|.|"},
      {"https://a:443", "https|a.|443"},
      {"https3://a", "https3|a.|"},
      {"quic://a", "quic|a.|"},
      {"grpc://a", "grpc|a.|"},
      {"foo://alder.test:53", "dns|foo://alder.test.|53"},
      {"DNS://alder.test:53", "dns|dns://alder.test.|53"},
      {"alder.test:abc", "dns|alder.test:abc.|"},
      {"alder.test:+53", "dns|alder.test.|53"},
      {"alder.test:0053", "dns|alder.test.|53"},
      {"alder.test:99999999999999999999", "dns|alder.test:99999999999999999999.|"},
      {"zone}", "dns|zone}.|"},
      {"b\xC3\xBC.test:53", "dns|b\xC3\xBC.test.|53"},
      {R"(a\.b.test:53)", R"(dns|a\.b.test.|53)"},
      {R"(a\046b)", R"(dns|a\046b.|)"},
      {"10.0.0.0/24:53", "dns|0.0.10.in-addr.arpa.|53"},
      {"10.0.0.5/24", "dns|0.0.10.in-addr.arpa.|"},
      {"10.0.0.0/33:53", "dns|10.0.0.0/33.|53"},
      {"010.0.0.0/24", "dns|010.0.0.0/24.|"},
      {"10.0.0.0/0", "dns|in-addr.arpa.|"},
      {"2001:db8::/32:53", "dns|8.b.d.0.1.0.0.2.ip6.arpa.|53"},
      // Refused.
      {":53", "zone is not a valid domain name: "},
      {"dns://:53", "zone is not a valid domain name: "},
      {"", "zone is not a valid domain name: "},
      {"alder.test:", "expecting data after last colon: \"alder.test:\""},
      {"alder.test:99999", "address 99999: invalid port"},
      {"alder.test:-1", "address -1: invalid port"},
      {"a..b:53", "zone is not a valid domain name: a..b"},
      {".a", "zone is not a valid domain name: .a"},
      {"a\\", "zone is not a valid domain name: a\\"},
      {label64 + ".test", "zone is not a valid domain name: " + label64 + ".test"},
      {std::string(300, 'y'), "specified zone is too long: 300 > 255"},
      {"::/0", "invalid CIDR ::/0"},
      {"0::/32", "invalid CIDR 0::/32"},
      {"unix:///run/x", "unix:// is no transport a zone can be served on"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(shown(c.text) == c.key);
  }
}

TEST_CASE("address: names at and beyond the bounds of RFC 1035 section 3.1") {
  const std::string label(63, 'a');
  const std::string three = label + "." + label + "." + label + ".";
  CHECK(normalize_zone(three + std::string(61, 'a') + ".").has_value());  // 255 octets in the packet
  CHECK_FALSE(normalize_zone(three + std::string(62, 'a')).has_value());
  CHECK(normalize_zone(label).has_value());
  CHECK_FALSE(normalize_zone(label + "a").has_value());
}

TEST_CASE("address: a prefix between octets becomes one zone for each of its parts") {
  struct Case {
    std::string_view cidr;
    std::vector<std::string> zones;
  };
  const Case cases[] = {
      {"10.0.0.0/8", {"10.in-addr.arpa."}},
      {"192.0.2.1/32", {"1.2.0.192.in-addr.arpa."}},
      {"10.20.0.0/15", {"20.10.in-addr.arpa.", "21.10.in-addr.arpa."}},
      {"10.1.0.129/26", {"128.0.1.10.in-addr.arpa.", "129.0.1.10.in-addr.arpa."}},  // first two of 64
      {"128.0.0.0/6", {"128.in-addr.arpa.", "129.in-addr.arpa.", "130.in-addr.arpa.", "131.in-addr.arpa."}},
      {"2001:db8::/31", {"8.b.d.0.1.0.0.2.ip6.arpa.", "9.b.d.0.1.0.0.2.ip6.arpa."}},
      {"2001:db8:8000::/34",
       {"8.8.b.d.0.1.0.0.2.ip6.arpa.", "9.8.b.d.0.1.0.0.2.ip6.arpa.", "a.8.b.d.0.1.0.0.2.ip6.arpa.",
        "b.8.b.d.0.1.0.0.2.ip6.arpa."}},
      {"2001:db8::1/128", {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.cidr);
    auto zones = reverse_zones(c.cidr);
    REQUIRE(zones.has_value());
    if (c.cidr.ends_with("/26")) {
      CHECK(zones->size() == 64);
      zones->resize(2);
    }
    CHECK(*zones == c.zones);
  }
  CHECK(reverse_zones("10.0.0.0/1")->size() == 128);
  CHECK_FALSE(reverse_zones("alder.test").has_value());
}

TEST_CASE("address: default ports follow the scheme") {
  CHECK(default_port("dns") == "53");
  CHECK(default_port("tls") == "853");
  CHECK(default_port("quic") == "853");
  CHECK(default_port("grpc") == "443");
  CHECK(default_port("https") == "443");
  CHECK(default_port("https3") == "443");
}
