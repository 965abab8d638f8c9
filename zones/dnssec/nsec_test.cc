// NSEC rdata: the example of RFC 4034 section 4.3, and windows.
#include "zones/dnssec/nsec.h"

#include <doctest/doctest.h>

#include "dns/testing.h"

namespace portolan::zones {
namespace {

std::string hex(const std::string& rdata) {
  return dns::to_hex({reinterpret_cast<const uint8_t*>(rdata.data()), rdata.size()});
}

TEST_CASE("nsec: the example of RFC 4034 section 4.3 comes out to the octet") {
  const std::vector<dns::RRType> types = {dns::RRType::a, dns::RRType::mx, dns::RRType::rrsig, dns::RRType::nsec,
                                          static_cast<dns::RRType>(1234)};
  CHECK(hex(nsec_rdata(dns::name("host.example.com."), types)) ==
        "04686f7374076578616d706c6503636f6d00"
        "00064001000000030"
        "41b000000000000000000000000000000000000000000000000000020");
}

TEST_CASE("nsec: without types there is no window, and text says what was put in") {
  CHECK(hex(nsec_rdata(dns::name("a."), {})) == "016100");
  const std::vector<dns::RRType> types = {dns::RRType::ns,   dns::RRType::soa,    dns::RRType::rrsig,
                                          dns::RRType::nsec, dns::RRType::dnskey, dns::RRType::caa};
  const std::string rdata = nsec_rdata(dns::name("b.alder.test."), types);
  CHECK(dns::rdata_text(dns::RRType::nsec, {reinterpret_cast<const uint8_t*>(rdata.data()), rdata.size()}) ==
        "b.alder.test. NS SOA RRSIG NSEC DNSKEY CAA");
}

}  // namespace
}  // namespace portolan::zones
