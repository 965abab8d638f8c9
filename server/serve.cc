// The way of a query through the core, step by step.
#include "server/serve.h"

#include <algorithm>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "server/configuration.h"
#include "server/core_metrics.h"
#include "server/core_worker.h"
#include "server/finish.h"
#include "server/view_choice.h"

namespace portolan::server {
namespace {

void respond(Query& query, const Outcome& outcome) {
  if (outcome.verdict == Verdict::dropped || outcome.verdict == Verdict::sent) {
    query.responder_->respond(query, {});
    return;
  }
  if (outcome.verdict == Verdict::failed) {
    query.reply().clear();
    query.reply().rcode = outcome.rcode;
    query.reply().question = query.asked;
  }
  query.responder_->respond(query, encode_reply(query));
}

Outcome escaped(Query& query, const char* what) {
  core_metrics().panics.add();
  log::limited(log::Level::error, "Recovered from panic in server: \"" + query.listener().label + "\" " + what);
  return Outcome::failed(dns::Rcode::servfail);
}

Outcome refuse(Query& query, dns::Rcode rcode = dns::Rcode::refused) {
  if (UnroutedHook hook = unrouted_hook()) hook(query, rcode, uncompressed_reply_size(query));
  return Outcome::failed(rcode);
}

// Runs the chain; a plugin that throws before its first suspension throws here.
Task<Outcome> run_chain(Query& query, const Block& block) {
  try {
    if (block.has_metadata()) annotate(block, query);
    return block.chain()(query);
  } catch (const std::exception& error) {
    return escaped(query, error.what());
  }
}

// The same where blocks have views, which look at the query and its metadata first.
Task<Outcome> route_by_view(Query& query, const Router& router) {
  try {
    const ViewChoice choice = choose_by_view(query, router);
    if (!choice.block) return refuse(query, choice.rcode);
    return choice.block->chain()(query);
  } catch (const std::exception& error) {
    return escaped(query, error.what());
  }
}

Outcome result_of(Query& query, Task<Outcome>& task) {
  try {
    return task.take();
  } catch (const std::exception& error) {
    return escaped(query, error.what());
  }
}

Detached respond_later(Query& query, Task<Outcome> task) {
  Outcome outcome;
  try {
    outcome = co_await task;
  } catch (const std::exception& error) {
    outcome = escaped(query, error.what());
  }
  respond(query, outcome);
}

// RFC 6891 section 6.1.3: an EDNS version that is not known.
void answer_bad_version(Query& query) {
  dns::Edns opt;
  opt.extended_rcode = static_cast<uint8_t>(static_cast<uint16_t>(dns::Rcode::badvers) >> 4);
  query.edns.reset();
  query.reply().edns = opt;
  query.responder_->respond(query, encode_reply(query));
}

void answer_malformed(Query& query, dns::QueryStatus status, const dns::ParsedQuery& parsed) {
  core_metrics().malformed.add();
  query.responder_->respond(query, encode_malformed(query, status, parsed));
}

void answer_overload(Query& query) {
  core_metrics().overloaded.add();
  log::limited(log::Level::warning, "too many queries wait for upstreams: new ones are answered SERVFAIL");
  query.reply().rcode = dns::Rcode::servfail;
  query.responder_->respond(query, encode_reply(query));
}

}  // namespace

void annotate(const Block& block, Query& query) {
  if (!block.has_metadata()) return;
  query.metadata = query.arena().make<Metadata>(query.arena());
  const auto wanted = [&](const dns::Name& zone) { return query.question.lower.is_under(zone); };
  if (std::none_of(block.metadata_zones_->begin(), block.metadata_zones_->end(), wanted)) return;
  for (const Annotator* annotator : block.annotators_) annotator->annotate(query, *query.metadata);
}

Task<Outcome> route(Query& query) {
  const Router& router = query.listener().router;
  if (query.question.cls != dns::RRClass::in && !router.other_classes()) return refuse(query);
  if (router.has_views()) return route_by_view(query, router);
  const Router::Route* found = router.find(query.question.lower, query.question.type);
  // A block without plugins serves nobody, as with CoreDNS.
  if (!found || found->block->members().empty()) return refuse(query);
  query.block = found->block;
  query.zone = found->zone.view();
  return run_chain(query, *found->block);
}

void serve(CoreWorker& worker, Query& query) {
  dns::ParsedQuery parsed;
  const dns::QueryStatus status = dns::parse_query(query.packet, query.arena(), parsed);
  if (status != dns::QueryStatus::ok) return answer_malformed(query, status, parsed);
  query.accept(parsed);
  if (worker.queries().full()) return answer_overload(query);
  if (query.edns && query.edns->version != 0) return answer_bad_version(query);
  Task<Outcome> task = route(query);
  if (task.ready()) {
    respond(query, result_of(query, task));
  } else {
    respond_later(query, std::move(task));
  }
}

}  // namespace portolan::server
