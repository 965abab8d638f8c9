// kubernetes: answers for the names of services, endpoints and pods of a cluster.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "plugins/kubernetes/answers.h"
#include "plugins/kubernetes/cluster_state.h"
#include "plugins/kubernetes/settings.h"
#include "server/plugin.h"
#include "server/process.h"

namespace portolan::kubernetes {

/// All that the directive says.
struct Options {
  Settings settings;
  SourceOptions source;
  std::chrono::nanoseconds startup_timeout = std::chrono::seconds(5);
  bool bound = false;  // the block has `bind`: the machine's addresses do not count as local
};

/// The state that answers: the handler's own, or that of the handler before a reload until its own is synced. Shared
/// with the call that ends this wait, which may come after the handler is gone.
class Standing {
 public:
  /// `previous` may be empty.
  static std::shared_ptr<Standing> begin(StatePtr own, StatePtr previous);

  const std::atomic<const Index*>& index() const { return index_; }
  const StatePtr& own() const { return own_; }
  /// The state behind index().
  StatePtr answering();

 private:
  Standing(StatePtr own, StatePtr previous);
  void settle();

  const StatePtr own_;
  std::mutex mutex_;
  StatePtr previous_;
  std::atomic<const Index*> index_;
};

/// Workers read the index and the settings, which do not change once it is prepared.
class Kubernetes : public server::Handler, public server::Startable, public server::Readiness, public server::Adopter {
 public:
  Kubernetes(Options options, server::Process& process) : options_(std::move(options)), process_(process) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void stop(server::Deadline) noexcept override { standing_.reset(); }
  bool ready() const noexcept override;
  void adopt(const std::shared_ptr<server::Handler>& previous) override;

  const Options& options() const { return options_; }

 private:
  const dns::Name* zone_of(dns::NameView lower) const;
  const Index& index() const { return *standing_->index().load(std::memory_order_acquire); }
  Found answer(const Context& context, server::Query& query, const dns::Name& zone, bool& has_aliases) const;
  Found answer_text(const Context& context, server::Query& query) const;
  Task<server::Outcome> answer_aliases(server::Query& query, dns::NameView zone);
  server::Outcome finish(const Context& context, server::Query& query, Found found) const;
  void warn_when_late();

  Options options_;
  server::Process& process_;
  std::shared_ptr<Standing> previous_;  // from adopt() to prepare()
  std::shared_ptr<Standing> standing_;
};

}  // namespace portolan::kubernetes
