// Events from queries.
#include "plugins/dnstap/dnstap.h"

#include <new>

#include "server/worker.h"

namespace portolan::dnstap {

using server::Outcome;
using server::Query;

/// Lies in the query's arena and is never destroyed, as all that lies there.
class Dnstap::ClientTap final : public server::Responder {
 public:
  ClientTap(Dnstap& owner, Query& query, WallTime query_time)
      : owner_(owner), query_(query), inner_(*query.responder_), query_time_(query_time) {}

  void respond(Query& query, std::span<const uint8_t> message) override {
    if (!message.empty()) tell(message);
    inner_.respond(query, message);  // perhaps the end of the query, and of this
  }
  Task<bool> stream(std::span<const uint8_t> message) override {
    tell(message);
    return inner_.stream(message);
  }

 private:
  void tell(std::span<const uint8_t> message) {
    if (!owner_.sink_->wanted()) return;
    Event event;
    event.type = Type::client_response;
    event.transport = query_.transport;
    event.query_address = query_.client;
    event.query_time = query_time_;
    event.response_time = owner_.process_.clock().wall();
    if (owner_.options_.full) event.response_message = message;
    owner_.send(query_, event);
  }

  Dnstap& owner_;
  Query& query_;
  server::Responder& inner_;
  const WallTime query_time_;
};

Dnstap::Dnstap(Options options, server::Process& process)
    : options_(std::move(options)),
      extra_(options_.extra.empty() ? std::optional<Replacer>() : Replacer(options_.extra)),
      process_(process) {}

Result<void> Dnstap::prepare() {
  sink_ = Sink::open(options_.sink, process_.workers());
  return {};
}

void Dnstap::stop(server::Deadline) noexcept { sink_.reset(); }

Task<Outcome> Dnstap::serve(Query& query, server::Next next) {
  // What has no client of its own (a lookup for another query) is no client's query.
  if (!query.responder_ || !sink_->wanted()) return next(query);
  Event event;
  event.transport = query.transport;
  event.query_address = query.client;
  event.query_time = process_.clock().wall();
  if (options_.full) event.query_message = query.packet;
  send(query, event);
  void* place = query.arena().allocate(sizeof(ClientTap), alignof(ClientTap));
  query.responder_ = new (place) ClientTap(*this, query, event.query_time);
  return next(query);
}

void Dnstap::exchanged(Query& query, const server::UpstreamExchange& exchange) noexcept {
  const WallTime wall = process_.clock().wall();
  const SteadyTime now = std::chrono::steady_clock::now();
  const auto wall_of = [&](SteadyTime time) {
    return wall - std::chrono::duration_cast<WallTime::duration>(now - time);
  };
  Event event;
  event.type = Type::forwarder_query;
  event.transport = exchange.transport;
  if (exchange.local.port != 0) event.query_address = exchange.local;
  event.response_address = exchange.remote;
  event.query_time = wall_of(exchange.asked);
  if (options_.full) event.query_message = exchange.question;
  send(query, event);
  if (exchange.answer.empty()) return;
  event.type = Type::forwarder_response;
  event.response_time = wall_of(exchange.ended);
  event.query_message = {};
  if (options_.full) event.response_message = exchange.answer;
  send(query, event);
}

void Dnstap::send(Query& query, Event& event) {
  if (extra_) {
    TextBuffer text(query.arena());
    Answered asked;
    asked.query = &query;
    asked.name = query.question.lower;
    asked.replied = false;  // as CoreDNS: placeholders of the answer are "-"
    extra_->render(asked, text);
    event.extra = text.text();
  }
  const size_t worker = query.worker().index();
  std::string& buffer = sink_->buffer(worker);
  encode(options_.sender, event, buffer);
  sink_->push(worker, buffer);
}

}  // namespace portolan::dnstap
