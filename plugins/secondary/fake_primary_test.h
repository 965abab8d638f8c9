// A primary on loopback that answers as a test says, on the loop of the server under test.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "dns/rdata.h"
#include "dns/rdata_text.h"
#include "dns/reader.h"
#include "server/listen/socket.h"

namespace portolan::secondary {

/// Listens on UDP and TCP of one port from listen() to deaf(). Destroyed before its loop.
class FakePrimary {
 public:
  using Lines = std::vector<std::string>;
  using Messages = std::vector<Lines>;  // records of each message of an answer
  struct Answer {
    Messages messages = {};
    uint8_t rcode = 0;
    bool then_close = false;        // after the messages, and over TCP
    unsigned wrong_ids = 0;         // messages with another id in front
    std::vector<uint8_t> raw = {};  // instead, as it is, id put in
    bool truncated = false;         // with TC
  };

  FakePrimary(Loop& loop, std::string zone) : loop_(loop), zone_(*dns::Name::parse(zone)) { listen(); }

  SocketAddress address() const { return address_; }
  std::string text() const { return address_.text(); }
  void listen() {
    const SocketAddress any{*IpAddress::parse("127.0.0.1"), address_.port};
    do {
      tcp_ = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      const int on = 1;
      setsockopt(tcp_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      REQUIRE(bind_to(tcp_, any));
      REQUIRE(::listen(tcp_.get(), 16) == 0);
      address_ = {any.ip, server::bound_port(tcp_.get())};
      udp_ = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    } while (!bind_to(udp_, address_) && any.port == 0);
    tcp_watch_ = std::make_unique<FdWatch>(loop_, tcp_.get());
    udp_watch_ = std::make_unique<FdWatch>(loop_, udp_.get());
    wait_tcp();
    wait_udp();
  }
  /// Nobody listens any more; connections are closed.
  void deaf() {
    tcp_watch_.reset();
    udp_watch_.reset();
    connections_.clear();
    tcp_ = Descriptor();
    udp_ = Descriptor();
  }
  void close_connections() { connections_.clear(); }

  /// The zone that is handed out: its serial, and its records but the SOA.
  void set(uint32_t number, Lines lines) {
    serial = number;
    records = std::move(lines);
  }
  /// Another zone, whose questions are in `asked` with its name in front.
  void set_other(const std::string& name, uint32_t number, Lines lines) { others[name] = {number, std::move(lines)}; }
  std::string soa(uint32_t number) const { return "@ 60 IN SOA ns h " + std::to_string(number) + " " + soa_timers; }
  Answer zone() const { return zone(serial, records); }
  Answer zone(uint32_t number, const Lines& lines) const {
    Answer answer{{{soa(number)}}};
    for (const std::string& line : lines) answer.messages.back().push_back(line);
    answer.messages.push_back({soa(number)});
    return answer;
  }

  uint32_t serial = 1;
  Lines records;
  std::map<std::string, std::pair<uint32_t, Lines>> others;
  std::string soa_timers = "3600 600 86400 30";
  /// What was asked, in order: "SOA udp", "AXFR tcp", "IXFR 1 tcp".
  Lines asked;
  /// Instead of the zone; returns false to leave the answer as it would be.
  std::function<bool(const std::string& asked, Answer& answer)> instead;
  bool silent = false;
  /// Makes of the messages of an answer what goes out.
  std::function<void(const std::vector<uint8_t>& question, std::vector<std::vector<uint8_t>>& messages)> finish;

 private:
  struct Connection {
    Descriptor fd;
    std::unique_ptr<FdWatch> watch;
    std::vector<uint8_t> in;
    bool closed = false;
  };

  static bool bind_to(const Descriptor& fd, const SocketAddress& address) {
    sockaddr_storage storage{};
    const socklen_t length = address.to(storage);
    return bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0;
  }

  void wait_tcp() {
    tcp_watch_->wait_readable([this] {
      const int fd = accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        auto& connection = connections_.emplace_back(std::make_unique<Connection>());
        connection->fd = Descriptor(fd);
        connection->watch = std::make_unique<FdWatch>(loop_, fd);
        wait_connection(*connection);
      }
      wait_tcp();
    });
  }

  void wait_connection(Connection& connection) {
    connection.watch->wait_readable([this, &connection] { read(connection); });
  }

  void read(Connection& connection) {
    uint8_t octets[4096];
    const ssize_t size = recv(connection.fd.get(), octets, sizeof octets, 0);
    if (size <= 0) return forget(connection);
    connection.in.insert(connection.in.end(), octets, octets + size);
    while (connection.in.size() >= 2 && connection.in.size() >= 2U + dns::read16(connection.in.data())) {
      const size_t end = 2U + dns::read16(connection.in.data());
      const std::vector<uint8_t> question(connection.in.begin() + 2, connection.in.begin() + static_cast<long>(end));
      connection.in.erase(connection.in.begin(), connection.in.begin() + static_cast<long>(end));
      const Answer answer = answer_to(question, "tcp");
      for (std::vector<uint8_t>& message : finished(question, answer)) {
        message.insert(message.begin(),
                       {static_cast<uint8_t>(message.size() >> 8), static_cast<uint8_t>(message.size())});
        ::send(connection.fd.get(), message.data(), message.size(), MSG_NOSIGNAL);
      }
      if (answer.then_close) return forget(connection);
    }
    wait_connection(connection);
  }

  void forget(const Connection& connection) {
    connections_.remove_if([&](const auto& each) { return each.get() == &connection; });
  }

  void wait_udp() {
    udp_watch_->wait_readable([this] {
      uint8_t octets[4096];
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      const ssize_t size = recvfrom(udp_.get(), octets, sizeof octets, 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (size > 0) {
        const std::vector<uint8_t> question(octets, octets + size);
        for (const std::vector<uint8_t>& message : finished(question, answer_to(question, "udp"))) {
          sendto(udp_.get(), message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
        }
      }
      wait_udp();
    });
  }

  Answer answer_to(const std::vector<uint8_t>& question, const std::string& over) {
    Arena arena;
    dns::ParsedMessage parsed;
    REQUIRE(dns::parse_message(question, arena, parsed));
    REQUIRE(parsed.questions.size() == 1);
    const std::string name = parsed.questions[0].name.text();
    const std::string type = dns::text(parsed.questions[0].type);
    if (!parsed.questions[0].name.equals(zone_)) {
      asked.push_back(name + " " + type + " " + over);
      const auto other = others.find(name);
      if (other == others.end()) return {{{}}, 9};  // NOTAUTH
      const auto& [number, lines] = other->second;
      return type == "SOA" ? Answer{{{soa(number)}}} : zone(number, lines);
    }
    std::string what = type;
    if (what == "IXFR") {
      dns::Soa theirs;
      REQUIRE(parsed.authority.size() == 1);
      REQUIRE(dns::parse_soa(parsed.authority[0].rdata, theirs));
      what += " " + std::to_string(theirs.serial);
    }
    asked.push_back(what + " " + over);
    Answer answer;
    if (silent) return answer;
    answer = what == "SOA" ? Answer{{{soa(serial)}}} : zone();
    if (instead) {
      Answer other;
      if (instead(asked.back(), other)) answer = other;
    }
    return answer;
  }

  std::vector<std::vector<uint8_t>> finished(const std::vector<uint8_t>& question, const Answer& answer) const {
    std::vector<std::vector<uint8_t>> messages = encode(question, answer);
    if (finish) finish(question, messages);
    return messages;
  }

  std::vector<std::vector<uint8_t>> encode(const std::vector<uint8_t>& question, const Answer& answer) const {
    std::vector<std::vector<uint8_t>> all;
    if (!answer.raw.empty()) {
      all.push_back(answer.raw);
      std::copy(question.begin(), question.begin() + 2, all.back().begin());
      return all;
    }
    Arena arena;
    dns::ParsedMessage parsed;
    dns::parse_message(question, arena, parsed);
    for (const Lines& lines : answer.messages) {
      std::vector<dns::OwnedRecord> owned;
      for (const std::string& line : lines) {
        auto record = dns::parse_record(line, dns::Name(parsed.questions[0].name), 60);
        REQUIRE_MESSAGE(record.has_value(), line);
        owned.push_back(std::move(*record));
      }
      std::vector<dns::Record> view;
      for (const dns::OwnedRecord& each : owned) view.push_back(each.view());
      dns::MessageParts parts;
      parts.header.id = dns::read16(question.data());
      if (all.size() < answer.wrong_ids) ++parts.header.id;
      parts.header.qr = parts.header.aa = true;
      parts.header.tc = answer.truncated;
      parts.header.rcode = answer.rcode;
      parts.question = &parsed.questions[0];
      parts.answer = view;
      std::vector<uint8_t> octets(dns::kMaxMessage);
      octets.resize(dns::encode(parts, octets, octets.size()));
      all.push_back(std::move(octets));
    }
    return all;
  }

  Loop& loop_;
  const dns::Name zone_;
  SocketAddress address_{};
  Descriptor tcp_, udp_;
  std::unique_ptr<FdWatch> tcp_watch_, udp_watch_;
  std::list<std::unique_ptr<Connection>> connections_;
};

}  // namespace portolan::secondary
