// The next name of a denial follows the name that was asked, however long that is.
#include "plugins/dnssec/denial.h"

#include <doctest/doctest.h>

#include "dns/rdata_text.h"
#include "dns/testing.h"

namespace portolan::dnssec {
namespace {

std::string next_of(const std::string& text, Denied denied) {
  Arena arena;
  const dns::Name name = dns::name(text);
  dns::Question question;
  question.name = name;
  question.lower = dns::lower(name, arena);
  question.type = dns::RRType::a;
  const auto record = denial(question, false, denied, false, 60, arena);
  if (!record) return "none";
  CHECK(record->owner.identical(name));
  const std::string rdata = dns::rdata_text(dns::RRType::nsec, record->rdata);
  const std::string next = rdata.substr(0, rdata.find(' '));
  CHECK(dns::name(next).view().compare(name) > 0);
  return next;
}

TEST_CASE("denial: the next name is the first possible one") {
  const std::string full(63, 'a'), rest = full + "." + full + ".";
  const std::string size253 = std::string(59, 'b') + "." + full + "." + rest;
  const struct {
    std::string name;
    Denied denied;
    std::string next;
  } cases[] = {
      {"a.test.", Denied::name, "\\000.a.test."},
      {".", Denied::type, "\\000."},
      {"a.test.", Denied::delegation, "a\\000.test."},
      {size253, Denied::type, "\\000." + size253},
      {"b" + size253, Denied::type, "b" + std::string(59, 'b') + "\\000." + full + "." + rest},
      {"bb" + size253, Denied::type, "bb" + std::string(58, 'b') + "c." + full + "." + rest},
      {std::string(60, 'b') + "@." + full + "." + rest, Denied::type,
       std::string(60, 'b') + "\\091." + full + "." + rest},
      {std::string(60, 'b') + "Z." + full + "." + rest, Denied::type, std::string(60, 'b') + "{." + full + "." + rest},
      {std::string(60, 'b') + "\\255." + full + "." + rest, Denied::type,
       std::string(59, 'b') + "c." + full + "." + rest},
      {full + ".test.", Denied::delegation, std::string(62, 'a') + "b.test."},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const std::string next = next_of(c.name, c.denied);
    CHECK(dns::name(next).view().equals(dns::name(c.next)));
  }
}

TEST_CASE("denial: behind labels of the highest octet alone there is no name to be had") {
  std::string label;
  for (int i = 0; i < 63; ++i) label += "\\255";
  CHECK(next_of(label + ".test.", Denied::delegation) == "none");
}

TEST_CASE("denial: the type asked for is left out of the bitmap, others stay") {
  const struct {
    dns::RRType type;
    bool apex;
    const char* types;
  } cases[] = {
      {dns::RRType::a, false, "HINFO TXT AAAA LOC SRV CERT SSHFP RRSIG NSEC TLSA HIP OPENPGPKEY SPF"},
      {static_cast<dns::RRType>(99), false, "A HINFO TXT AAAA LOC SRV CERT SSHFP RRSIG NSEC TLSA HIP OPENPGPKEY"},
      {dns::RRType::ds, false, "A NS HINFO TXT AAAA LOC SRV CERT SSHFP RRSIG NSEC TLSA HIP OPENPGPKEY SPF"},
      {dns::RRType::nsec, false, "A HINFO TXT AAAA LOC SRV CERT SSHFP RRSIG NSEC TLSA HIP OPENPGPKEY SPF"},
      {dns::RRType::caa, false, "A HINFO TXT AAAA LOC SRV CERT SSHFP RRSIG NSEC TLSA HIP OPENPGPKEY SPF"},
      {dns::RRType::mx, true, "A NS SOA HINFO TXT AAAA LOC SRV CERT SSHFP RRSIG NSEC DNSKEY TLSA HIP OPENPGPKEY SPF"},
  };
  for (const auto& c : cases) {
    Arena arena;
    const dns::Name name = dns::name("alder.test.");
    dns::Question question;
    question.name = question.lower = name;
    question.type = c.type;
    const auto record = denial(question, c.apex, Denied::type, false, 60, arena);
    REQUIRE(record);
    CHECK(dns::rdata_text(dns::RRType::nsec, record->rdata) == std::string("\\000.alder.test. ") + c.types);
  }
}

}  // namespace
}  // namespace portolan::dnssec
