// NOTIFY: what a secondary gets to see, how often, and what the log says when it would not hear.
#include "plugins/transfer/notices.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <set>

#include "base/log_capture.h"
#include "dns/message.h"
#include "server/listen/socket.h"

namespace portolan::transfer {
namespace {

using namespace std::chrono_literals;

const dns::Name kZone = *dns::Name::parse("alder.test.");
const IpAddress kHere = *IpAddress::parse("127.0.0.1");

struct Received {
  std::vector<uint8_t> octets;
  SocketAddress from;
  uint16_t id() const { return static_cast<uint16_t>(octets[0] << 8 | octets[1]); }
};

// A secondary on loopback.
class Secondary {
 public:
  Secondary() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_storage storage{};
    const socklen_t length = SocketAddress{kHere, 0}.to(storage);
    REQUIRE(bind(socket_.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0);
  }
  SocketAddress address() const { return {kHere, server::bound_port(socket_.get())}; }

  /// Takes what has come and answers each with what `answer` makes of it; empty: nothing.
  void take(const std::function<std::vector<uint8_t>(const Received&)>& answer) {
    for (;;) {
      uint8_t octets[512];
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      const ssize_t size =
          recvfrom(socket_.get(), octets, sizeof octets, 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (size < 0) return;
      received.push_back({{octets, octets + size}, SocketAddress::from(reinterpret_cast<sockaddr*>(&from))});
      const std::vector<uint8_t> reply = answer(received.back());
      if (!reply.empty())
        sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
    }
  }
  void send(const Received& to, const std::vector<uint8_t>& reply) {
    sockaddr_storage storage{};
    const socklen_t length = to.from.to(storage);
    sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&storage), length);
  }
  std::vector<Received> received;

 private:
  Descriptor socket_;
};

std::vector<uint8_t> accepted(const Received& notify, uint8_t rcode = 0) {
  std::vector<uint8_t> answer = notify.octets;
  answer[2] |= 0x80;
  answer[3] = rcode;
  return answer;
}

// Runs the loop and the secondary until all notices are done.
void run(Loop& loop, const Notices& notices, Secondary& secondary,
         const std::function<std::vector<uint8_t>(const Received&)>& answer) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (notices.size() > 0 && std::chrono::steady_clock::now() < deadline) {
    secondary.take(answer);
    loop.run_once(1ms);
  }
  CHECK(notices.size() == 0);
}

TEST_CASE("notify: a secondary is asked once when it accepts, about the zone's SOA (RFC 1996 section 3)") {
  log::LogCapture captured;
  Loop loop;
  Notices notices(loop);
  Secondary secondary;
  notices.send(kZone, secondary.address(), std::nullopt);
  run(loop, notices, secondary, [](const Received& notify) { return accepted(notify); });
  REQUIRE(secondary.received.size() == 1);
  Arena arena;
  dns::ParsedMessage message;
  REQUIRE(dns::parse_message(secondary.received[0].octets, arena, message));
  CHECK(message.header.opcode == dns::Opcode::notify);
  CHECK(message.header.aa);
  CHECK(!message.header.qr);
  REQUIRE(message.questions.size() == 1);
  CHECK(message.questions[0].name.equals(kZone));
  CHECK(message.questions[0].type == dns::RRType::soa);
  CHECK(captured.take().empty());
}

TEST_CASE("notify: without an answer three messages go out, each with an id of its own, and the log says so") {
  log::LogCapture captured;
  Loop loop;
  Notices notices(loop, 10ms);
  Secondary secondary;
  notices.send(kZone, secondary.address(), std::nullopt);
  run(loop, notices, secondary, [](const Received&) { return std::vector<uint8_t>(); });
  REQUIRE(secondary.received.size() == 3);
  std::set<std::pair<uint16_t, uint16_t>> seen;
  for (const Received& each : secondary.received) seen.emplace(each.id(), each.from.port);
  CHECK(seen.size() == 3);
  CHECK(captured.take() ==
        "[WARNING] plugin/transfer: Failed sending notifies: notify for zone \"alder.test.\" was not accepted by \"" +
            secondary.address().text() + "\": no answer\n");
}

TEST_CASE("notify: an answer counts only with the id, the opcode and the question of the message, and QR") {
  const struct {
    const char* what;
    std::function<void(std::vector<uint8_t>&)> spoil;
  } cases[] = {
      {"another id", [](std::vector<uint8_t>& answer) { answer[1] ^= 1; }},
      {"no QR", [](std::vector<uint8_t>& answer) { answer[2] &= 0x7f; }},
      {"opcode QUERY", [](std::vector<uint8_t>& answer) { answer[2] &= 0x87; }},
      {"another zone", [](std::vector<uint8_t>& answer) { answer[13] = 'x'; }},
      {"cut", [](std::vector<uint8_t>& answer) { answer.resize(8); }},
      {"cut in the question", [](std::vector<uint8_t>& answer) { answer.resize(16); }},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    log::LogCapture captured;
    Loop loop;
    Notices notices(loop, 10ms);
    Secondary secondary;
    notices.send(kZone, secondary.address(), std::nullopt);
    run(loop, notices, secondary, [&](const Received& notify) {
      std::vector<uint8_t> answer = accepted(notify);
      c.spoil(answer);
      return answer;
    });
    CHECK(secondary.received.size() == 3);
    CHECK(captured.take().find("no answer") != std::string::npos);
  }
}

TEST_CASE("notify: a refusal is tried again, then told with its rcode") {
  log::LogCapture captured;
  Loop loop;
  Notices notices(loop, 10ms);
  Secondary secondary;
  notices.send(kZone, secondary.address(), std::nullopt);
  run(loop, notices, secondary, [](const Received& notify) { return accepted(notify, 5); });
  CHECK(secondary.received.size() == 3);
  CHECK(captured.take().find("\": rcode was REFUSED\n") != std::string::npos);
}

TEST_CASE("notify: a secondary that accepts the second message is not told a third time") {
  log::LogCapture captured;
  Loop loop;
  Notices notices(loop, 10ms);
  Secondary secondary;
  notices.send(kZone, secondary.address(), std::nullopt);
  run(loop, notices, secondary, [&](const Received& notify) {
    return secondary.received.size() < 2 ? std::vector<uint8_t>() : accepted(notify);
  });
  CHECK(secondary.received.size() == 2);
  CHECK(captured.take().empty());
}

TEST_CASE("notify: messages come from the source address, and one that cannot be had is told") {
  log::LogCapture captured;
  Loop loop;
  Notices notices(loop, 10ms);
  Secondary secondary;
  notices.send(kZone, secondary.address(), *IpAddress::parse("127.0.0.2"));
  run(loop, notices, secondary, [](const Received& notify) { return accepted(notify); });
  REQUIRE(secondary.received.size() == 1);
  CHECK(secondary.received[0].from.ip.text() == "127.0.0.2");
  notices.send(kZone, secondary.address(), *IpAddress::parse("192.0.2.1"));
  run(loop, notices, secondary, [](const Received& notify) { return accepted(notify); });
  CHECK(secondary.received.size() == 1);
  CHECK(captured.take().find("cannot assign requested address") != std::string::npos);
}

TEST_CASE("notify: a port where nobody listens is told") {
  log::LogCapture captured;
  Loop loop;
  Notices notices(loop, 10ms);
  Secondary other;
  const SocketAddress nobody = [] { return Secondary().address(); }();
  notices.send(kZone, nobody, std::nullopt);
  run(loop, notices, other, [](const Received&) { return std::vector<uint8_t>(); });
  CHECK(captured.take().find("connection refused") != std::string::npos);
}

TEST_CASE("notify: hundreds of zones are all told, and twice the same at a time is once") {
  log::LogCapture captured;
  Loop loop;
  Notices notices(loop);
  Secondary secondary;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 300; ++i) {
      notices.send(*dns::Name::parse("z" + std::to_string(i) + ".test."), secondary.address(), std::nullopt);
    }
  }
  CHECK(notices.size() == 300);
  std::set<std::string> zones;
  run(loop, notices, secondary, [&](const Received& notify) {
    zones.emplace(notify.octets.begin() + 12, notify.octets.end());
    return accepted(notify);
  });
  CHECK(zones.size() == 300);
  CHECK(captured.take().empty());
}

TEST_CASE("notify: no more than 64 are under way, and one that has been accepted makes room for the next") {
  log::LogCapture captured;
  Loop loop;
  Notices notices(loop);
  Secondary secondary;
  for (int i = 0; i < 70; ++i) {
    notices.send(*dns::Name::parse("z" + std::to_string(i) + ".test."), secondary.address(), std::nullopt);
  }
  bool first = true;
  secondary.take(
      [&](const Received& notify) { return std::exchange(first, false) ? accepted(notify) : std::vector<uint8_t>(); });
  CHECK(secondary.received.size() == 64);
  loop.run_once(100ms);
  secondary.take([](const Received&) { return std::vector<uint8_t>(); });
  CHECK(secondary.received.size() == 65);
  CHECK(notices.size() == 69);
}

// An answer as a holder of `key` would sign it at `now`; `secret`: with this one, empty: with none.
std::vector<uint8_t> signed_answer(const Received& notify, const dns::TsigKey& key, WallTime now,
                                   std::string_view secret, dns::TsigError error = dns::TsigError::none) {
  Arena arena;
  dns::ParsedMessage asked;
  dns::Tsig tsig;
  REQUIRE(dns::parse_message(notify.octets, arena, asked));
  REQUIRE(asked.tsig_offset != 0);
  REQUIRE(dns::read_tsig(notify.octets, asked.tsig_offset, arena, tsig));
  CHECK(dns::verify_tsig(notify.octets, asked.tsig_offset, tsig, key.secret, {}, tsig.time) == dns::TsigError::none);
  std::vector<uint8_t> answer(notify.octets.begin(), notify.octets.begin() + static_cast<long>(asked.tsig_offset));
  answer[2] |= 0x80;
  answer[3] = error == dns::TsigError::none ? 0 : 9;
  answer[11] = 0;
  const std::vector<uint8_t> mac(tsig.mac.begin(), tsig.mac.end());
  tsig.time = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  tsig.error = error;
  const auto octets = dns::sign_tsig(
      answer, tsig, secret.empty() ? std::nullopt : std::optional<std::string_view>(secret), {mac}, arena);
  return {octets.begin(), octets.end()};
}

TEST_CASE("notify: with a key messages are signed, and only an answer that is counts (RFC 8945)") {
  using Answering = std::function<std::vector<uint8_t>(const Received&)>;
  const auto key = std::make_shared<const dns::TsigKey>(
      dns::TsigKey{*dns::Name::parse("transfer.test."), dns::TsigAlgorithm::sha256, "0123456789abcdef"});
  const FakeClock clock;
  const auto answering = [&](std::string_view secret, std::chrono::seconds off = 0s,
                             dns::TsigError error = dns::TsigError::none) -> Answering {
    return [&clock, key, secret, off, error](const Received& notify) {
      return signed_answer(notify, *key, clock.wall() + off, secret, error);
    };
  };
  const struct {
    const char* what;
    Answering answer;
    const char* reason;  // empty: it is accepted
  } cases[] = {
      {"good", answering(key->secret), ""},
      {"as late as it may be", answering(key->secret, 300s), ""},
      {"not signed",
       [](const Received& notify) {
         std::vector<uint8_t> answer(notify.octets.begin(), notify.octets.begin() + 28);
         answer[2] |= 0x80;
         answer[11] = 0;
         return answer;
       },
       "the answer is not signed"},
      {"another secret", answering("another"), "BADSIG: the answer's signature does not fit key \"transfer.test.\""},
      {"too late", answering(key->secret, 301s),
       "BADTIME: the answer was signed with key \"transfer.test.\" 301 s off our time, more than the 300 s that are "
       "allowed"},
      {"BADKEY", answering("", 0s, dns::TsigError::bad_key),
       "it answers BADKEY: it has no key \"transfer.test.\" for hmac-sha256."},
      {"BADSIG", answering("", 0s, dns::TsigError::bad_signature),
       "it answers BADSIG: its secret of key \"transfer.test.\" is another"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    log::LogCapture captured;
    Loop loop;
    Notices notices(loop, 20ms, clock);
    Secondary secondary;
    notices.send(kZone, secondary.address(), std::nullopt, key);
    run(loop, notices, secondary, each.answer);
    const std::string logged = captured.take();
    if (each.reason[0] == 0) {
      CHECK(secondary.received.size() == 1);
      CHECK(logged.empty());
    } else {
      CHECK(secondary.received.size() == 3);
      CHECK(logged.find("was not accepted by \"" + secondary.address().text() + "\": " + each.reason + "\n") !=
            std::string::npos);
    }
    CHECK(logged.find(key->secret) == std::string::npos);
  }
}

TEST_CASE("notify: behind an answer that is forged the right one is still heard") {
  log::LogCapture captured;
  const auto key = std::make_shared<const dns::TsigKey>(
      dns::TsigKey{*dns::Name::parse("transfer.test."), dns::TsigAlgorithm::sha256, "0123456789abcdef"});
  Loop loop;
  const FakeClock clock;
  Notices notices(loop, 2s, clock);
  Secondary secondary;
  notices.send(kZone, secondary.address(), std::nullopt, key);
  secondary.take([&](const Received& notify) { return signed_answer(notify, *key, clock.wall(), "another"); });
  REQUIRE(secondary.received.size() == 1);
  loop.run_once(100ms);
  CHECK(notices.size() == 1);
  secondary.send(secondary.received[0], signed_answer(secondary.received[0], *key, clock.wall(), key->secret));
  run(loop, notices, secondary, [](const Received&) { return std::vector<uint8_t>(); });
  CHECK(secondary.received.size() == 1);
  CHECK(captured.take().empty());
}

TEST_CASE("notify: what is under way is forgotten at the end") {
  Loop loop;
  Notices notices(loop);
  Secondary secondary;
  notices.send(kZone, secondary.address(), std::nullopt);
  notices.clear();
  CHECK(notices.size() == 0);
  loop.run_once(5ms);
}

}  // namespace
}  // namespace portolan::transfer
