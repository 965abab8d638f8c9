// ZONEMD: the zones of RFC 8976 appendix A, and what does not fit.
#include "zones/zonemd.h"

#include <doctest/doctest.h>

#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

const std::string kHead =
    "example. 86400 IN SOA ns1 admin 2018031900 1800 900 604800 86400\n"
    "example. 86400 IN NS ns1\nexample. 86400 IN NS ns2\n";
const std::string kHosts = "ns1 3600 IN A 203.0.113.63\nns2 3600 IN AAAA 2001:db8::63\n";
const std::string kSimple =
    "example. 86400 IN ZONEMD 2018031900 1 1 c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9"
    "a9713b3c9ae5cc27777f98b8e730044c\n";
const std::string kZeros = std::string(96, '0');

// "verified", "unknown", "absent" or the error.
std::string checked(const std::string& text) {
  const auto read = read_zone_text("$ORIGIN example.\n" + text, "db", *dns::Name::parse("example."));
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  const auto check = check_zonemd(*read->tree);
  if (check.has_error()) return check.error().message;
  return *check == ZonemdCheck::verified ? "verified" : *check == ZonemdCheck::unknown ? "unknown" : "absent";
}

const std::string kDoesNotFit = "ZONEMD of example. does not fit serial 2018031900: ";

TEST_CASE("zonemd: the simple zone (RFC 8976 appendix A.1)") {
  CHECK(checked(kHead + kHosts + kSimple) == "verified");
  CHECK(checked(kHead + kHosts) == "absent");
  CHECK(checked(kHead + kHosts + kSimple + "x 60 IN A 192.0.2.1\n") == kDoesNotFit + "the zone has another digest");
}

TEST_CASE("zonemd: the complex zone (RFC 8976 appendix A.2): capitals, doubles, other zones, what lies below a cut") {
  CHECK(
      checked(kHead +
              "example. 86400 IN ZONEMD 2018031900 1 1 a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b1711d4bd2"
              "d8b39808226d7b9db71e34b72077f8fe\n"
              "ns1 3600 IN A 203.0.113.63\nNS2 3600 IN AAAA 2001:db8::63\n"
              "occluded.sub 7200 IN TXT \"I'm occluded but must be digested\"\nsub 7200 IN NS ns1\n"
              "duplicate 300 IN TXT \"I must be digested just once\"\n"
              "duplicate 300 IN TXT \"I must be digested just once\"\n"
              "foo.test. 555 IN TXT \"out-of-zone data must be excluded\"\n"
              "UPPERCASE 3600 IN TXT \"canonicalize uppercase owner names\"\n"
              "* 777 IN PTR dont-forget-about-wildcards\n"
              "mail 3600 IN MX 20 MAIL1\nmail 3600 IN MX 10 Mail2.Example.\n"
              "sortme 3600 IN AAAA 2001:db8::5:61\nsortme 3600 IN AAAA 2001:db8::3:62\n"
              "sortme 3600 IN AAAA 2001:db8::4:63\nsortme 3600 IN AAAA 2001:db8::1:65\n"
              "sortme 3600 IN AAAA 2001:db8::2:64\n"
              "non-apex 900 IN ZONEMD 2018031900 1 1 616c6c6f776564206275742069676e6f7265642e20616c6c6f7765642062757420"
              "69676e6f7265642e20616c6c6f7765\n") == "verified");
}

TEST_CASE("zonemd: several digests (RFC 8976 appendix A.3), of which one must fit") {
  const std::string hosts =
      "ns1 3600 IN A 203.0.113.63\nns2 86400 IN TXT \"This example has multiple digests\"\nNS2 3600 IN AAAA "
      "2001:db8::63\n";
  const std::string sha384 =
      "example. 86400 IN ZONEMD 2018031900 1 1 62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c27"
      "9dd10f0edb1c56f8080211f8480ee306\n";
  const std::string sha512 =
      "example. 86400 IN ZONEMD 2018031900 1 2 08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a"
      "4e114d884e66f176eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27\n";
  const std::string others =
      "example. 86400 IN ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee\n"
      "example. 86400 IN ZONEMD 2018031900 241 1 e1846540e33a9e4189792d18d5d131f605fc283e\n";
  const std::string wrong384 = "example. 86400 IN ZONEMD 2018031900 1 1 " + kZeros + "\n";
  CHECK(checked(kHead + sha384 + sha512 + others + hosts) == "verified");
  CHECK(checked(kHead + sha512 + hosts) == "verified");
  CHECK(checked(kHead + wrong384 + sha512 + hosts) == "verified");
  CHECK(checked(kHead + others + hosts) == "unknown");
  CHECK(checked(kHead + wrong384 + others + hosts) == kDoesNotFit + "the zone has another digest");
  CHECK(checked(kHead + wrong384 + sha384 + hosts) == kDoesNotFit + "there are several of one kind");
}

TEST_CASE("zonemd: of another serial, shortened, and of a zone whose capital letters are gone") {
  CHECK(checked(kHead + kHosts + "example. 60 IN ZONEMD 1 1 1 " + kZeros + "\n") == kDoesNotFit + "it is of serial 1");
  CHECK(checked(kHead + kHosts + kSimple.substr(0, kSimple.size() - 9) + "\n") ==
        kDoesNotFit + "the zone has another digest");
  CHECK(checked(kHead + kHosts + kSimple + "s 60 IN SVCB 1 Target\n") ==
        kDoesNotFit +
            "it cannot be compared: targets of SVCB or HTTPS records have capital letters, which are not kept");
}

}  // namespace
}  // namespace portolan::zones
