// Through the rules, on to the next plugin, and back.
#include "plugins/rewrite/rewrite.h"

#include "plugins/common/text_buffer.h"
#include "plugins/rewrite/reverter.h"

namespace portolan::rewrite {

using server::Outcome;
using server::Query;
using server::Verdict;

namespace {

constexpr dns::Ede kBrokenName{dns::EdeCode::other, "a name was rewritten to what is no name"};

enum class Fit : uint8_t { none, some, stopped };

Fit apply_rules(std::span<const RulePtr> rules, Rewriting& rewriting) {
  Fit fit = Fit::none;
  for (const RulePtr& rule : rules) {
    if (!rule->apply(rewriting)) continue;
    if (rule->stops || rewriting.broken()) return Fit::stopped;
    fit = Fit::some;
  }
  return fit;
}

Outcome broken(Query& query, std::string_view what, std::string_view name) {
  const auto cause = TextBuffer(query.arena()).append(what).append(name).text();
  return query.fail(dns::Rcode::servfail, cause).because(kBrokenName);
}

// The last step. What the plugins in front see is the question that they passed on.
Outcome finished(const Rewriting& rewriting, Outcome outcome, bool valid) {
  Query& query = rewriting.query();
  rewriting.restore_question();
  if (!valid) {
    query.reply().clear();
    const std::string_view name = name_text(query.question.lower, query.arena());
    return broken(query, "invalid name in the reply after rewrite of ", name);
  }
  outcome.verdict = Verdict::answered;
  outcome.rcode = query.reply().rcode;
  return outcome;
}

Task<Outcome> revert_and_follow(Rewriting rewriting, Outcome outcome) {
  Task<bool> changing = change_reply_and_follow(rewriting.query(), rewriting.changes());
  const bool valid = co_await changing;
  co_return finished(rewriting, outcome, valid);
}

Task<Outcome> revert(const Rewriting& rewriting, Fit fit, const Outcome& outcome) {
  Query& query = rewriting.query();
  const bool failed = outcome.verdict == Verdict::failed;
  const bool replies = failed && (fit == Fit::stopped || !rewriting.changes().empty());
  if (!replies && outcome.verdict != Verdict::answered) {
    rewriting.restore_question();
    return outcome;
  }
  if (failed) {  // becomes a reply, so that the rules on replies see it
    query.reply().clear();
    query.reply().rcode = outcome.rcode;
  }
  if (needs_lookups(rewriting.changes(), query.reply())) return revert_and_follow(rewriting, outcome);
  return finished(rewriting, outcome, change_reply(query, rewriting.changes()));
}

Task<Outcome> revert_later(Rewriting rewriting, Fit fit, Task<Outcome> task) {
  const Outcome outcome = co_await task;
  Task<Outcome> reverting = revert(rewriting, fit, outcome);
  co_return co_await reverting;
}

}  // namespace

Task<Outcome> Rewrite::serve(Query& query, server::Next next) {
  Rewriting rewriting(query);
  const Fit fit = apply_rules(rules_, rewriting);
  if (fit == Fit::none) return next(query);
  if (const auto name = rewriting.broken()) {
    rewriting.restore_question();
    return broken(query, "invalid name after rewrite: ", *name);
  }
  Task<Outcome> task = next(query);
  if (!task.ready()) return revert_later(rewriting, fit, std::move(task));
  return revert(rewriting, fit, task.take());
}

}  // namespace portolan::rewrite
