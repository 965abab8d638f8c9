// Beginning and ending spans along the chain.
#include "plugins/trace/trace.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "server/worker.h"

namespace portolan::trace {

using server::Next;
using server::Outcome;
using server::Query;
using server::Verdict;

namespace {

constexpr std::string_view kTop = "servedns", kConnect = "connect";

uint64_t new_id() {
  uint64_t id = 0;
  while (id == 0) id = fast_random64();  // zero is nobody's
  return id;
}

}  // namespace

/// Stands in the second chain where a plugin stands in the first.
class Trace::Step final : public server::Handler {
 public:
  Step(Trace& owner, server::Handler& handler, std::string_view name) : owner_(owner), handler_(handler), name_(name) {}

  Task<Outcome> serve(Query& query, Next next) override {
    const std::optional<Context> above = owner_.context_of(query, owner_.here_[query.worker().index()]);
    if (!above) return handler_.serve(query, next);  // a branch that has outlived its query
    Begun span{*above, above->span, owner_.process_.clock().now(), name_, Kind::plugin};
    span.context.span = new_id();
    return owner_.run(query, span, [&] { return handler_.serve(query, next); });
  }

 private:
  Trace& owner_;
  server::Handler& handler_;
  const std::string_view name_;
};

/// A query among those that are traced, for as long as this lives; afterwards it is what it was before.
class Trace::Entry {
 public:
  Entry(Here& here, const Query& query, const Context& context) : here_(&here), query_(&query) {
    const auto [place, added] = here.under_way.try_emplace(&query, context);
    if (!added) before_ = std::exchange(place->second, context);
  }
  Entry(Entry&& other) noexcept
      : here_(std::exchange(other.here_, nullptr)), query_(other.query_), before_(other.before_) {}
  Entry& operator=(Entry&&) = delete;
  ~Entry() {
    if (!here_) return;
    if (before_) {
      here_->under_way[query_] = *before_;
    } else {
      here_->under_way.erase(query_);
    }
  }

 private:
  Here* here_;
  const Query* query_;
  std::optional<Context> before_;
};

Trace::Trace(Options options, const server::Block& block, server::Process& process)
    : options_(std::move(options)), block_(block), process_(process), here_(process.workers()) {}

Trace::~Trace() = default;

Result<void> Trace::prepare() {
  const auto& chain = block_.links_;
  const auto own = std::find_if(chain.begin(), chain.end(), [&](const auto& link) { return link.handler == this; });
  links_.assign(own, chain.end());
  for (auto& link : links_) {
    if (!link.handler || link.handler == this) continue;
    steps_.push_back(std::make_unique<Step>(*this, *link.handler, link.name));
    link.handler = steps_.back().get();
  }
  reporter_ = std::make_unique<Reporter>(options_, process_.workers());
  return {};
}

void Trace::stop(server::Deadline) noexcept { reporter_.reset(); }

std::optional<Context> Trace::context_of(const Query& query, const Here& here) const {
  if (const auto found = here.under_way.find(&query); found != here.under_way.end()) return found->second;
  // A branch or a lookup of a plugin that is traced; it asks before it waits for anything.
  if (here.current && !query.responder_) return *here.current;
  return std::nullopt;
}

Task<Outcome> Trace::serve(Query& query, Next next) {
  Here& here = here_[query.worker().index()];
  if (!query.responder_) {  // a lookup for another query: part of that one's trace, or of none
    return context_of(query, here) && options_.format != Format::datadog ? Next(links_.data() + 1)(query) : next(query);
  }
  if (options_.every == 0 || ++here.count % options_.every != 0) return next(query);
  const Next rest = options_.format == Format::datadog ? next : Next(links_.data() + 1);
  return run(query, begin(query), [&] { return rest(query); });
}

Trace::Begun Trace::begin(Query& query) {
  Begun span;
  span.start = process_.clock().now();
  span.title = kTop;
  span.context.trace = new_id();
  span.context.span = new_id();
  if (options_.format == Format::otlp) span.context.trace_high = new_id();
  span.context.wall_offset =
      std::chrono::nanoseconds(process_.clock().wall().time_since_epoch() - span.start.time_since_epoch()).count();
  if (query.metadata) query.metadata->set("trace/traceid", trace_id(span.context));
  return span;
}

template <class Call>
Task<Outcome> Trace::run(Query& query, const Begun& span, Call call) {
  Here& here = here_[query.worker().index()];
  Entry entry(here, query, span.context);
  struct Current {
    Current(Here& owner, const Context& context) : here(owner), before(std::exchange(owner.current, &context)) {}
    ~Current() { here.current = before; }
    Here& here;
    const Context* before;
  };
  const auto run_it = [&] {
    const Current current(here, span.context);
    return call();
  };
  Task<Outcome> rest = run_it();
  if (!rest.ready()) return finish_later(query, std::move(entry), std::move(rest), span);
  const Outcome outcome = rest.take();
  finish(query, span, outcome);
  return outcome;
}

Task<Outcome> Trace::finish_later(Query& query, Entry entry, Task<Outcome> rest, Begun span) {
  const Entry kept = std::move(entry);
  const Outcome outcome = co_await rest;
  finish(query, span, outcome);
  co_return outcome;
}

void Trace::finish(Query& query, const Begun& span, const Outcome& outcome) {
  SpanView view;
  SpanHead& head = view.head;
  head.context = span.context;
  head.parent = span.parent;
  head.kind = span.kind;
  head.start = std::chrono::nanoseconds(span.start.time_since_epoch()).count() + span.context.wall_offset;
  head.duration = std::chrono::nanoseconds(process_.clock().now() - span.start).count();
  view.title = span.title;
  if (span.kind == Kind::query) {
    const dns::NameView name = query.question.lower;
    view.subject = {reinterpret_cast<const char*>(name.data()), name.size()};
    head.type = query.question.type;
    head.client = query.client.ip;
    head.transport = query.transport;
    head.rcode = outcome.verdict == Verdict::answered ? query.reply().rcode : outcome.rcode;
    view.error = outcome.cause;
  }
  reporter_->report(query.worker().index(), view);
}

bool Trace::wants(const Query& query) const noexcept {
  const auto& under_way = here_[query.worker().index()].under_way;
  return !under_way.empty() && options_.format != Format::datadog && under_way.contains(&query);
}

void Trace::exchanged(Query& query, const server::UpstreamExchange& exchange) noexcept {
  const auto& under_way = here_[query.worker().index()].under_way;
  const auto found = under_way.find(&query);
  if (found == under_way.end()) return;
  SpanView view;
  view.head.context = found->second;
  view.head.parent = found->second.span;
  view.head.context.span = new_id();
  view.head.kind = Kind::connect;
  view.head.start = std::chrono::nanoseconds(exchange.asked.time_since_epoch()).count() + view.head.context.wall_offset;
  view.head.duration = std::chrono::nanoseconds(exchange.ended - exchange.asked).count();
  view.title = kConnect;
  view.subject = exchange.upstream;
  reporter_->report(query.worker().index(), view);
}

}  // namespace portolan::trace
