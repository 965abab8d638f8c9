// Finding the rule of a query and writing its line.
#include "plugins/log/log.h"

#include "base/log.h"
#include "server/metadata.h"

namespace portolan::query_log {

Task<server::Outcome> QueryLog::serve(server::Query& query, server::Next next) {
  const dns::NameView name = query.question.lower;
  for (const Rule& rule : rules_) {
    if (!name.is_under(rule.scope)) continue;
    Task<server::Outcome> rest = next(query);
    if (!rest.ready()) return log_later(query, std::move(rest), rule, name);
    const server::Outcome outcome = rest.take();
    write(query, outcome, rule, name);
    return outcome;
  }
  return next(query);
}

Task<server::Outcome> QueryLog::log_later(server::Query& query, Task<server::Outcome> rest, const Rule& rule,
                                          dns::NameView name) const {
  const server::Outcome outcome = co_await rest;
  write(query, outcome, rule, name);
  co_return outcome;
}

void QueryLog::write(server::Query& query, const server::Outcome& outcome, const Rule& rule, dns::NameView name) const {
  const bool all = (rule.classes & kAll) != 0;
  if (!all || query.metadata) {
    const Type type = type_of(query, outcome, WallTime::clock::to_time_t(clock_.wall()));
    const Class cls = class_of(type);
    if (query.metadata) {
      query.metadata->set("log/type", text(type));
      query.metadata->set("log/class", text(cls));
    }
    if (!all && (rule.classes & cls) == 0) return;
  }
  Answered line = answered(query, outcome);
  line.name = name;
  line.duration = clock_.now() - query.received;
  TextBuffer rendered(query.arena());
  rule.format->render(line, rendered);
  log::info(rendered.text());
}

}  // namespace portolan::query_log
