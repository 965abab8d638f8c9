// Hits, misses, and what becomes of a reply on its way back.
#include "plugins/cache/cache.h"

#include <algorithm>
#include <utility>

#include "base/rcu.h"
#include "server/configuration.h"
#include "server/worker.h"

namespace portolan::cache {

using server::Outcome;
using server::Query;
using server::Verdict;

namespace {

constexpr dns::Ede kCachedError{dns::EdeCode::cached_error, "a failure that is kept for a while"};

std::string label_of(const std::vector<dns::Name>& zones) {
  std::string label;
  for (const dns::Name& zone : zones) label += (label.empty() ? "" : ",") + zone.text();
  return label;
}

bool lies_in(dns::NameView lower, const std::vector<dns::Name>& zones) {
  return std::any_of(zones.begin(), zones.end(), [&](const dns::Name& zone) { return lower.is_under_lower(zone); });
}

}  // namespace

Cache::Cache(Options options, const server::Block& block, const server::Configuration& configuration,
             const Clock* clock)
    : options_(std::move(options)),
      block_(&block),
      configuration_(&configuration),
      clock_(clock),
      everything_(lies_in(dns::NameView(), options_.zones)),
      disables_alike_(options_.success.disabled == options_.denial.disabled),
      store_(std::make_shared<Store>(options_)),
      metrics_(label_of(options_.zones)) {}

Result<void> Cache::prepare() {
  metrics_.start(*configuration_, block_->view(), store_);
  return {};
}

void Cache::stop(server::Deadline) noexcept { metrics_.stop(); }

void Cache::adopt(const std::shared_ptr<server::Handler>& previous) {
  const auto before = std::dynamic_pointer_cast<Cache>(previous);
  if (!before || before->options_ != options_) return;
  store_ = before->store_;
  metrics_.inherit(before->metrics_);
}

Task<Outcome> Cache::serve(Query& query, server::Next next) {
  if (!everything_ && !covers(query.question.lower)) return next(query);
  Counters& counters = metrics_.of(query.listener());
  counters.requests.add();
  const Key key = key_of(query);
  const std::optional<Hit> hit = look_up(key, time_of(query), query.arena());
  if (!hit) {
    counters.misses.add();
    return ask(query, next, key);
  }
  (hit->positive ? counters.success_hits : counters.denial_hits).add();
  if (hit->ttl <= 0 && options_.verify && hit->refresh) {
    if (options_.verify_timeout.count() > 0) return verify_in_time(query, next, *hit);
    return verify(query, next, key, *hit);
  }
  if (hit->refresh) start_refresh(query, next, *hit);
  if (hit->ttl <= 0) return answer_stale(*hit, query);
  answer_from(*hit, query);
  const Outcome outcome = query.answer(static_cast<dns::Rcode>(hit->rcode));
  return outcome.rcode == dns::Rcode::servfail ? outcome.because(kCachedError) : outcome;
}

Key Cache::key_of(const Query& query) const {
  const dns::NameView lower = query.question.lower;
  const bool success = !lies_in(lower, options_.success.disabled);
  const bool denial = disables_alike_ ? success : !lies_in(lower, options_.denial.disabled);
  Key key;
  if (success || denial) {
    key = Key::of(query.question, query.dnssec_ok(), query.header.cd);
  } else {
    key.dnssec_ok = query.dnssec_ok();
  }
  key.success = success;
  key.denial = denial;
  return key;
}

bool Cache::covers(dns::NameView lower) const { return lies_in(lower, options_.zones); }

SteadyTime Cache::time_of(const Query& query) const { return clock_ ? clock_->now() : query.worker().now(); }
SteadyTime Cache::time_now() const { return clock_ ? clock_->now() : std::chrono::steady_clock::now(); }
std::optional<WallTime> Cache::signature_time(const Key& key) const {
  if (!key.dnssec_ok) return std::nullopt;
  return clock_ ? clock_->wall() : std::chrono::system_clock::now();
}

bool Cache::alive(const Entry& entry, SteadyTime now) const {
  const int64_t ttl = entry.ttl_at(now);
  return ttl > 0 || (options_.stale.count() > 0 &&
                     -ttl < std::chrono::duration_cast<std::chrono::seconds>(options_.stale).count());
}

// The entry that answers, and whether it is of the success side. A denial goes before an older answer; but a SERVFAIL
// passes, so it does not hide a good answer.
std::pair<const Entry*, bool> Cache::choose(const Key& key, SteadyTime now) const {
  const Entry* positive = key.success ? store_->success.find(key) : nullptr;
  if (options_.prefer_positive && options_.stale.count() > 0 && positive) {
    const Entry* good = positive->answering ? positive : positive->last_good;
    if (good && alive(*good, now)) return {good, true};
  }
  if (positive && !alive(*positive, now)) positive = nullptr;
  const Entry* denial = key.denial ? store_->denial.find(key) : nullptr;
  if (!denial || !alive(*denial, now)) return {positive, true};
  if (positive && denial->rcode == static_cast<uint16_t>(dns::Rcode::servfail)) return {positive, true};
  return {denial, false};
}

std::optional<Hit> Cache::look_up(const Key& key, SteadyTime now, Arena& arena) const {
  if (!key.success && !key.denial) return std::nullopt;  // kubeadm's Corefile has that for the whole cluster
  rcu::ReadGuard guard;
  const auto [entry, positive] = choose(key, now);
  if (!entry) return std::nullopt;
  const bool refresh = wants_refresh(*entry, now);
  Hit hit = copy_entry(*entry, now, arena);
  hit.positive = positive;
  hit.refresh = refresh;
  return hit;
}

// Whether whoever got this entry has to ask again: because it is stale, or popular and soon to be.
bool Cache::wants_refresh(const Entry& entry, SteadyTime now) const {
  const int64_t ttl = entry.ttl_at(now);
  if (ttl <= 0) {
    // Every query verifies on its own account, unless failures are remembered.
    if (options_.verify && options_.failure_recheck.count() == 0) return true;
    return entry.begin_refresh(now, options_.failure_recheck);
  }
  if (options_.prefetch <= 0) return false;
  const auto enough = static_cast<uint32_t>(std::min<int64_t>(options_.prefetch, UINT32_MAX));
  if (entry.count_hit(now, options_.prefetch_window, enough) < enough) return false;
  const int64_t threshold = (int64_t{entry.ttl} * options_.prefetch_percentage + 99) / 100;
  return ttl <= threshold && entry.begin_refresh(now, {});
}

void Cache::answer_from(const Hit& hit, Query& query) const {
  server::Reply& reply = query.reply();
  // AA although we are no authority: some resolvers of C libraries throw away an answer without it.
  reply.header.aa = true;
  reply.header.ra = hit.recursion_available;
  reply.part_will_do = hit.part_will_do;
  reply.header.ad = hit.authenticated && (query.dnssec_ok() || query.header.ad);  // RFC 6840 section 5.8
  reply.header.cd = query.header.cd;
  uint32_t ttl = hit.ttl > 0 ? static_cast<uint32_t>(hit.ttl) : 0;
  if (hit.ttl <= 0 && options_.stale_ttl > 0) {
    ttl = options_.stale_ttl;
  } else if (options_.keep_ttl) {
    ttl = hit.stored_ttl;
  }
  append_records(hit, ttl, reply);
}

// A miss. AD in the question asks whoever can to say whether data is authentic (RFC 6840 section 5.7).
Task<Outcome> Cache::ask(Query& query, server::Next next, const Key& key) {
  const bool ad = std::exchange(query.header.ad, true);
  Task<Outcome> task = next(query);
  if (!task.ready()) return wait_for(query, std::move(task), key, ad);
  return finish(query, task.take(), key, ad);
}

Task<Outcome> Cache::wait_for(Query& query, Task<Outcome> task, Key key, bool ad) {
  Outcome outcome = co_await task;
  co_return finish(query, outcome, key, ad);
}

Outcome Cache::finish(Query& query, Outcome outcome, const Key& key, bool ad) {
  query.header.ad = ad;
  if (outcome.verdict == Verdict::answered) keep(query, key, ad);
  return outcome;
}

// Puts the reply into the cache if it may be kept, and gives its records the TTL that it has there, so that a client
// does not see 1799 first and 8 a second later. True: a positive reply that answers the question.
bool Cache::keep(Query& query, const Key& key, bool ad, uint32_t hits) {
  server::Reply& reply = query.reply();
  const bool answering = answers_question(reply, query.question);
  const Kind kind = cached_kind_of(reply, query.question, answering, signature_time(key));
  const bool positive = kind == Kind::positive || kind == Kind::delegation;
  const bool denied = kind == Kind::denied || kind == Kind::no_data;
  const Options::Kind& side = denied ? options_.denial : options_.success;
  std::chrono::nanoseconds life = options_.servfail;
  if (kind != Kind::server_error) {
    life =
        std::chrono::seconds(std::min(std::max(smallest_ttl(kind, reply, side.max_ttl), side.min_ttl), side.max_ttl));
  }
  const auto ttl = static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(life).count());
  for (auto* section : {&reply.answer, &reply.authority, &reply.additional}) {
    for (dns::Record& record : *section) record.ttl = ttl;
  }
  if (life.count() > 0 && may_keep(kind, reply, answering)) {
    Counters& counters = metrics_.of(query.listener());
    counters.note_stored();
    if (!is_reply_to(query)) {
      counters.drops.add();
    } else if (positive ? key.success : key.denial) {
      EntryPtr entry = make_entry(key, reply, time_now(), ttl, answering);
      if (hits > 0) {
        entry->hits = hits;
        entry->seen = std::chrono::duration_cast<std::chrono::nanoseconds>(entry->stored.time_since_epoch()).count();
      }
      put(positive, std::move(entry), key, counters);
    }
  }
  if (!key.dnssec_ok && !ad) reply.header.ad = false;
  return answering && kind == Kind::positive && !reply.header.tc;
}

void Cache::put(bool positive, EntryPtr entry, const Key& key, Counters& counters) {
  if (!positive) {
    if (store_->denial.put(std::move(entry))) counters.denial_evictions.add();
    return;
  }
  // The newest word on this name; what was denied before is not true any more.
  const bool replaces_denial = !options_.prefer_positive || entry->answering;
  if (store_->success.put(std::move(entry), options_.prefer_positive)) counters.success_evictions.add();
  if (replaces_denial) store_->denial.erase(key);
}

}  // namespace portolan::cache
