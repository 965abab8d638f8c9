// What leaves in one packet, and that each client gets the same as if nothing did.
#include "server/listen/outgoing_batch.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <string>
#include <vector>

#include "server/listen/socket.h"

namespace portolan::server {
namespace {

using Texts = std::vector<std::string>;

SocketAddress address(const char* ip, uint16_t port = 0) { return {*IpAddress::parse(ip), port}; }

// An answer that tells its number, in `size` octets.
std::string answer(unsigned number, size_t size) {
  std::string text = std::to_string(number) + " ";
  text.resize(size, '.');
  return text;
}

UdpAnswer to(const std::string& text, const SocketAddress& client) {
  return {nullptr, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}, client};
}

// The messages as sizes of their parts: "120+120+90 80".
std::string laid_out(std::span<const mmsghdr> messages) {
  std::string text;
  for (const mmsghdr& each : messages) {
    if (!text.empty()) text += ' ';
    for (size_t i = 0; i < each.msg_hdr.msg_iovlen; ++i) {
      text += (i ? "+" : "") + std::to_string(each.msg_hdr.msg_iov[i].iov_len);
    }
  }
  return text;
}

struct Client {
  explicit Client(const char* ip) : fd(*open_udp(server::address(ip))), at(server::address(ip, bound_port(fd.get()))) {}
  // What has come, and from where.
  Texts received() const {
    Texts texts;
    pollfd readable{fd.get(), POLLIN, 0};
    char octets[4096];
    sockaddr_storage from;
    for (socklen_t length = sizeof from; poll(&readable, 1, 50) == 1; length = sizeof from) {
      const ssize_t size = recvfrom(fd.get(), octets, sizeof octets, 0, reinterpret_cast<sockaddr*>(&from), &length);
      REQUIRE(size > 0);
      texts.push_back(SocketAddress::from(reinterpret_cast<sockaddr*>(&from)).ip.text() + " " +
                      std::string(octets, static_cast<size_t>(size)));
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }
  Descriptor fd;
  SocketAddress at;
};

TEST_CASE("outgoing batch: answers to one client make packets, the longest first and one shorter at the end") {
  const SocketAddress a = address("192.0.2.1", 1000), other_port = address("192.0.2.1", 1001),
                      other_ip = address("192.0.2.2", 1000), v6 = address("2001:db8::1", 1000);
  const struct {
    std::vector<std::pair<size_t, SocketAddress>> answers;
    const char *joined, *apart;
  } cases[] = {
      {{{100, a}}, "100", "100"},
      {{{100, a}, {100, a}}, "100+100", "100 100"},
      {{{100, a}, {120, a}}, "120+100", "100 120"},
      {{{100, a}, {100, other_port}, {100, other_ip}, {100, v6}}, "100 100 100 100", "100 100 100 100"},
      {{{100, a}, {80, v6}, {100, a}, {80, v6}, {100, other_port}}, "100+100 80+80 100", "100 80 100 80 100"},
      {{{100, a}, {120, a}, {100, a}, {120, a}, {90, a}}, "120+120+100 100+90", "100 120 100 120 90"},
      // What would be fragmented is not cut up.
      {{{1232, a}, {1233, a}, {1232, a}, {4000, a}}, "4000 1233 1232+1232", "1232 1233 1232 4000"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.joined));
    OutgoingBatch batch;
    Texts texts;
    for (const auto& [size, client] : c.answers) texts.push_back(answer(0, size));
    for (size_t i = 0; i < texts.size(); ++i) batch.add(to(texts[i], c.answers[i].second), nullptr);
    CHECK(laid_out(batch.messages(0, true)) == c.joined);
    CHECK(laid_out(batch.messages(0, false)) == c.apart);
  }
}

TEST_CASE("outgoing batch: answers to one client from two of our addresses are two packets") {
  const std::string text = answer(0, 100);
  const SocketAddress client = address("192.0.2.1", 1000), one = address("192.0.2.53"), two = address("192.0.2.54");
  OutgoingBatch batch;
  for (const SocketAddress& source : {one, two, one}) batch.add(to(text, client), &source);
  CHECK(laid_out(batch.messages(0, true)) == "100+100 100");
}

TEST_CASE("outgoing batch: the rest can be laid out anew, and each place has its answer") {
  const SocketAddress a = address("192.0.2.1", 1000), b = address("192.0.2.2", 1000);
  const Texts texts = {answer(0, 100), answer(1, 80), answer(2, 120), answer(3, 80), answer(4, 100)};
  OutgoingBatch batch;
  for (size_t i = 0; i < texts.size(); ++i) batch.add(to(texts[i], i % 2 ? b : a), nullptr);
  const auto joined = batch.messages(0, true);
  REQUIRE(laid_out(joined) == "120+100 100 80+80");
  CHECK(batch.place(joined[0]) == 0);
  CHECK(batch.place(joined[2]) == 3);
  CHECK(batch.at(0).message.data() == reinterpret_cast<const uint8_t*>(texts[2].data()));
  const auto apart = batch.messages(3, false);
  CHECK(laid_out(apart) == "80 80");
  CHECK(batch.place(apart[1]) == 4);
  CHECK(batch.at(4).to == b);
  batch.clear();
  CHECK(batch.messages(0, true).empty());
}

TEST_CASE("outgoing batch: joined or not, each client receives the same") {
  for (const auto& [bound, ip] : {std::pair("127.0.0.1", "127.0.0.1"), {"0.0.0.0", "127.0.0.2"}, {"::", "::1"}}) {
    if (*ip == ':' && !has_ipv6()) continue;
    CAPTURE(std::string(bound));
    const Descriptor socket = *open_udp(address(bound));
    REQUIRE(can_segment(socket.get()));
    const Client clients[] = {Client(ip), Client(ip), Client(ip)};
    const SocketAddress source = address(ip);
    Texts texts;
    unsigned seed = 1;
    for (unsigned i = 0; i < OutgoingBatch::kMost; ++i) {
      seed = seed * 1103515245 + 12345;
      texts.push_back(answer(i, (seed >> 16) % 5 == 0 ? 1500 : 50 + (seed >> 16) % 3 * 10));
    }
    std::vector<Texts> received;
    for (const bool join : {false, true}) {
      OutgoingBatch batch;
      for (size_t i = 0; i < texts.size(); ++i) {
        batch.add(to(texts[i], clients[i % 3].at), source == address(bound) ? nullptr : &source);
      }
      REQUIRE(batch.full());
      const auto messages = batch.messages(0, join);
      CHECK((messages.size() < OutgoingBatch::kMost) == join);
      CHECK(sendmmsg(socket.get(), messages.data(), static_cast<unsigned>(messages.size()), 0) ==
            static_cast<int>(messages.size()));
      Texts all;
      for (const Client& client : clients) {
        all.push_back("next");
        for (std::string& each : client.received()) all.push_back(std::move(each));
      }
      received.push_back(std::move(all));
    }
    CHECK(received[0].size() == texts.size() + 3);
    CHECK(received[0][1].starts_with(std::string(ip) + " "));
    CHECK(received[0] == received[1]);
  }
}

}  // namespace
}  // namespace portolan::server
