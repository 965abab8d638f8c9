// The `trace` plugin: spans of some of the queries: one for the query, one for each plugin on its way, one for each
// question to an upstream.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "base/per_worker.h"
#include "plugins/trace/options.h"
#include "plugins/trace/reporter.h"
#include "plugins/trace/span.h"
#include "server/plugin.h"
#include "server/process.h"
#include "server/setup.h"
#include "server/tap.h"

namespace portolan::trace {

/// A query that is not traced goes on along the block's own chain. One that is goes along a second chain, made once,
/// in which every plugin stands behind a Step that notes its time: neither the core nor other plugins know of tracing.
class Trace : public server::Handler, public server::Startable, public server::Tap {
 public:
  Trace(Options options, const server::Block& block, server::Process& process);
  ~Trace() override;

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void stop(server::Deadline) noexcept override;
  bool wants(const server::Query& query) const noexcept override;
  void exchanged(server::Query& query, const server::UpstreamExchange& exchange) noexcept override;

 private:
  class Step;
  class Entry;
  struct Here {  // of one worker
    uint64_t count = 0;
    const Context* current = nullptr;  // while a traced plugin runs, for what it asks anew
    boost::unordered_flat_map<const server::Query*, Context> under_way;
  };
  struct Begun {
    Context context;
    uint64_t parent = 0;
    SteadyTime start{};
    std::string_view title;
    Kind kind = Kind::query;
  };

  std::optional<Context> context_of(const server::Query& query, const Here& here) const;
  Begun begin(server::Query& query);
  template <class Call>
  Task<server::Outcome> run(server::Query& query, const Begun& span, Call call);
  Task<server::Outcome> finish_later(server::Query& query, Entry entry, Task<server::Outcome> rest, Begun span);
  void finish(server::Query& query, const Begun& span, const server::Outcome& outcome);

  const Options options_;
  const server::Block& block_;
  server::Process& process_;
  PerWorker<Here> here_;
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<server::Next::Link> links_;  // of the second chain: an element for this plugin, the steps, an empty one
  std::unique_ptr<Reporter> reporter_;
};

}  // namespace portolan::trace
