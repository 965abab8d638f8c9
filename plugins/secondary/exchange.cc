// Questions to primaries and their answers.
#include "plugins/secondary/exchange.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "base/random.h"
#include "dns/reader.h"
#include "plugins/secondary/socket.h"

namespace portolan::secondary {
namespace {

using Kind = PrimarySocket::Kind;
using zones::ZoneTree;

constexpr unsigned kUdpTries = 2;
constexpr unsigned kMostOthers = 100;  // packets that are no answer: then over TCP, for a flood of them never ends

// The question for `type`; an IXFR question has the SOA of what is there (RFC 1995 section 3).
std::vector<uint8_t> question_for(const dns::Name& zone, dns::RRType type, const ZoneTree* current) {
  const dns::Question question{zone, zone, type, dns::RRClass::in};
  dns::MessageParts parts;
  parts.header.id = secure_random16();
  parts.question = &question;
  dns::Record soa;
  if (type == dns::RRType::ixfr) {
    soa = current->record(current->soa(), 0);
    parts.authority = std::span(&soa, 1);
  }
  std::vector<uint8_t> octets(dns::kMaxMessage);
  octets.resize(dns::encode(parts, octets, octets.size()));
  return octets;
}

/// A question as it is sent, signed where the primary has a key, and what that asks of its answers.
class Question {
 public:
  Question(const Inquiry& inquiry, dns::RRType type, const ZoneTree* current)
      : clock_(inquiry.clock), octets_(question_for(inquiry.zone, type, current)) {
    if (!inquiry.primary.key) return;
    signed_.emplace(inquiry.primary.key);
    octets_ = signed_->sign(octets_, clock_.wall());
  }
  std::span<const uint8_t> octets() const { return octets_; }
  /// Takes the next message of the answer; error: it cannot be trusted.
  Result<void> check(std::span<const uint8_t> message) {
    return signed_ ? signed_->check(message, clock_.wall()) : Result<void>();
  }
  /// What is wrong with an answer that ends with the message checked last.
  Result<void> check_end() const {
    return signed_ && !signed_->ends_signed() ? fail("the last message is not signed") : Result<void>();
  }

 private:
  const Clock& clock_;
  std::vector<uint8_t> octets_;
  std::optional<dns::TsigRequest> signed_;
};

bool has_id_of(std::span<const uint8_t> answer, std::span<const uint8_t> question) {
  return answer.size() >= dns::kHeaderSize && answer[0] == question[0] && answer[1] == question[1];
}

enum class Look : uint8_t { answer, other };  // other: no answer to this question

// Reads an answer to an SOA question.
Result<uint32_t> read_serial(std::span<const uint8_t> octets, std::span<const uint8_t> question, const dns::Name& zone,
                             Look& look) {
  look = Look::other;
  Arena arena;
  dns::ParsedMessage answer;
  if (!has_id_of(octets, question) || !dns::parse_message(octets, arena, answer) || !answer.header.qr ||
      answer.header.opcode != dns::Opcode::query) {
    return fail("malformed answer");
  }
  for (const dns::Question& each : answer.questions) {
    if (!each.name.equals(zone) || each.type != dns::RRType::soa) return fail("answer to another question");
  }
  look = Look::answer;
  if (answer.header.tc) return fail("truncated answer");
  if (answer.rcode() != 0) return fail("rcode was " + dns::text(static_cast<dns::Rcode>(answer.rcode())));
  for (const dns::Record& record : answer.answer) {
    dns::Soa soa;
    if (record.type == dns::RRType::soa && record.owner.equals(zone) && dns::parse_soa(record.rdata, soa)) {
      return soa.serial;
    }
  }
  return fail("answer without an SOA record");
}

Error with_primary(const Inquiry& inquiry, const Error& error) {
  const std::string primary = inquiry.primary.address.text();
  return error.message.find(primary) != std::string::npos ? error : fail(primary + ": " + error.message);
}

// Over one socket; what is no answer to the question is waited past (RFC 5452 section 9.1).
Task<Result<uint32_t>> ask_over(const Inquiry& inquiry, Kind kind, Look& look) {
  look = Look::other;
  const bool udp = kind == Kind::udp;
  Question question(inquiry, dns::RRType::soa, nullptr);
  PrimarySocket socket(inquiry.loop, kind, inquiry.primary.address);
  Task<Result<void>> connecting = socket.connect(inquiry.times.connect);
  const Result<void> connected = co_await connecting;
  if (connected.has_error()) co_return connected.error();
  const Patience patience = udp ? inquiry.times.udp : inquiry.times.message;
  unsigned others = 0;
  for (unsigned tries = udp ? kUdpTries : 1; tries > 0; --tries) {
    Task<Result<void>> sending = socket.send(question.octets(), patience);
    const Result<void> sent = co_await sending;
    if (sent.has_error()) co_return sent.error();
    const SteadyTime end = system_clock().now() + patience;
    for (;;) {
      const Patience left = std::max(end - system_clock().now(), Patience(0));
      Task<Result<std::span<const uint8_t>>> receiving = socket.receive(left);
      const Result<std::span<const uint8_t>> received = co_await receiving;
      if (received.has_error()) {
        if (tries > 1 && system_clock().now() >= end) break;
        co_return received.error();
      }
      Result<uint32_t> serial = read_serial(*received, question.octets(), inquiry.zone, look);
      if (look != Look::other) {
        // Whoever has forged it over UDP cannot over TCP, which is next.
        if (const auto good = question.check(*received); good.has_error()) co_return good.error();
      }
      if (look != Look::other || !udp || ++others == kMostOthers) co_return serial;
    }
  }
  co_return fail("no answer");
}

// One transfer over one connection.
Task<Result<zones::Transferred>> fetch_over(const Inquiry& inquiry, std::shared_ptr<const ZoneTree> current,
                                            bool& reached) {
  const dns::RRType type = current ? dns::RRType::ixfr : dns::RRType::axfr;
  Question question(inquiry, type, current.get());
  PrimarySocket socket(inquiry.loop, Kind::tcp, inquiry.primary.address);
  Task<Result<void>> connecting = socket.connect(inquiry.times.connect);
  const Result<void> connected = co_await connecting;
  if (connected.has_error()) co_return connected.error();
  Task<Result<void>> sending = socket.send(question.octets(), inquiry.times.message);
  const Result<void> sent = co_await sending;
  if (sent.has_error()) co_return sent.error();
  reached = true;
  zones::IncomingTransfer transfer(inquiry.zone, std::move(current));
  const SteadyTime end = system_clock().now() + inquiry.times.transfer;
  bool done = false;
  while (!done) {
    Task<Result<std::span<const uint8_t>>> receiving = socket.receive(inquiry.times.message);
    const Result<std::span<const uint8_t>> received = co_await receiving;
    const std::string progress = " after " + std::to_string(transfer.records()) + " records";
    if (received.has_error()) co_return fail(received.error().message + progress);
    if (!has_id_of(*received, question.octets())) co_return fail("answer to another question" + progress);
    if (const auto good = question.check(*received); good.has_error()) {
      co_return fail(good.error().message + progress);
    }
    const Result<bool> last = transfer.read(*received);
    if (last.has_error()) co_return last.error();
    done = *last;
    if (const auto good = question.check_end(); done && good.has_error())
      co_return fail(good.error().message + progress);
    if (!done && system_clock().now() > end) co_return fail("it takes too long" + progress);
  }
  co_return transfer.finish();
}

}  // namespace

Task<Result<uint32_t>> ask_serial(const Inquiry& inquiry) {
  Look look = Look::other;
  Task<Result<uint32_t>> over_udp = ask_over(inquiry, Kind::udp, look);
  Result<uint32_t> serial = co_await over_udp;
  // An error too: a primary may refuse questions about a catalog that do not come over TCP, as Knot DNS does.
  if (serial.has_value()) co_return serial;
  Task<Result<uint32_t>> over_tcp = ask_over(inquiry, Kind::tcp, look);
  serial = co_await over_tcp;
  if (serial.has_error()) co_return with_primary(inquiry, serial.error());
  co_return serial;
}

Task<Result<zones::Transferred>> fetch(const Inquiry& inquiry, std::shared_ptr<const ZoneTree> current) {
  bool reached = false;
  if (current) {
    Task<Result<zones::Transferred>> incremental = fetch_over(inquiry, current, reached);
    Result<zones::Transferred> fetched = co_await incremental;
    if (fetched.has_value()) co_return std::move(fetched);
    const Error error = with_primary(inquiry, fetched.error());
    if (!reached) co_return error;
    log::info("plugin/secondary: No changes of " + inquiry.zone.text() + " (" + error.message +
              "): asking for the whole zone");
  }
  Task<Result<zones::Transferred>> whole = fetch_over(inquiry, nullptr, reached);
  Result<zones::Transferred> fetched = co_await whole;
  if (fetched.has_error()) co_return with_primary(inquiry, fetched.error());
  co_return std::move(fetched);
}

}  // namespace portolan::secondary
