// The way of one question: which upstreams are tried, in what order, how often, and what is done with the answer.
#include "plugins/forward/forward.h"

#include <algorithm>

#include "base/log.h"
#include "plugins/forward/link.h"
#include "plugins/forward/metrics.h"
#include "server/metadata.h"
#include "server/worker.h"

namespace portolan::forward {
namespace {

using server::Next;
using server::Outcome;
using server::Query;

constexpr auto kDeadline = std::chrono::seconds(5);     // for one question, all attempts together
constexpr unsigned kAttemptsPerUpstream = 2;            // unless max_connect_attempts says otherwise
constexpr auto kPause = std::chrono::milliseconds(50);  // between two rounds when attempts are not counted
constexpr size_t kMostWaiting = 100'000;                // questions of a directive, over all workers
constexpr std::string_view kNoHealthy = "no healthy proxies";
constexpr std::string_view kOverload = "too many queries wait for upstreams";

constexpr dns::Ede kTooMany{dns::EdeCode::other, "too many queries are under way"};
constexpr dns::Ede kNoneHealthy{dns::EdeCode::no_reachable_authority, "no upstream server is in order"};
constexpr dns::Ede kNoneInTime{dns::EdeCode::no_reachable_authority, "no upstream server answered in time"};
constexpr dns::Ede kNetwork{dns::EdeCode::network_error, "an upstream server cannot be reached"};
constexpr dns::Ede kMismatch{dns::EdeCode::network_error, "an upstream server answered another question"};
constexpr dns::Ede kTheirs{dns::EdeCode::other, "an upstream server answered so"};

// What clients are told of an error that the log has in full.
const dns::Ede& reason_of(std::string_view error) {
  if (error == kNoHealthy) return kNoneHealthy;
  return error.ends_with("i/o timeout") ? kNoneInTime : kNetwork;
}

// The question as it stands, with room for the transport's id.
void encode_question(Query& query, AwaitedAnswer& answer) {
  dns::MessageParts parts;
  parts.header = query.header;
  parts.header.id = 0;
  parts.header.rcode = 0;
  parts.question = &query.question;
  parts.edns = query.edns ? &*query.edns : nullptr;
  std::span<uint8_t> out = query.arena().bytes(dns::uncompressed_size(parts));
  answer.packet = out.first(dns::encode(parts, out, out.size()));
  answer.question_size = query.question.name.size() + 4;
  answer.arena = &query.arena();
}

// The upstream's answer becomes the reply: its flags, its question with the case it came in, its OPT.
Outcome hand_on(Query& query, const dns::ParsedMessage& message) {
  server::Reply& reply = query.reply();
  const uint16_t id = reply.header.id;
  reply.clear();
  reply.header = message.header;
  reply.header.id = id;
  reply.header.qr = true;
  reply.question = message.questions[0];
  for (const dns::Record& record : message.answer) reply.answer.push_back(record);
  for (const dns::Record& record : message.authority) reply.authority.push_back(record);
  for (const dns::Record& record : message.additional) reply.additional.push_back(record);
  reply.edns = message.edns;
  const Outcome outcome = query.answer(static_cast<dns::Rcode>(message.rcode()));
  const bool failed = outcome.rcode != dns::Rcode::noerror && outcome.rcode != dns::Rcode::nxdomain;
  return failed ? outcome.because(kTheirs) : outcome;
}

Outcome form_error(Query& query) {
  query.reply().clear();
  return query.answer(dns::Rcode::formerr).because(kMismatch);
}

bool contains(const std::vector<dns::Rcode>& rcodes, uint16_t rcode) {
  return std::find(rcodes.begin(), rcodes.end(), static_cast<dns::Rcode>(rcode)) != rcodes.end();
}

}  // namespace

/// A question's place among those that are under way: counted for as long as it lives.
class Forward::Place {
 public:
  Place(Forward& owner, Here& here) : owner_(owner), here_(here) {
    ++here_.waiting;
    if (owner_.options_.max_concurrent == 0) return;
    const uint64_t before = owner_.concurrent_.fetch_add(1, std::memory_order_relaxed);
    over_ = before >= owner_.options_.max_concurrent;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    --here_.waiting;
    if (owner_.options_.max_concurrent != 0) owner_.concurrent_.fetch_sub(1, std::memory_order_relaxed);
  }
  /// More than max_concurrent.
  bool over() const { return over_; }

 private:
  Forward& owner_;
  Here& here_;
  bool over_ = false;
};

/// Which upstream comes next, and when to give up; CoreDNS's order of things.
class Forward::Attempt {
 public:
  Attempt(Forward& owner, const UpstreamSet& set, Query& query)
      : owner_(owner),
        set_(set),
        order_(query.arena().array<uint16_t>(set.size())),
        deadline_(std::min(std::chrono::steady_clock::now() + kDeadline, query.deadline)) {
    owner_.policy_.list(order_);
    const auto& most = owner_.options_.max_connect_attempts;
    most_ = most ? *most : kAttemptsPerUpstream * set.size();
  }

  /// Null: nobody is left to ask.
  Upstream* next() {
    while (std::chrono::steady_clock::now() < deadline_ && (most_ == 0 || failed_ < most_)) {
      if (at_ >= order_.size()) at_ = fails_ = 0;
      Upstream* upstream = set_[order_[at_++]].get();
      if (!upstream->down(owner_.options_.max_fails)) return upstream;
      if (++fails_ < set_.size()) continue;
      forward_metrics().healthcheck_broken.add();
      if (owner_.options_.failfast) return nullptr;
      // All are down: that may be the checks' fault. Any of them may do.
      return set_[fast_random_below(static_cast<uint32_t>(set_.size()))].get();
    }
    return nullptr;
  }

  /// False: no further attempt.
  bool after_failure(Upstream& upstream) {
    if (owner_.options_.max_fails != 0) upstream.check_health();
    if (most_ > 0 && ++failed_ >= most_) return false;
    return fails_ < set_.size();
  }
  /// True when another upstream is to be asked because of the answer's rcode.
  bool fails_over(uint16_t rcode) {
    return contains(owner_.options_.failover_rcodes, rcode) && ++failovers_ < set_.size();
  }
  /// A round is over and nothing counts the attempts: without a pause the worker would do nothing else.
  bool pauses() const { return most_ == 0 && at_ >= order_.size(); }

 private:
  Forward& owner_;
  const UpstreamSet& set_;
  std::span<uint16_t> order_;
  size_t most_ = 0;  // failed attempts; 0: no limit
  size_t failed_ = 0, failovers_ = 0, at_ = 0, fails_ = 0;
  SteadyTime deadline_;  // for a further attempt; the one under way is waited for
};

bool Forward::takes(dns::NameView name) const {
  const dns::NameView from = options_.from;
  if (!name.is_under(from)) return false;
  if (name.equals(from)) return true;
  return std::none_of(options_.except.begin(), options_.except.end(),
                      [&](const dns::Name& zone) { return name.is_under(zone); });
}

Task<Outcome> Forward::serve(Query& query, Next next) {
  if (!takes(query.question.lower)) return next(query);
  return forward(query, next);
}

const std::shared_ptr<const UpstreamSet>& Forward::current(Here& here) {
  const uint32_t version = version_.load(std::memory_order_acquire);
  if (here.version != version) {
    // A count of references of this worker's own: the common one would be written by all workers, for each question.
    const std::shared_ptr<const UpstreamSet> common = *set_.lock();
    here.set = std::shared_ptr<const UpstreamSet>(common.get(), [common](const UpstreamSet*) {});
    here.version = version;
  }
  return here.set;
}

Task<Outcome> Forward::forward(Query& query, Next next) {
  Here& here = here_[query.worker().index()];
  Place place(*this, here);
  if (place.over()) {
    forward_metrics().max_concurrent_rejects.add();
    co_return query.fail(dns::Rcode::refused, too_many_).because(kTooMany);
  }
  if (here.waiting > kMostWaiting / here_.size()) {
    forward_metrics().overload_rejects.add();
    log::limited(log::Level::warning, "plugin/forward: too many queries wait for upstreams: new ones are refused");
    co_return query.fail(dns::Rcode::refused, kOverload).because(kTooMany);
  }
  Task<Outcome> task = exchange(query, next);
  co_return co_await task;
}

Task<Outcome> Forward::exchange(Query& query, Next next) {
  Here& here = here_[query.worker().index()];
  const std::shared_ptr<const UpstreamSet> set = current(here);
  Attempt attempt(*this, *set, query);
  std::string_view error = kNoHealthy;
  const Proto preferred = options_.force_tcp || (!options_.prefer_udp && query.transport == server::Transport::tcp)
                              ? Proto::tcp
                              : Proto::udp;
  while (Upstream* upstream = attempt.next()) {
    if (query.metadata) query.metadata->set("forward/upstream", upstream->name());
    AwaitedAnswer answer;
    for (Proto proto = preferred;; proto = Proto::tcp) {
      answer = AwaitedAnswer();
      answer.proto = proto;
      answer.watched = is_watched(query);
      encode_question(query, answer);
      Link* link = upstream->link(query.worker().index(), query.worker().loop());
      if (!link) {
        answer.fate = Fate::failed;
        answer.error = kNoHealthy;
        break;
      }
      const SteadyTime start = std::chrono::steady_clock::now();
      link->ask(answer);
      co_await answer;
      if (answer.watched) tell_taps(query, *upstream, answer, start);
      if (answer.fate == Fate::failed) break;
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      link->metrics().answered(answer.message.rcode(), took.count());
      if (!options_.prefer_udp || proto == Proto::tcp || !answer.message.header.tc) break;
    }
    if (answer.fate == Fate::failed) {
      error = answer.error;
      if (!attempt.after_failure(*upstream)) break;
      if (attempt.pauses()) {
        Task<void> pause = sleep_for(query.worker().loop(), kPause);
        co_await pause;
      }
      continue;
    }
    error = kNoHealthy;
    if (answer.fate == Fate::mismatched) co_return form_error(query);
    if (attempt.fails_over(answer.message.rcode())) continue;
    if (goes_on(next, answer.message)) {
      Task<Outcome> rest = next(query);
      co_return co_await rest;
    }
    co_return hand_on(query, answer.message);
  }
  co_return query.fail(dns::Rcode::servfail, error).because(reason_of(error));
}

void Forward::tell_taps(Query& query, const Upstream& upstream, const AwaitedAnswer& answer, SteadyTime asked) const {
  server::UpstreamExchange exchange;
  exchange.upstream = upstream.name();
  exchange.remote = upstream.settings().target.address;
  exchange.local = answer.local;
  exchange.transport = answer.proto == Proto::tcp || upstream.tls() ? server::Transport::tcp : server::Transport::udp;
  exchange.question = answer.packet;
  exchange.answer = answer.received;
  exchange.asked = asked;
  exchange.ended = std::chrono::steady_clock::now();
  for (server::Tap* tap : taps_) {
    if (tap->wants(query)) tap->exchanged(query, exchange);
  }
}

bool Forward::is_watched(const Query& query) const {
  return std::any_of(taps_.begin(), taps_.end(), [&](const server::Tap* tap) { return tap->wants(query); });
}

// Whether the answer is one that the next `forward` is asked after.
bool Forward::goes_on(const Next& next, const dns::ParsedMessage& message) const {
  if (next.name() != "forward") return false;
  if (contains(options_.next_rcodes, message.rcode())) return true;
  return options_.next_on_nodata && message.rcode() == 0 && message.answer.empty();
}

}  // namespace portolan::forward
