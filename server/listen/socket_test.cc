// Sockets as they are opened: ports, what stands beside what, the errors' texts.
#include "server/listen/socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace portolan::server {
namespace {

SocketAddress address(const char* ip, uint16_t port = 0) { return {*IpAddress::parse(ip), port}; }

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  getsockopt(fd, level, name, &value, &length);
  return value;
}

bool open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

// A port that somebody holds who did not set SO_REUSEPORT.
Descriptor taken(int type) {
  Descriptor fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  const socklen_t length = address("127.0.0.1").to(storage);
  REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0);
  if (type == SOCK_STREAM) REQUIRE(listen(fd.get(), 1) == 0);
  return fd;
}

TEST_CASE("socket: a socket bound to port 0 tells which port it got") {
  const auto udp = open_udp(address("127.0.0.1"));
  REQUIRE(udp.has_value());
  CHECK(bound_port(udp->get()) != 0);
  const auto tcp = open_tcp(address("127.0.0.1"));
  REQUIRE(tcp.has_value());
  CHECK(bound_port(tcp->get()) != 0);
  const auto beside = open_tcp(address("127.0.0.1", bound_port(tcp->get())));
  REQUIRE(beside.has_value());
  CHECK(bound_port(beside->get()) == bound_port(tcp->get()));
  CHECK(bound_port(-1) == 0);
}

TEST_CASE("socket: several workers share a port") {
  const auto first = open_udp(address("127.0.0.1"));
  REQUIRE(first.has_value());
  CHECK(open_udp(address("127.0.0.1", bound_port(first->get()))).has_value());
  const auto stream = open_tcp(address("127.0.0.1"));
  REQUIRE(stream.has_value());
  CHECK(open_tcp(address("127.0.0.1", bound_port(stream->get()))).has_value());
}

TEST_CASE("socket: nothing blocks and nothing is inherited") {
  const auto udp = open_udp(address("127.0.0.1"));
  const auto tcp = open_tcp(address("127.0.0.1"));
  for (const int fd : {udp->get(), tcp->get()}) {
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(option(tcp->get(), SOL_SOCKET, SO_ACCEPTCONN) == 1);
}

TEST_CASE("socket: UDP tells the address that was asked") {
  auto v4 = open_udp(address("0.0.0.0"));
  REQUIRE(v4.has_value());
  CHECK(option(v4->get(), IPPROTO_IP, IP_PKTINFO) == 1);
  if (!has_ipv6()) return;
  auto v6 = open_udp(address("::", bound_port(v4->get())));
  for (int tries = 0; tries < 20 && v6.has_error(); ++tries) {  // a neighbour may hold that port of the other family
    v4 = open_udp(address("0.0.0.0"));
    REQUIRE(v4.has_value());
    v6 = open_udp(address("::", bound_port(v4->get())));
  }
  REQUIRE(v6.has_value());  // beside IPv4 on the same port, since it takes IPv6 only
  CHECK(option(v6->get(), IPPROTO_IPV6, IPV6_RECVPKTINFO) == 1);
  CHECK(option(v6->get(), IPPROTO_IPV6, IPV6_V6ONLY) == 1);
}

TEST_CASE("socket: packets that find the receive queue full are counted") {
  const auto udp = open_udp(address("127.0.0.1"));
  REQUIRE(udp.has_value());
  const int least = 1;  // the kernel has a minimum of its own
  setsockopt(udp->get(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
  sockaddr_storage to{};
  const socklen_t length = address("127.0.0.1", bound_port(udp->get())).to(to);
  const Descriptor client(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const char packet[256] = {};
  constexpr uint32_t kSent = 100;
  for (uint32_t i = 0; i < kSent; ++i) {
    REQUIRE(sendto(client.get(), packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&to), length) > 0);
  }
  uint32_t received = 0;
  char buffer[256];
  while (recv(udp->get(), buffer, sizeof buffer, MSG_DONTWAIT) > 0) ++received;
  CHECK(received < kSent);
  CHECK(dropped_packets(udp->get()) == kSent - received);
}

TEST_CASE("socket: one that takes no more packets leaves them to the others, keeps its own and still sends") {
  const auto first = open_udp(address("127.0.0.1"));
  REQUIRE(first.has_value());
  const SocketAddress server = address("127.0.0.1", bound_port(first->get()));
  sockaddr_storage to{};
  const socklen_t length = server.to(to);
  const Descriptor client(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto send = [&](const char* text) {
    REQUIRE(sendto(client.get(), text, 1, 0, reinterpret_cast<sockaddr*>(&to), length) == 1);
  };
  const auto received = [](int fd) {
    char text = 0;
    return recv(fd, &text, 1, MSG_DONTWAIT) == 1 ? text : '-';
  };
  send("a");
  const auto second = open_udp(server);
  REQUIRE(second.has_value());
  take_no_more_packets(first->get());
  for (int i = 0; i < 20; ++i) {
    send("b");
    CHECK(received(second->get()) == 'b');
  }
  CHECK(received(first->get()) == 'a');
  CHECK(received(first->get()) == '-');

  sockaddr_storage back{};
  const socklen_t back_length = address("127.0.0.1", bound_port(client.get())).to(back);
  REQUIRE(sendto(first->get(), "c", 1, 0, reinterpret_cast<sockaddr*>(&back), back_length) == 1);
  CHECK(received(client.get()) == 'c');
}

TEST_CASE("socket: an address in use is told as CoreDNS tells it") {
  const Descriptor stream = taken(SOCK_STREAM), datagram = taken(SOCK_DGRAM);
  const SocketAddress tcp = address("127.0.0.1", bound_port(stream.get()));
  const SocketAddress udp = address("127.0.0.1", bound_port(datagram.get()));
  CHECK(open_tcp(tcp).error().message == "listen tcp " + tcp.text() + ": bind: address already in use");
  CHECK(open_udp(udp).error().message == "listen udp " + udp.text() + ": bind: address already in use");
}

TEST_CASE("socket: an address of nobody here is told as CoreDNS tells it") {
  // RFC 5737: no machine has it.
  const auto opened = open_udp(address("192.0.2.1", 5353));
  REQUIRE(opened.has_error());
  CHECK(opened.error().message == "listen udp 192.0.2.1:5353: bind: cannot assign requested address");
}

TEST_CASE("socket: a descriptor is closed once, with its last owner") {
  int fd = -1;
  {
    Descriptor owner = taken(SOCK_DGRAM);
    fd = owner.get();
    Descriptor next(std::move(owner));
    CHECK(!owner);
    CHECK(next.get() == fd);
    next = Descriptor();
    CHECK(!open(fd));
    next = taken(SOCK_DGRAM);
    fd = next.get();
    CHECK(open(fd));
  }
  CHECK(!open(fd));
  Descriptor released = taken(SOCK_DGRAM);
  const Descriptor again(released.release());
  CHECK(!released);
  CHECK(open(again.get()));
}

}  // namespace
}  // namespace portolan::server
