// Asking again: before an entry's time is over (prefetch), after a stale one was given (immediate), or before it is
// (verify).
#include <utility>

#include "base/rcu.h"
#include "plugins/cache/cache.h"
#include "server/core_metrics.h"
#include "server/worker.h"

namespace portolan::cache {

using server::Outcome;
using server::Query;
using server::Verdict;

namespace {

constexpr dns::Ede kStale{dns::EdeCode::stale_answer, "from the cache, past its TTL"};
constexpr dns::Ede kStaleDenial{dns::EdeCode::stale_nxdomain, "from the cache, past its TTL"};

void forget_reply(Query& query) {
  query.reply().clear();
  query.reply().question = query.asked;
}

}  // namespace

// What a verification and the patience of its client share; each may end first.
struct Cache::Race {
  Arrival<bool> decided;  // true: the refresh has ended; false: time is up
  server::QueryPtr branch;
  bool ad = false;
  bool refreshed = false;
};

void Cache::start_refresh(Query& query, server::Next next, const Hit& hit) {
  metrics_.of(query.listener()).prefetches.add();
  server::QueryPtr branch = query.branch(query.question);
  branch->header.ad = true;
  branch->transport = server::Transport::tcp;  // nobody's UDP size limits what is fetched for the cache
  refresh(std::move(branch), next, {hit.id, hit.hits, hit.positive, hit.ttl <= 0});
}

// A refresh has nobody above it who would catch what a plugin throws, and a stale answer is better than a panic.
Task<Outcome> Cache::ask_next(Query& query, server::Next next) {
  try {
    Task<Outcome> task = next(query);
    const Outcome outcome = co_await task;
    co_return outcome;
  } catch (const std::exception&) {
    server::core_metrics().panics.add();
  }
  co_return Outcome::failed(dns::Rcode::servfail);
}

Detached Cache::refresh(server::QueryPtr branch, server::Next next, Ticket ticket) {
  Query& query = *branch;
  const Key key = key_of(query);
  Task<Outcome> task = ask_next(query, next);
  const Outcome outcome = co_await task;
  bool refreshed = true;
  if (ticket.stale) {
    refreshed = take_refresh(query, key, true, outcome, ticket.hits);
  } else if (outcome.verdict == Verdict::answered) {
    keep(query, key, true, ticket.hits);
  }
  end_refresh(key, ticket, refreshed);
}

// Whether what came takes the stale entry's place: NOERROR and NXDOMAIN do (RFC 8767 section 4), with prefer_positive
// only a reply that answers; others are kept beside it.
bool Cache::take_refresh(Query& query, const Key& key, bool ad, const Outcome& outcome, uint32_t hits) {
  const server::Reply& reply = query.reply();
  if (outcome.verdict != Verdict::answered || reply.header.tc || !is_reply_to(query)) return false;
  if (options_.prefer_positive) return keep(query, key, ad, hits);
  const Kind kind = kind_of(reply, query.question, signature_time(key));
  if (kind == Kind::other || kind == Kind::meta || kind == Kind::server_error) return false;
  keep(query, key, ad, hits);
  return true;
}

// The entry may have been replaced meanwhile: then there is nothing to end.
void Cache::end_refresh(const Key& key, const Ticket& ticket, bool refreshed) {
  const std::chrono::nanoseconds recheck = ticket.stale ? options_.failure_recheck : std::chrono::nanoseconds(0);
  rcu::ReadGuard guard;
  const Entry* entry = (ticket.positive ? store_->success : store_->denial).find(key);
  if (entry && entry->id != ticket.id) entry = entry->last_good;
  if (entry && entry->id == ticket.id) entry->end_refresh(time_now(), recheck, refreshed);
}

Outcome Cache::answer_stale(const Hit& hit, Query& query) {
  metrics_.of(query.listener()).served_stale.add();
  answer_from(hit, query);
  const Outcome outcome = query.answer(static_cast<dns::Rcode>(hit.rcode));
  return outcome.because(outcome.rcode == dns::Rcode::nxdomain ? kStaleDenial : kStale);
}

Task<Outcome> Cache::verify(Query& query, server::Next next, Key key, Hit hit) {
  const bool ad = std::exchange(query.header.ad, true);
  Task<Outcome> task = ask_next(query, next);
  const Outcome outcome = co_await task;
  query.header.ad = ad;
  const bool refreshed = take_refresh(query, key, ad, outcome, hit.hits);
  if (options_.failure_recheck.count() > 0) {
    const Ticket ticket{hit.id, hit.hits, hit.positive, true};
    end_refresh(key, ticket, refreshed);
  }
  if (refreshed) co_return outcome;
  forget_reply(query);
  co_return answer_stale(hit, query);
}

// The refresh goes on when the client's patience is over, and does the next one good.
Task<Outcome> Cache::verify_in_time(Query& query, server::Next next, Hit hit) {
  auto race = std::make_shared<Race>();
  race->branch = query.branch(query.question);
  race->branch->header.ad = true;
  race->ad = query.header.ad;
  const Ticket ticket{hit.id, hit.hits, hit.positive, true};
  run_race(race, next, ticket);
  Timer timer(query.worker().loop());
  if (!race->decided.arrived()) {
    timer.start(options_.verify_timeout, [race] { race->decided.set(false); });
  }
  const bool ended = co_await race->decided;
  if (!ended || !race->refreshed) co_return answer_stale(hit, query);
  query.reply().copy_from(race->branch->reply(), query.arena());
  co_return query.answer(race->branch->reply().rcode);
}

Detached Cache::run_race(std::shared_ptr<Race> race, server::Next next, Ticket ticket) {
  Query& query = *race->branch;
  const Key key = key_of(query);
  Task<Outcome> task = ask_next(query, next);
  const Outcome outcome = co_await task;
  const bool ad = race->ad;
  race->refreshed = take_refresh(query, key, ad, outcome, ticket.hits);
  if (options_.failure_recheck.count() > 0) end_refresh(key, ticket, race->refreshed);
  race->decided.set(true);
}

}  // namespace portolan::cache
