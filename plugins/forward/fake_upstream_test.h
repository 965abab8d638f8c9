// An upstream for tests: UDP and TCP on one loopback port, served by the loop of the test, doing what the test says.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "dns/message.h"
#include "dns/rdata_text.h"
#include "server/listen/socket.h"

namespace portolan::forward::testing {

using Bytes = std::vector<uint8_t>;

/// A question that has arrived.
struct Asked {
  Bytes packet;
  bool tcp = false;
  unsigned number = 0;  // counts all questions of this upstream, from 1
  SocketAddress from;
  std::function<void(const Bytes&)> reply;
  std::function<void()> close;  // of the TCP connection

  uint16_t id() const { return static_cast<uint16_t>(packet[0] << 8 | packet[1]); }
};

/// An answer to `asked`: `records` in presentation form.
inline Bytes answer_to(const Asked& asked, const std::vector<std::string>& records,
                       dns::Rcode rcode = dns::Rcode::noerror) {
  Arena arena;
  dns::ParsedMessage question;
  dns::parse_message(asked.packet, arena, question);
  dns::MessageParts parts;
  parts.header.id = asked.id();
  parts.header.qr = true;
  parts.header.rd = question.header.rd;
  parts.header.ra = true;
  parts.header.rcode = static_cast<uint8_t>(rcode);
  parts.question = &question.questions[0];
  std::vector<dns::OwnedRecord> owned;
  for (const std::string& record : records) owned.push_back(*dns::parse_record(record, dns::Name(), 60));
  ArenaVector<dns::Record> answer(arena);
  for (const auto& record : owned) answer.push_back(record.view());
  parts.answer = answer;
  Bytes out(dns::kMaxMessage);
  out.resize(dns::encode(parts, out, out.size()));
  return out;
}

class FakeUpstream {
 public:
  std::function<void(Asked&)> serve;
  unsigned count = 0;

  FakeUpstream() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int attempt = 0; attempt < 50; ++attempt) {
      udp_ = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
      tcp_ = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      address.sin_port = 0;
      bind(udp_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
      port = server::bound_port(udp_.get());
      address.sin_port = htons(port);
      if (bind(tcp_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) break;
    }
    listen(tcp_.get(), 8);
  }
  std::string text() const { return "127.0.0.1:" + std::to_string(port); }

  void attach(Loop& loop) {
    loop_ = &loop;
    udp_watch_.emplace(loop, udp_.get());
    tcp_watch_.emplace(loop, tcp_.get());
    wait_udp();
    wait_tcp();
  }
  /// No longer there: UDP questions meet an ICMP error, TCP connections are refused.
  void vanish() {
    udp_watch_.reset();
    tcp_watch_.reset();
    peers_.clear();
    udp_ = Descriptor();
    tcp_ = Descriptor();
  }
  unsigned connections() const { return static_cast<unsigned>(peers_.size()); }

  uint16_t port = 0;

 private:
  struct Peer {
    Descriptor fd;
    std::optional<FdWatch> watch;
    Bytes in;
  };

  void wait_udp() {
    udp_watch_->wait_readable([this] {
      Bytes packet(65535);
      sockaddr_in from{};
      socklen_t size = sizeof from;
      for (ssize_t got; udp_ && (got = recvfrom(udp_.get(), packet.data(), packet.size(), 0,
                                                reinterpret_cast<sockaddr*>(&from), &size)) >= 12;) {
        Asked asked;
        asked.packet.assign(packet.begin(), packet.begin() + got);
        asked.number = ++count;
        asked.from = SocketAddress::from(reinterpret_cast<sockaddr*>(&from));
        asked.reply = [this, from](const Bytes& bytes) {
          sendto(udp_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&from), sizeof from);
        };
        asked.close = [] {};
        serve(asked);
      }
      if (udp_) wait_udp();
    });
  }

  void wait_tcp() {
    tcp_watch_->wait_readable([this] {
      if (const int fd = accept4(tcp_.get(), nullptr, nullptr, SOCK_NONBLOCK); fd >= 0) {
        peers_.push_back(std::make_shared<Peer>());
        peers_.back()->fd = Descriptor(fd);
        peers_.back()->watch.emplace(*loop_, fd);
        wait_peer(peers_.back());
      }
      wait_tcp();
    });
  }

  void wait_peer(const std::shared_ptr<Peer>& peer) {
    peer->watch->wait_readable([this, weak = std::weak_ptr(peer)] {
      const auto each = weak.lock();
      if (!each) return;
      Bytes octets(65536);
      const ssize_t got = recv(each->fd.get(), octets.data(), octets.size(), 0);
      if (got <= 0) return drop(*each);
      each->in.insert(each->in.end(), octets.begin(), octets.begin() + got);
      while (each->watch && each->in.size() >= 2) {
        const size_t size = static_cast<size_t>(each->in[0] << 8 | each->in[1]);
        if (each->in.size() < size + 2) break;
        Asked asked;
        asked.packet.assign(each->in.begin() + 2, each->in.begin() + 2 + static_cast<ptrdiff_t>(size));
        each->in.erase(each->in.begin(), each->in.begin() + 2 + static_cast<ptrdiff_t>(size));
        asked.tcp = true;
        asked.number = ++count;
        asked.reply = [each](const Bytes& bytes) {
          Bytes framed{static_cast<uint8_t>(bytes.size() >> 8), static_cast<uint8_t>(bytes.size())};
          framed.insert(framed.end(), bytes.begin(), bytes.end());
          (void)!send(each->fd.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
        };
        asked.close = [each] { drop(*each); };
        serve(asked);
      }
      if (each->watch) wait_peer(each);
    });
  }

  static void drop(Peer& peer) {
    peer.watch.reset();
    peer.fd = Descriptor();
  }

  Loop* loop_ = nullptr;
  Descriptor udp_, tcp_;
  std::optional<FdWatch> udp_watch_, tcp_watch_;
  std::vector<std::shared_ptr<Peer>> peers_;
};

}  // namespace portolan::forward::testing
