// Tests of "host:port" and of the listening sockets.
#include "server/http/listen.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace portolan::server::http {
namespace {

TEST_CASE("http listen: host and port are split as Go does it") {
  // Expected texts are those of Go's net.SplitHostPort.
  static constexpr struct {
    const char* address;
    const char* host;  // null: an error
    const char* port_or_error;
  } kCases[] = {
      {":8080", "", "8080"},
      {"localhost:9153", "localhost", "9153"},
      {"127.0.0.1:80", "127.0.0.1", "80"},
      {"[::1]:80", "::1", "80"},
      {"[fe80::1%lo]:80", "fe80::1%lo", "80"},
      {"host:", "host", ""},
      {"8080", nullptr, "address 8080: missing port in address"},
      {"", nullptr, "address : missing port in address"},
      {"/foo", nullptr, "address /foo: missing port in address"},
      {"::1:80", nullptr, "address ::1:80: too many colons in address"},
      {"[::1]", nullptr, "address [::1]: missing port in address"},
      {"[::1:80", nullptr, "address [::1:80: missing ']' in address"},
      {"[::1]:80:90", nullptr, "address [::1]:80:90: too many colons in address"},
      {"[::1]x:80", nullptr, "address [::1]x:80: missing port in address"},
      {"a]b:80", nullptr, "address a]b:80: unexpected ']' in address"},
      {"a[b:80", nullptr, "address a[b:80: unexpected '[' in address"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.address);
    const auto split = split_host_port(each.address);
    REQUIRE(split.has_value() == (each.host != nullptr));
    if (each.host) {
      CHECK(split->host == each.host);
      CHECK(split->port == each.port_or_error);
    } else {
      CHECK(split.error().message == each.port_or_error);
    }
  }
}

TEST_CASE("http listen: an address in use is said in CoreDNS's words") {
  // A socket that shares with nobody.
  const int taken = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_storage raw;
  const socklen_t length = SocketAddress{*IpAddress::parse("127.0.0.1"), 0, 0}.to(raw);
  REQUIRE(bind(taken, reinterpret_cast<sockaddr*>(&raw), length) == 0);
  REQUIRE(listen(taken, 1) == 0);
  const std::string address = bound_address(taken).text();
  const auto refused = listen_tcp(address);
  REQUIRE(refused.has_error());
  CHECK(refused.error().message == "listen tcp " + address + ": bind: address already in use");
  close(taken);
}

TEST_CASE("http listen: a port that is none is refused") {
  CHECK(listen_tcp("127.0.0.1:nosuchport").has_error());
  // TEST-NET-3 (RFC 5737) is no address of this machine.
  CHECK(listen_tcp("203.0.113.77:80").error().message ==
        "listen tcp 203.0.113.77:80: bind: cannot assign requested address");
}

TEST_CASE("http listen: localhost is the IPv4 one") {
  const auto descriptor = listen_tcp("localhost:0");
  REQUIRE(descriptor.has_value());
  CHECK(bound_address(*descriptor).ip.text() == "127.0.0.1");
  close(*descriptor);
}

}  // namespace
}  // namespace portolan::server::http
