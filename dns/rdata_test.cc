// Tests of rdata that the server makes itself.
#include "dns/rdata.h"

#include <doctest/doctest.h>

#include "dns/testing.h"

namespace portolan::dns {
namespace {

TEST_CASE("rdata: addresses, SRV, MX and EDE octet by octet") {
  Arena arena;
  CHECK(to_hex(a_rdata(*IpAddress::parse("192.0.2.1"), arena)) == "c0000201");
  CHECK(to_hex(aaaa_rdata(*IpAddress::parse("2001:db8::1"), arena)) == "20010db8000000000000000000000001");
  CHECK(to_hex(srv_rdata(1, 2, 0x1234, name("A."), arena)) == "000100021234014100");
  CHECK(to_hex(mx_rdata(10, name("a."), arena)) == "000a016100");
  CHECK(to_hex(name_rdata(name("a.").view())) == "016100");
  const EdnsOption ede = ede_option(EdeCode::blocked, "no", arena);
  CHECK(ede.code == 15);
  CHECK(to_hex(ede.data) == "000f6e6f");
}

TEST_CASE("rdata: TXT has one string per element, each of at most 255 octets") {
  Arena arena;
  const std::string_view two[] = {"ab", ""};
  CHECK(to_hex(txt_rdata(two, arena)) == "02616200");
  CHECK(to_hex(txt_rdata({}, arena)) == "00");
  const std::string big(300, 'x');
  const std::string_view one[] = {big};
  const auto cut = txt_rdata(one, arena);
  CHECK(cut.size() == 256);
  CHECK(cut[0] == 255);
}

TEST_CASE("rdata: SOA both ways") {
  Arena arena;
  const Name mname = name("ns.example."), rname = name("admin.example.");
  const Soa soa{mname, rname, 7, 3600, 600, 86400, 4000000000};
  const auto rdata = soa_rdata(soa, arena);
  CHECK(rdata_text(RRType::soa, rdata) == "ns.example. admin.example. 7 3600 600 86400 4000000000");
  Soa read;
  REQUIRE(parse_soa(rdata, read));
  CHECK(read.mname.identical(mname));
  CHECK(read.rname.identical(rname));
  CHECK(read.serial == 7);
  CHECK(read.refresh == 3600);
  CHECK(read.retry == 600);
  CHECK(read.expire == 86400);
  CHECK(read.minimum == 4000000000);
  for (size_t size = 0; size < rdata.size(); ++size) CHECK_FALSE(parse_soa(rdata.first(size), read));
  CHECK(read.serial == 7);
}

TEST_CASE("rdata: targets and addresses of records, and nothing of malformed ones") {
  const auto target = [](std::string_view text) { return target_name(record(text).view()).text(); };
  CHECK(target(". 1 IN CNAME A.b.") == "A.b.");
  CHECK(target(". 1 IN DNAME a.b.") == "a.b.");
  CHECK(target(". 1 IN NS a.b.") == "a.b.");
  CHECK(target(". 1 IN PTR a.b.") == "a.b.");
  CHECK(target(". 1 IN MX 1 a.b.") == "a.b.");
  CHECK(target(". 1 IN SRV 1 2 3 a.b.") == "a.b.");
  CHECK(target(". 1 IN A 192.0.2.1") == ".");
  const auto broken = from_hex("000503616263");
  CHECK(target_name({{}, RRType::mx, RRClass::in, 1, broken}).is_root());
  CHECK(target_name({{}, RRType::srv, RRClass::in, 1, std::span(broken).first(2)}).is_root());

  IpAddress address;
  REQUIRE(address_of(record(". 1 IN A 192.0.2.1").view(), address));
  CHECK(address.text() == "192.0.2.1");
  REQUIRE(address_of(record(". 1 IN AAAA 2001:db8::1").view(), address));
  CHECK(address.text() == "2001:db8::1");
  CHECK_FALSE(address_of(record(". 1 IN MX 1 a.").view(), address));
  CHECK_FALSE(address_of({{}, RRType::a, RRClass::in, 1, broken}, address));
  CHECK_FALSE(address_of({{}, RRType::aaaa, RRClass::in, 1, broken}, address));
}

TEST_CASE("rdata: reverse names both ways (RFC 1035 section 3.5, RFC 3596 section 2.5)") {
  struct {
    const char *address, *name;
  } const cases[] = {
      {"10.2.0.52", "52.0.2.10.in-addr.arpa."},
      {"255.100.19.0", "0.19.100.255.in-addr.arpa."},
      {"4321:0:1:2:3:4:567:89ab", "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa."},
  };
  for (const auto& test : cases) {
    CAPTURE(test.address);
    Arena arena;
    const IpAddress address = *IpAddress::parse(test.address);
    CHECK(reverse_name(address, arena).text() == test.name);
    IpAddress read;
    REQUIRE(address_of_reverse(name(test.name), read));
    CHECK(read == address);
  }
  IpAddress read;
  CHECK(address_of_reverse(name("1.2.3.4.IN-ADDR.ARPA."), read));
  CHECK(address_of_reverse(name("B.A.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.IP6.ARPA."), read));
  CHECK(read == *IpAddress::parse("4321:0:1:2:3:4:567:89ab"));
  for (const char* other :
       {".", "in-addr.arpa.", "2.3.4.in-addr.arpa.", "0.1.2.3.4.in-addr.arpa.", "256.2.3.4.in-addr.arpa.",
        "01.2.3.4.in-addr.arpa.", "a.2.3.4.in-addr.arpa.", "1.2.3.4.in-addr.arpa.example.", "ip6.arpa.",
        "1.2.3.4.example.", "1.2.3.4.", "g.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.",
        "ba.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.1.2.3.4.ip6.arpa.",
        "a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa."}) {
    CAPTURE(other);
    CHECK_FALSE(address_of_reverse(name(other), read));
  }
}

}  // namespace
}  // namespace portolan::dns
