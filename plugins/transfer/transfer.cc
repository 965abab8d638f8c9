// Who may have a zone, who has it, and its way to the client.
#include "plugins/transfer/transfer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/error_text.h"
#include "base/log.h"
#include "dns/rdata.h"
#include "plugins/common/tsig_keys.h"
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
  /// Goes on with `changes` in place of the zone, before anything was sent.
  void send_instead(std::unique_ptr<RecordStream> changes);
  /// Sends what was gathered, as several messages where it is too much for one.
  Task<bool> send();
  /// The SOA alone, once gathered: the client has the zone already (RFC 1995 section 2). As CoreDNS says it: without
  /// AA.
  bool is_lone_soa() const { return sent_ == 0 && batch_.size() == 1 && batch_[0].type == dns::RRType::soa; }
  Outcome answer_lone_soa();
  Outcome finish() const;
  Outcome give_up() const;
  uint32_t serial() const { return serial_; }

 private:
  void note_serial();
  Task<bool> send_message();

  Query& query_;
  std::unique_ptr<RecordStream> zone_;
  Arena arena_;
  ArenaVector<dns::Record> batch_;
  uint32_t serial_ = 0;
  bool incremental_ = false;
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

void Sending::send_instead(std::unique_ptr<RecordStream> changes) {
  zone_ = std::move(changes);
  incremental_ = true;
  gather();
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
  const std::string kind = incremental_ ? "incremental transfer" : "transfer";
  log::info("plugin/transfer: Outgoing " + kind + " of " + std::to_string(sent_) + " records of " + zone_to(query_) +
            " for " + std::to_string(serial_) + " SOA serial");
  return Outcome::sent();
}

Outcome Sending::give_up() const {
  return failed(query_, "transfer of " + zone_to(query_) + " ended after " + std::to_string(sent_) +
                            " records: the connection is closed, or a record is too large for a message");
}

// `from`: the serial of an IXFR client, which gets what has changed since where `journals` have it.
Task<Outcome> transfer_zone(Query& query, std::unique_ptr<RecordStream> zone, Journals& journals,
                            std::optional<uint32_t> from) {
  Sending sending(query, std::move(zone));
  if (!sending.gather()) co_return failed(query, "nothing to transfer of " + zone_to(query));
  if (sending.is_lone_soa()) co_return sending.answer_lone_soa();
  if (from) {
    // The journal may know of a later version than the one that is handed out here, or not yet of this one.
    auto changes = journals.changes(query.question.lower, *from, sending.serial());
    if (changes) sending.send_instead(std::move(changes));
  }
  query.reply().header.aa = true;
  do {
    Task<bool> task = sending.send();
    const bool open = co_await task;
    if (!open) co_return sending.give_up();
  } while (sending.gather());
  co_return sending.finish();
}

}  // namespace

bool Recipient::allows(const IpAddress& client, std::optional<dns::NameView> signed_with) const {
  if (address && address->ip.unmapped() != client.unmapped()) return false;
  return !key || (signed_with && signed_with->equals(key->name));
}

bool Rule::allows(const server::Query& query) const {
  const std::optional<dns::NameView> signed_with = key_of(query);
  return std::any_of(to.begin(), to.end(),
                     [&](const Recipient& each) { return each.allows(query.client.ip, signed_with); });
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
  if (!rule->allows(query)) return query.answer(dns::Rcode::refused);
  const bool incremental = type == dns::RRType::ixfr;
  uint32_t serial = 0;
  if (incremental && !client_serial(query, serial)) return query.fail(dns::Rcode::servfail);
  const auto from = incremental ? std::optional(serial) : std::nullopt;
  for (server::Transferer* each : transferers_) {
    auto zone = each->transfer(name, serial);
    if (zone.has_error()) return failed(query, zone.error().message);
    if (*zone) return transfer_zone(query, std::move(*zone), journals_, from);
  }
  return next(query);
}

void Transfer::adopt(const std::shared_ptr<server::Handler>& previous) {
  if (const auto* before = dynamic_cast<const Transfer*>(previous.get())) journals_.adopt(before->journals_);
}

Result<void> Transfer::prepare() {
  transferers_ = block_.others<server::Transferer>();
  for (const Rule& rule : rules_) {
    const std::string& folder = rule.journal_folder;
    if (folder.empty() || access(folder.c_str(), W_OK | X_OK) == 0) continue;
    return fail("plugin/transfer: journal " + folder + ": " + error_text(errno) +
                ", expected a folder that can be written");
  }
  return {};
}

void Transfer::keep(const std::shared_ptr<const zones::ZoneTree>& tree) {
  const Rule* rule = rule_of(tree->origin());
  if (rule && rule->journal) journals_.keep(rule->journal_folder, tree);
}

void Transfer::notify(dns::NameView zone) {
  const Rule* rule = rule_of(zone);
  if (!rule) return;
  for (const Recipient& each : rule->to) {
    if (each.address) notices_.send(zone, *each.address, rule->source, each.key);
  }
}

}  // namespace portolan::transfer
