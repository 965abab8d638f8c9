// The `dnstap` plugin: tells collectors of every query, its answer, and what upstreams were asked for it.
#pragma once

#include <memory>
#include <optional>

#include "plugins/common/replacer.h"
#include "plugins/dnstap/message.h"
#include "plugins/dnstap/sink.h"
#include "server/plugin.h"
#include "server/process.h"
#include "server/tap.h"

namespace portolan::dnstap {

struct Options {
  SinkSettings sink;
  bool full = false;  // with the DNS messages
  Sender sender;
  std::string extra;  // a format; empty: none
};

/// One directive. The answer is seen where it leaves, as it is sent to the client: a Responder in front of the query's.
class Dnstap : public server::Handler, public server::Startable, public server::Tap {
 public:
  Dnstap(Options options, server::Process& process);

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void stop(server::Deadline) noexcept override;
  bool wants(const server::Query&) const noexcept override { return sink_->wanted(); }
  void exchanged(server::Query& query, const server::UpstreamExchange& exchange) noexcept override;

  /// The socket's thread and state; from prepare() to stop().
  const Sink& sink() const { return *sink_; }

 private:
  class ClientTap;
  void send(server::Query& query, Event& event);

  const Options options_;
  const std::optional<Replacer> extra_;
  server::Process& process_;
  std::shared_ptr<Sink> sink_;
};

}  // namespace portolan::dnstap
