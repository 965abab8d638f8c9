// Query, Reply and the pool they live in.
#include "server/query.h"

#include <algorithm>

#include "server/finish.h"
#include "server/metadata.h"
#include "server/query_pool.h"
#include "server/serve.h"
#include "server/worker.h"

namespace portolan::server {
namespace {

constexpr uint32_t kMaxDepth = 8;      // lookups through ourselves within lookups
constexpr size_t kKeptQueries = 1024;  // per worker, each with a block of its arena

void copy_records(const ArenaVector<dns::Record>& from, ArenaVector<dns::Record>& to, Arena& arena) {
  for (dns::Record record : from) {
    record.owner = dns::NameView(arena.copy(record.owner.wire()).data(), static_cast<uint8_t>(record.owner.size()));
    record.rdata = arena.copy(record.rdata);
    to.push_back(record);
  }
}

std::span<const dns::EdnsOption> copy_options(std::span<const dns::EdnsOption> from, Arena& arena) {
  const auto options = arena.array<dns::EdnsOption>(from.size());
  for (size_t i = 0; i < options.size(); ++i) options[i] = {from[i].code, arena.copy(from[i].data)};
  return options;
}

}  // namespace

std::string_view text(Transport transport) { return transport == Transport::udp ? "udp" : "tcp"; }

void Reply::copy_from(const Reply& from, Arena& arena) {
  const uint16_t id = header.id;
  clear();
  header = from.header;
  header.id = id;
  rcode = from.rcode;
  part_will_do = from.part_will_do;
  copy_records(from.answer, answer, arena);
  copy_records(from.authority, authority, arena);
  copy_records(from.additional, additional, arena);
  if (!from.edns) return;
  edns = from.edns;
  edns->options = copy_options(from.edns->options, arena);
}

void Reply::clear() {
  answer.clear();
  authority.clear();
  additional.clear();
  edns.reset();
  header.aa = header.tc = header.ra = header.ad = false;
  rcode = dns::Rcode::noerror;
  part_will_do = false;
}

size_t Query::max_size() const {
  if (transport != Transport::udp) return dns::kMaxMessage;
  return edns ? std::max<size_t>(edns->udp_size, dns::kMinUdpSize) : dns::kMinUdpSize;
}

void Query::accept(const dns::ParsedQuery& parsed) {
  header = parsed.header;
  asked = question = parsed.question;
  edns = parsed.edns;
  tsig_offset = parsed.has_tsig ? parsed.tsig_offset : 0;
  prepare_reply();
}

void Query::prepare_reply() {
  reply_.header = {};
  reply_.header.id = header.id;
  reply_.header.opcode = header.opcode;
  reply_.header.qr = true;
  if (header.opcode == dns::Opcode::query) {
    reply_.header.rd = header.rd;
    reply_.header.cd = header.cd;
  }
  reply_.rcode = dns::Rcode::noerror;
  reply_.question = asked;
  ede = nullptr;
  reply_.part_will_do = false;
}

Task<bool> Query::stream() {
  if (!responder_) return false;
  Arena scratch;  // the query's own would keep every message until the last
  const Encoded message = encode_message(*this, scratch);
  if (message.octets.empty()) return false;
  streamed_ += message.uncompressed;
  reply_.answer.clear();
  reply_.authority.clear();
  reply_.additional.clear();
  return responder_->stream(message.octets);
}

QueryPtr Query::branch(const dns::Question& wanted) {
  QueryPtr owner = short_branch(wanted);
  if (metadata) owner->metadata = metadata->clone(owner->arena_);
  return owner;
}

QueryPtr Query::short_branch(const dns::Question& wanted) {
  Query& query = pool_->take();
  pool_->enter(query, *hold_);
  QueryPtr owner(&query);
  query.header = header;
  query.asked.name = dns::NameView(query.arena_.copy(wanted.name.wire()).data(), wanted.name.size());
  query.asked.lower = dns::lower(query.asked.name, query.arena_);
  query.asked.type = wanted.type;
  query.asked.cls = wanted.cls;
  query.question = query.asked;
  if (edns) {
    query.edns = edns;
    query.edns->options = copy_options(edns->options, query.arena_);
  }
  query.transport = transport;
  query.client = client;
  query.local = local;
  query.received = received;
  query.deadline = deadline;
  query.block = block;
  query.zone = zone;
  query.metadata = metadata;
  query.listener_ = listener_;
  query.depth_ = depth_;
  query.prepare_reply();
  return owner;
}

Task<Lookup> Query::lookup(dns::NameView name, dns::RRType type) {
  if (depth_ >= kMaxDepth) co_return Lookup{};
  dns::Question wanted{name, name, type, dns::RRClass::in};
  Lookup result;
  result.query = short_branch(wanted);
  result.query->depth_ = depth_ + 1;
  Task<Outcome> task = route(*result.query);
  result.outcome = co_await task;
  if (result.outcome.verdict == Verdict::dropped) co_return Lookup{};
  if (result.outcome.verdict == Verdict::failed) {
    result.query->reply().clear();
    result.query->reply().rcode = result.outcome.rcode;
  }
  co_return result;
}

void QueryPtr::release(Query* query) { query->pool_->give_back(*query); }

Query& QueryPool::take() {
  Query* query = free_;
  if (query) {
    free_ = query->next_;
    --kept_;
  } else {
    query = new Query;
    query->pool_ = this;
    query->worker_ = worker_;
  }
  return *query;
}

void QueryPool::give_back(Query& query) {
  ConfigurationHold* hold = std::exchange(query.hold_, nullptr);
  if (kept_ < kKeptQueries) {
    query.arena_.reset();
    query.reply_.answer.rebind(query.arena_);
    query.reply_.authority.rebind(query.arena_);
    query.reply_.additional.rebind(query.arena_);
    query.reply_.edns.reset();
    query.edns.reset();
    query.packet = {};
    query.block = nullptr;
    query.zone = {};
    query.metadata = nullptr;
    query.signer = nullptr;
    query.tsig_offset = 0;
    query.responder_ = nullptr;
    query.deadline = SteadyTime::max();
    query.depth_ = 0;
    query.references_ = 0;
    query.streamed_ = 0;
    query.next_ = free_;
    free_ = &query;
    ++kept_;
  } else {
    delete &query;
  }
  if (!hold) return;
  --in_flight_;
  if (--hold->queries == 0 && hold->retired) drained_(*hold);
}

QueryPool::~QueryPool() {
  while (free_) delete std::exchange(free_, free_->next_);
}

}  // namespace portolan::server
