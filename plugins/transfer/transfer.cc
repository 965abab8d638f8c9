// Who may have a zone, who has it, and its way to the client.
#include "plugins/transfer/transfer.h"

#include <algorithm>
#include <string>

#include "base/log.h"
#include "dns/rdata.h"
#include "server/setup.h"

namespace portolan::transfer {

using server::Outcome;
using server::Query;
using server::RecordStream;

namespace {

// Octets of records, uncompressed, that make a message. Names of the first 16 KiB only can be pointed to (RFC 1035
// section 4.1.4), so that larger messages compress worse.
constexpr size_t kGathered = 16 << 10;
constexpr size_t kMessage = 32 << 10;  // what is gathered may come to more: a large service is one piece

size_t size_of(const dns::Record& record) { return record.owner.size() + 10 + record.rdata.size(); }

std::string zone_to(const Query& query) {
  return "zone \"" + query.question.name.text() + "\" to " + query.client.ip.unmapped().text();
}

Outcome failed(Query& query, const std::string& why) {
  return query.fail(dns::Rcode::servfail, query.arena().copy(std::string_view(why)));
}

// The serial in an IXFR question's authority section (RFC 1995 section 3); false when it is not the one record there.
bool client_serial(Query& query, uint32_t& serial) {
  dns::ParsedMessage message;
  dns::Soa soa;
  if (!dns::parse_message(query.packet, query.arena(), message) || message.authority.size() != 1) return false;
  const dns::Record& record = message.authority.front();
  if (record.type != dns::RRType::soa || !dns::parse_soa(record.rdata, soa)) return false;
  serial = soa.serial;
  return true;
}

/// One transfer under way. A piece of the zone lies in its arena until it has left.
class Sending {
 public:
  Sending(Query& query, std::unique_ptr<RecordStream> zone) : query_(query), zone_(std::move(zone)), batch_(arena_) {}

  /// Gathers records for a message; false when there are no more.
  bool gather();
  /// Sends what was gathered, as several messages where it is too much for one.
  Task<bool> send();
  /// The SOA alone, once gathered: the client has the zone already (RFC 1995 section 2). As CoreDNS says it: without
  /// AA.
  bool is_lone_soa() const { return sent_ == 0 && batch_.size() == 1 && batch_[0].type == dns::RRType::soa; }
  Outcome answer_lone_soa();
  Outcome finish() const;
  Outcome give_up() const;

 private:
  void note_serial();
  Task<bool> send_message();

  Query& query_;
  const std::unique_ptr<RecordStream> zone_;
  Arena arena_;
  ArenaVector<dns::Record> batch_;
  uint32_t serial_ = 0;
  size_t sent_ = 0;  // records
};

bool Sending::gather() {
  arena_.reset();
  batch_.rebind(arena_);
  size_t octets = 0, counted = 0;
  while (octets < kGathered && zone_->next(arena_, batch_)) {
    for (; counted < batch_.size(); ++counted) octets += size_of(batch_[counted]);
  }
  if (sent_ == 0) note_serial();
  return !batch_.empty();
}

void Sending::note_serial() {
  dns::Soa soa;
  if (!batch_.empty() && batch_[0].type == dns::RRType::soa && dns::parse_soa(batch_[0].rdata, soa)) {
    serial_ = soa.serial;
  }
}

Task<bool> Sending::send() {
  ArenaVector<dns::Record>& answer = query_.reply().answer;
  size_t octets = 0;
  for (size_t i = 0; i < batch_.size(); ++i) {
    const size_t size = size_of(batch_[i]);
    if (octets + size > kMessage && !answer.empty()) {
      Task<bool> sending = send_message();
      const bool open = co_await sending;
      if (!open) co_return false;
      octets = 0;
    }
    answer.push_back(batch_[i]);
    octets += size;
  }
  Task<bool> sending = send_message();
  const bool open = co_await sending;
  co_return open;
}

Task<bool> Sending::send_message() {
  const size_t records = query_.reply().answer.size();
  Task<bool> sending = query_.stream();
  const bool open = co_await sending;
  if (open) sent_ += records;
  co_return open;
}

Outcome Sending::answer_lone_soa() {
  log::info("plugin/transfer: Outgoing noop, incremental transfer for up to date " + zone_to(query_) + " for " +
            std::to_string(serial_) + " SOA serial");
  dns::Record soa = batch_[0];
  Arena& arena = query_.arena();
  soa.owner = {arena.copy(soa.owner.wire()).data(), static_cast<uint8_t>(soa.owner.size())};
  soa.rdata = arena.copy(soa.rdata);
  query_.reply().answer.push_back(soa);
  return query_.answer();
}

Outcome Sending::finish() const {
  log::info("plugin/transfer: Outgoing transfer of " + std::to_string(sent_) + " records of " + zone_to(query_) +
            " for " + std::to_string(serial_) + " SOA serial");
  return Outcome::sent();
}

Outcome Sending::give_up() const {
  return failed(query_, "transfer of " + zone_to(query_) + " ended after " + std::to_string(sent_) +
                            " records: the connection is closed, or a record is too large for a message");
}

Task<Outcome> transfer_zone(Query& query, std::unique_ptr<RecordStream> zone) {
  Sending sending(query, std::move(zone));
  if (!sending.gather()) co_return failed(query, "nothing to transfer of " + zone_to(query));
  if (sending.is_lone_soa()) co_return sending.answer_lone_soa();
  query.reply().header.aa = true;
  do {
    Task<bool> task = sending.send();
    const bool open = co_await task;
    if (!open) co_return sending.give_up();
  } while (sending.gather());
  co_return sending.finish();
}

}  // namespace

bool Rule::allows(const IpAddress& client) const {
  return everyone || std::any_of(to.begin(), to.end(),
                                 [&](const SocketAddress& each) { return each.ip.unmapped() == client.unmapped(); });
}

// The rule with the longest zone; the first of several.
const Rule* Transfer::rule_of(dns::NameView lower) const {
  const Rule* found = nullptr;
  size_t longest = 0;
  for (const Rule& rule : rules_) {
    for (const dns::Name& zone : rule.zones) {
      if (!lower.is_under(zone) || zone.view().size() <= longest) continue;
      longest = zone.view().size();
      found = &rule;
    }
  }
  return found;
}

Task<Outcome> Transfer::serve(Query& query, server::Next next) {
  const dns::RRType type = query.question.type;
  if (type != dns::RRType::axfr && type != dns::RRType::ixfr) return next(query);
  if (query.transport == server::Transport::udp) return query.fail(dns::Rcode::refused);  // RFC 5936 section 4.2
  const dns::NameView name = query.question.lower;
  const Rule* rule = rule_of(name);
  if (!rule) return next(query);
  if (!rule->allows(query.client.ip)) return query.answer(dns::Rcode::refused);
  uint32_t serial = 0;
  if (type == dns::RRType::ixfr && !client_serial(query, serial)) return query.fail(dns::Rcode::servfail);
  for (server::Transferer* each : transferers_) {
    auto zone = each->transfer(name, serial);
    if (zone.has_error()) return failed(query, zone.error().message);
    if (*zone) return transfer_zone(query, std::move(*zone));
  }
  return next(query);
}

Result<void> Transfer::prepare() {
  transferers_ = block_.others<server::Transferer>();
  return {};
}

void Transfer::notify(dns::NameView zone) {
  const Rule* rule = rule_of(zone);
  if (!rule) return;
  for (const SocketAddress& server : rule->to) notices_.send(zone, server, rule->source);
}

}  // namespace portolan::transfer
