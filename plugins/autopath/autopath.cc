// Which questions are the first of a search, and the search itself: each try is a question to the rest of the chain.
#include "plugins/autopath/autopath.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "dns/rdata.h"
#include "plugins/common/text_buffer.h"

namespace portolan::autopath {

using dns::NameView;
using dns::RRType;
using server::Next;
using server::Outcome;
using server::Query;
using server::Verdict;

namespace {

const metrics::CounterFamily& success_total() {
  static const metrics::CounterFamily family("coredns_autopath_success_total",
                                             "Counter of requests that did get autopathed.", {"server"});
  return family;
}

// Whether the next domain is tried. A failure that has a cause ends the search, since another would fail as well.
bool goes_on(const Outcome& outcome, const Query& tried) {
  if (outcome.verdict == Verdict::failed) return outcome.cause.empty();
  return outcome.verdict == Verdict::answered && tried.reply().rcode == dns::Rcode::nxdomain;
}

// The client takes answers for the name that it asked for only, so that a CNAME leads from it to what was found.
void lead_to_answer(Query& query, NameView asked) {
  auto& answer = query.reply().answer;
  if (answer.empty() || answer[0].owner.equals(asked)) return;
  const dns::Record alias{asked, RRType::cname, dns::RRClass::in, answer[0].ttl, answer[0].owner.wire()};
  answer.push_back(alias);
  std::rotate(answer.begin(), answer.end() - 1, answer.end());
}

bool is_transfer(RRType type) { return type == RRType::axfr || type == RRType::ixfr; }

}  // namespace

Autopath::Autopath(Options options, const server::Block& block, unsigned workers)
    : options_(std::move(options)), block_(block), success_(success_total(), workers) {
  for (const dns::Name& domain : options_.search) fixed_.push_back(domain);
}

Result<void> Autopath::prepare() {
  const std::string& name = options_.provider;
  if (name.empty()) return {};
  const server::Handler* handler = block_.other(name);
  provider_ = dynamic_cast<const server::SearchPath*>(handler);
  const std::string place = "plugin/autopath: " + options_.at.text() + " - ";
  if (handler && !provider_) return fail(place + "'@" + name + "': the plugin " + name + " knows no search paths");
  if (!handler) {
    log::warning(place + "'@" + name + "': the server block has no " + name + ", so that no search is completed");
  } else if (const std::string_view missing = provider_->search_needs(); !missing.empty()) {
    log::warning(place + "'@" + name + "' needs " + std::string(missing) + ", so that no search is completed");
  }
  return {};
}

bool Autopath::covers(NameView lower) const {
  return std::any_of(options_.zones.begin(), options_.zones.end(),
                     [lower](const dns::Name& zone) { return lower.is_under(zone); });
}

Task<Outcome> Autopath::serve(Query& query, Next next) {
  const NameView name = query.question.lower;
  if (!covers(name) || is_transfer(query.question.type)) return next(query);
  const std::span<const NameView> search = provider_ ? provider_->search(query) : fixed_;
  // Behind the root everything ends: a search that begins there is over after its first question.
  if (search.empty() || search[0].is_root() || !name.is_under(search[0])) return next(query);
  if (name.size() == search[0].size()) {
    const auto cause = TextBuffer(query.arena()).append("plugin/autopath: no name in front of ").name(name).text();
    return query.fail(dns::Rcode::servfail, cause);
  }
  return complete(query, next, search);
}

Task<Outcome> Autopath::complete(Query& query, Next next, std::span<const NameView> search) {
  const dns::Question asked = query.question, repeated = query.reply().question;
  const auto base = asked.name.labels_before(search[0]);
  // The search domain is in lower case for the plugins behind, however it was asked for.
  if (const auto name = dns::join(base, search[0], query.arena())) query.question.name = *name;
  Task<Outcome> first_try = next(query);
  const Outcome first = co_await first_try;
  query.question = asked;
  query.reply().question = repeated;
  if (!goes_on(first, query)) co_return succeeded(query, asked.name, first);

  for (size_t i = 1; i <= search.size(); ++i) {
    const NameView domain = i < search.size() ? search[i] : NameView();  // at last the name as it was typed
    const auto name = dns::join(base, domain, query.arena());
    if (!name) continue;  // too long to exist
    const dns::Question wanted{*name, *name, asked.type, asked.cls};
    const server::QueryPtr branch = query.short_branch(wanted);
    Task<Outcome> next_try = next(*branch);
    Outcome outcome = co_await next_try;
    if (goes_on(outcome, *branch)) continue;
    outcome.cause = query.arena().copy(outcome.cause);
    if (outcome.verdict == Verdict::answered) query.reply().copy_from(branch->reply(), query.arena());
    co_return succeeded(query, asked.name, outcome);
  }
  co_return first;
}

// The search is over. It was of use only if there is an answer.
Outcome Autopath::succeeded(Query& query, NameView asked, Outcome outcome) {
  if (outcome.verdict != Verdict::answered) return outcome;
  lead_to_answer(query, asked);
  success_.add(query);
  return outcome;
}

}  // namespace portolan::autopath
