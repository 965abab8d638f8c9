// PROXY protocol headers, whole, in pieces and wrong; expected values follow the protocol's text, sections 2.1 and 2.2.
#include "server/listen/proxy_header.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace portolan::server {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
const std::string kDns = "\1\2 what follows";

std::span<const uint8_t> octets(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Version 2: signature, command, family, length of `body`, `body`.
std::string binary(uint8_t command, uint8_t family, const std::string& body, int length = -1) {
  const size_t size = length < 0 ? body.size() : static_cast<size_t>(length);
  std::string text = kSignature;
  for (const size_t octet : {size_t{command}, size_t{family}, size >> 8, size & 255}) text += static_cast<char>(octet);
  return text + body;
}

const std::string kV4("\xC0\x00\x02\x2C\x7F\x00\x00\x01\xD9\x03\x00\x35", 12);  // 192.0.2.44:55555 to 127.0.0.1:53
const std::string kV6 = std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16) +
                        std::string("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1\0\x35", 20);  // 2001:db8::9 port 1 to ::1:53

TEST_CASE("proxy header: what it says of both ends") {
  const struct {
    std::string header;
    const char *source, *destination;
    bool datagram;
  } cases[] = {
      {"PROXY TCP4 192.0.2.44 127.0.0.1 55555 53\r\n", "192.0.2.44:55555", "127.0.0.1:53", false},
      {"PROXY TCP6 2001:db8::7 ::1 55555 0\r\n", "[2001:db8::7]:55555", "[::1]:0", false},
      {"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 53\r\n", "192.0.2.1:1", "[::1]:53", false},
      {binary(0x21, 0x11, kV4), "192.0.2.44:55555", "127.0.0.1:53", false},
      {binary(0x21, 0x12, kV4), "192.0.2.44:55555", "127.0.0.1:53", true},
      {binary(0x21, 0x21, kV6), "[2001:db8::9]:1", "[::1]:53", false},
      {binary(0x21, 0x22, kV6 + "\x04\x00\x02no"), "[2001:db8::9]:1", "[::1]:53", true},
      {binary(0x20, 0x12, kV4), "192.0.2.44:55555", "127.0.0.1:53", true},
  };
  for (const auto& each : cases) {
    CAPTURE(each.header);
    ProxyHeader header;
    REQUIRE(read_proxy_header(octets(each.header + kDns), header) == ProxyParse::whole);
    CHECK(header.size == each.header.size());
    CHECK(header.version == (each.header[0] == 'P' ? 1 : 2));
    REQUIRE(header.has_addresses);
    CHECK(header.source.text() == each.source);
    CHECK(header.destination.text() == each.destination);
    CHECK(header.datagram == each.datagram);
    CHECK(header.local == (each.header[12] == 0x20 && each.header[0] != 'P'));
  }
}

TEST_CASE("proxy header: one without addresses says so") {
  const std::string cases[] = {
      "PROXY UNKNOWN\r\n",
      "PROXY UNKNOWN whatever 1 2 3 comes  here\r\n",
      binary(0x20, 0x00, ""),
      binary(0x20, 0x00, "some"),
      binary(0x20, 0x11, ""),  // LOCAL: what there is of addresses is passed over
      binary(0x21, 0x31, std::string(216, 'u')),
      binary(0x21, 0x32, std::string(220, 'u')),
  };
  for (const std::string& text : cases) {
    CAPTURE(text);
    ProxyHeader header;
    REQUIRE(read_proxy_header(octets(text + kDns), header) == ProxyParse::whole);
    CHECK(header.size == text.size());
    CHECK_FALSE(header.has_addresses);
  }
}

TEST_CASE("proxy header: every piece of one is the start of one") {
  const std::string headers[] = {"PROXY TCP4 192.0.2.44 127.0.0.1 55555 53\r\n", binary(0x21, 0x11, kV4 + "TLVs")};
  for (const std::string& text : headers) {
    for (size_t size = 0; size < text.size(); ++size) {
      ProxyHeader header;
      CHECK(read_proxy_header(octets(text.substr(0, size)), header) == ProxyParse::partial);
      CHECK((header.version != 0) == (size >= (text[0] == 'P' ? 5 : 12)));
    }
  }
}

TEST_CASE("proxy header: DNS messages have none") {
  for (const std::string& text : {std::string("\0\x1d\x12\x34\1\0\0\1", 8), std::string("PR"), std::string("PRO\1"),
                                  std::string("\r\n\r\n\0\r\nQUIX", 11), std::string("GET / HTTP")}) {
    ProxyHeader header;
    const bool start = text == "PR";
    CHECK(read_proxy_header(octets(text), header) == (start ? ProxyParse::partial : ProxyParse::none));
  }
}

TEST_CASE("proxy header: what cannot be is refused") {
  const std::string cases[] = {
      "PROXY\r\n",
      "PROXYX TCP4 192.0.2.44 127.0.0.1 55555 53\r\n",
      "PROXY TCP4 bad\r\n",
      "PROXY UDP4 192.0.2.44 127.0.0.1 5 53\r\n",
      "PROXY TCP4 192.0.2.44 127.0.0.1 55555 53\n",
      "PROXY TCP4 192.0.2.44 127.0.0.1 55555 53 \r\n",
      "PROXY TCP4  192.0.2.44 127.0.0.1 55555 53\r\n",
      "PROXY TCP4 192.0.2.44 127.0.0.1 055 53\r\n",
      "PROXY TCP4 192.0.2.44 127.0.0.1 65536 53\r\n",
      "PROXY TCP4 192.0.2.44 127.0.0.1 +5 53\r\n",
      "PROXY TCP4 192.0.2.44 127.0.0.1 5 \r\n",
      "PROXY TCP4 192.0.2.044 127.0.0.1 5 53\r\n",
      "PROXY TCP4 ::1 127.0.0.1 5 53\r\n",
      "PROXY TCP6 192.0.2.44 ::1 5 53\r\n",
      "PROXY TCP6 fe80::1%eth0 ::1 5 53\r\n",
      "PROXY TCP4 " + std::string(200, '1'),
      binary(0x22, 0x11, kV4),
      binary(0x11, 0x11, kV4),
      binary(0x21, 0x13, kV4),
      binary(0x21, 0x41, kV4),
      binary(0x20, 0x13, kV4),
      binary(0x21, 0x00, kV4),
      binary(0x21, 0x11, kV4, 11),
      binary(0x21, 0x21, kV6, 35),
      binary(0x21, 0x31, std::string(215, 'u')),
      binary(0x21, 0x11, kV4, 4097),
      binary(0x20, 0x00, "", 65535),
  };
  for (const std::string& text : cases) {
    CAPTURE(text);
    ProxyHeader header;
    CHECK(read_proxy_header(octets(text), header) == ProxyParse::malformed);
    CHECK(std::string(header.fault) != "");
  }
}

TEST_CASE("proxy header: the longest ones are read") {
  const std::string line = "PROXY UNKNOWN ffff:f:f:f:f:f:f:ffff ffff:f:f:f:f:f:f:ffff 65535 65535";
  ProxyHeader header;
  CHECK(read_proxy_header(octets(line + std::string(105 - line.size(), ' ') + "\r\n"), header) == ProxyParse::whole);
  CHECK(read_proxy_header(octets(line + std::string(106 - line.size(), ' ') + "\r\n"), header) ==
        ProxyParse::malformed);
  const std::string full = binary(0x21, 0x11, kV4 + std::string(4096 - 12, 't'));
  CHECK(read_proxy_header(octets(full), header) == ProxyParse::whole);
  CHECK(header.size == kMostProxyHeader);
}

}  // namespace
}  // namespace portolan::server
