// What is signed of a reply, and with what; the signatures come from the table when it has them.
#include "plugins/dnssec/dnssec.h"

#include <algorithm>

#include "base/log.h"
#include "base/rcu.h"
#include "plugins/dnssec/reply_kind.h"
#include "server/configuration.h"

namespace portolan::dnssec {

using dns::Record;
using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

constexpr uint32_t kOriginalTtl = 3600;  // of every signature: what the records' TTL was at first is not known here
constexpr uint32_t kHour = 3600, kDay = 24 * kHour;
constexpr uint32_t kSignedBefore = 3 * kHour, kSignedFor = 8 * kDay;  // clocks of validators may be behind
constexpr uint32_t kRenewedBefore = 2 * kDay;                         // the end
constexpr auto kNxName = static_cast<RRType>(128);

constexpr dns::Ede kInvalidType{static_cast<dns::EdeCode>(30), "a type that only NSEC records may name"};  // RFC 9824

struct Families {
  const metrics::GaugeFamily entries{
      "coredns_dnssec_cache_entries", "The number of elements in the dnssec cache.", {"server", "type"}};
  const metrics::CounterFamily hits{"coredns_dnssec_cache_hits_total", "The count of cache hits.", {"server"}};
  const metrics::CounterFamily misses{"coredns_dnssec_cache_misses_total", "The count of cache misses.", {"server"}};
};

const Families& families() {
  static const Families all;
  return all;
}

Record rrsig_of(const Record& first, std::span<const uint8_t> rdata) {
  Record record = first;
  record.type = RRType::rrsig;
  record.rdata = rdata;
  return record;
}

}  // namespace

Dnssec::Dnssec(Options options, unsigned workers, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      table_(std::make_shared<SignatureTable>(options_.capacity)),
      hits_(families().hits, workers),
      misses_(families().misses, workers) {
  for (const dns::Name& zone : options_.zones) zones_.push_back({zone, hash_name(zone)});
  std::stable_sort(zones_.begin(), zones_.end(), [](const Zone& a, const Zone& b) {
    return a.name.view().label_count() > b.name.view().label_count();
  });
}

Result<void> Dnssec::prepare() {
  scrape_hook_ = metrics::before_scrape([this] {
    auto listeners = listeners_.lock();
    for (const std::string& label : *listeners) {
      families().entries.with({label, "signature"}).set(static_cast<double>(table_->size()));
    }
  });
  return {};
}

void Dnssec::stop(server::Deadline) noexcept {
  if (scrape_hook_ == 0) return;
  metrics::forget(scrape_hook_);
  scrape_hook_ = 0;
  auto listeners = listeners_.lock();
  for (const std::string& label : *listeners) families().entries.remove({label, "signature"});
}

void Dnssec::adopt(const std::shared_ptr<server::Handler>& previous) {
  const auto before = std::dynamic_pointer_cast<Dnssec>(previous);
  if (!before || before->options_.capacity != options_.capacity) return;
  const auto same = [](const zones::SigningKey& a, const zones::SigningKey& b) {
    return std::ranges::equal(a.dnskey(), b.dnskey());
  };
  if (!std::ranges::equal(before->options_.keys.keys(), options_.keys.keys(), same)) return;
  table_ = before->table_;
  *listeners_.lock() = *before->listeners_.lock();
}

const Dnssec::Zone* Dnssec::zone_of(dns::NameView name) const {
  const auto found =
      std::find_if(zones_.begin(), zones_.end(), [&](const Zone& zone) { return name.is_under(zone.name); });
  return found == zones_.end() ? nullptr : &*found;
}

uint32_t Dnssec::now() const {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch()).count());
}

Task<Outcome> Dnssec::serve(Query& query, server::Next next) {
  const Zone* zone = options_.keys.empty() ? nullptr : zone_of(query.question.lower);
  if (!zone) return next(query);
  if (query.question.type == RRType::dnskey && query.question.lower.equals(zone->name)) {
    return answer_keys(query, *zone);
  }
  if (options_.compact_denial && query.question.type == kNxName) {
    return query.fail(dns::Rcode::formerr).because(kInvalidType);
  }
  if (!query.dnssec_ok()) return next(query);
  Task<Outcome> task = next(query);
  if (!task.ready()) return wait_for(query, std::move(task), *zone);
  return finish(query, task.take(), *zone);
}

Task<Outcome> Dnssec::wait_for(Query& query, Task<Outcome> task, const Zone& zone) {
  const Outcome outcome = co_await task;
  co_return finish(query, outcome, zone);
}

Outcome Dnssec::answer_keys(Query& query, const Zone& zone) {
  server::Reply& reply = query.reply();
  reply.header.aa = true;
  for (const zones::SigningKey& key : options_.keys.keys()) {
    Record record = key.record().view();
    record.owner = {query.arena().copy(zone.name.view().wire()).data(), static_cast<uint8_t>(zone.name.view().size())};
    record.rdata = query.arena().copy(record.rdata);
    reply.answer.push_back(record);
  }
  if (query.dnssec_ok()) sign_section({query, zone, now()}, reply.answer);
  return query.answer();
}

Outcome Dnssec::finish(Query& query, const Outcome& outcome, const Zone& zone) {
  if (outcome.verdict != server::Verdict::answered) return outcome;
  server::Reply& reply = query.reply();
  const Work work{query, zone, now()};
  switch (kind_of(query, work.now)) {
    case ReplyKind::delegation:
      sign_delegation(work);
      break;
    case ReplyKind::denial:
      sign_denial(work);
      break;
    case ReplyKind::other:
      for (auto* section : {&reply.answer, &reply.authority, &reply.additional}) sign_section(work, *section);
      break;
  }
  reply.part_will_do = false;  // a part of an rrset has no signature
  Outcome signed_outcome = outcome;
  signed_outcome.rcode = reply.rcode;
  return signed_outcome;
}

// The DS, or the NSEC that says that there is none. NS records and glue are the child's (RFC 4035 section 2.2).
void Dnssec::sign_delegation(const Work& work) {
  ArenaVector<Record>& authority = work.query.reply().authority;
  ArenaVector<Record> ds(work.query.arena());
  for (const Record& record : authority) {
    if (record.type == RRType::ds) ds.push_back(record);
  }
  if (ds.empty()) {
    deny(work, Denied::delegation, authority[0].ttl, authority);
  } else {
    sign(work, ds, work.zone, authority);
  }
}

// The name exists after all, in the NSEC's words, and so NXDOMAIN becomes NOERROR.
void Dnssec::sign_denial(const Work& work) {
  server::Reply& reply = work.query.reply();
  ArenaVector<Record>& authority = reply.authority;
  if (authority.size() != 1 || authority[0].type != RRType::soa) return;
  const Record soa = authority[0];
  sign(work, {&soa, 1}, work.zone, authority);
  const bool nothing = reply.rcode == dns::Rcode::nxdomain;
  const size_t denial_at = authority.size();
  if (!deny(work, nothing ? Denied::name : Denied::type, soa.ttl, authority)) return;
  reply.rcode = dns::Rcode::noerror;
  if (work.query.question.type != RRType::nsec) return;
  // Asked for by its type, the NSEC is the answer.
  for (size_t i = denial_at; i < authority.size(); ++i) reply.answer.push_back(authority[i]);
  authority.clear();
}

// An NSEC behind its signatures. False: there is no such record.
bool Dnssec::deny(const Work& work, Denied denied, uint32_t ttl, ArenaVector<Record>& to) {
  const dns::Question& question = work.query.question;
  const bool apex = question.lower.equals(work.zone.name);
  const auto nsec = denial(question, apex, denied, options_.compact_denial, ttl, work.query.arena());
  if (!nsec) return false;
  sign(work, {&*nsec, 1}, work.zone, to);
  to.push_back(*nsec);
  return true;
}

// Every rrset of ours; the signatures follow all records. Signatures that are there already stay as they are.
void Dnssec::sign_section(const Work& work, ArenaVector<Record>& section) {
  struct Group {
    uint64_t hash;
    uint32_t first, last;  // of the section's records; `next` chains them
  };
  const auto count = static_cast<uint32_t>(section.size());
  ArenaVector<Group> groups(work.query.arena());
  const std::span<uint32_t> next = work.query.arena().array<uint32_t>(count);
  for (uint32_t i = 0; i < count; ++i) {
    const Record& record = section[i];
    if (record.type == RRType::rrsig || record.type == RRType::opt) continue;
    const uint64_t hash = record.owner.hash() + static_cast<uint16_t>(record.type) * 0x9e3779b97f4a7c15U;
    const auto is_ours = [&](const Group& group) {
      return group.hash == hash && section[group.first].type == record.type &&
             section[group.first].owner.equals(record.owner);
    };
    Group* group = !groups.empty() && is_ours(groups.back()) ? &groups.back()
                                                             : std::find_if(groups.begin(), groups.end(), is_ours);
    if (group == groups.end()) {
      groups.push_back({hash, i, i});
    } else {
      next[group->last] = i;
      group->last = i;
    }
  }
  for (const Group& group : groups) {
    const Zone* signer = zone_of(section[group.first].owner);
    if (!signer) continue;  // the target of an alias that leads out of our zones
    ArenaVector<Record> rrset(work.query.arena());
    for (uint32_t i = group.first;; i = next[i]) {
      rrset.push_back(section[i]);
      if (i == group.last) break;
    }
    sign(work, rrset, *signer, section);
  }
}

void Dnssec::sign(const Work& work, std::span<const Record> rrset, const Zone& signer, ArenaVector<Record>& to) {
  RRsetHash hash(rrset.front(), signer.hash);
  for (const Record& record : rrset) hash.add(record);
  const RRsetKey key = hash.key();
  const Record first = rrset.front();
  if (find(work, key, first, to)) {
    hits_.add(work.query);
    return;
  }
  misses_.add(work.query);
  auto made = make(work, rrset, signer, key);
  if (!made) return;
  for (const std::string& rdata : made->rdata) {
    const std::span octets(reinterpret_cast<const uint8_t*>(rdata.data()), rdata.size());
    to.push_back(rrsig_of(first, work.query.arena().copy(octets)));
  }
  table_->put(std::move(made));
  listeners_.lock()->insert(work.query.listener().label);
}

bool Dnssec::find(const Work& work, const RRsetKey& key, const Record& first, ArenaVector<Record>& to) {
  const rcu::ReadGuard guard;
  const Signatures* found = table_->find(key);
  if (!found || static_cast<int32_t>(found->expiration - work.now) < static_cast<int32_t>(kRenewedBefore)) return false;
  for (const std::string& rdata : found->rdata) {
    const std::span octets(reinterpret_cast<const uint8_t*>(rdata.data()), rdata.size());
    to.push_back(rrsig_of(first, work.query.arena().copy(octets)));
  }
  return true;
}

// Null when a key does not sign; the answer goes without, and validators refuse it.
std::unique_ptr<const Signatures> Dnssec::make(const Work& work, std::span<const Record> rrset, const Zone& signer,
                                               const RRsetKey& key) const {
  const zones::Validity validity{work.now - kSignedBefore, work.now + kSignedFor};
  auto rdata = options_.keys.sign(rrset, signer.name, kOriginalTtl, validity);
  if (rdata.has_error()) {
    log::limited(log::Level::error, "plugin/dnssec: " + rrset.front().owner.text() + ": " + rdata.error().message);
    return nullptr;
  }
  auto made = std::make_unique<Signatures>();
  made->key = key;
  made->expiration = validity.expiration;
  made->rdata = std::move(*rdata);
  return made;
}

}  // namespace portolan::dnssec
