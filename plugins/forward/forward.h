// Forward: hands questions below a zone to upstream servers and their answers back.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/per_worker.h"
#include "plugins/forward/options.h"
#include "plugins/forward/policy.h"
#include "plugins/forward/upstream.h"
#include "plugins/forward/waiter.h"
#include "server/tap.h"

namespace portolan::forward {

using UpstreamSet = std::vector<std::shared_ptr<Upstream>>;

/// One directive. Its upstreams change only when some were given by host name.
class Forward : public server::Handler, public server::Startable, public server::Adopter {
 public:
  Forward(server::Process& process, const server::Block& block, Options options, corefile::Position at);
  ~Forward() override;

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  /// Reads files and resolves host names; an upstream that cannot be found is an error.
  Result<void> prepare() override;
  /// Begins to resolve host names again from time to time.
  void serving() override;
  void stop(server::Deadline deadline) noexcept override;
  /// Upstreams that stay the same keep their health and their sockets.
  void adopt(const std::shared_ptr<server::Handler>& previous) override;

  /// What is in use now.
  std::shared_ptr<const UpstreamSet> upstreams() { return *set_.lock(); }
  /// Looks host names up again and changes the set if the answer did; on failure the old one stays.
  void resolve_again();

 private:
  struct Here {  // of one worker
    std::shared_ptr<const UpstreamSet> set;
    uint32_t version = 0;
    size_t waiting = 0;
  };
  class Place;
  class Attempt;

  bool takes(dns::NameView name) const;
  Task<server::Outcome> forward(server::Query& query, server::Next next);
  Task<server::Outcome> exchange(server::Query& query, server::Next next);
  bool goes_on(const server::Next& next, const dns::ParsedMessage& message) const;
  bool is_watched(const server::Query& query) const;
  void tell_taps(server::Query& query, const Upstream& upstream, const AwaitedAnswer& answer, SteadyTime asked) const;
  const std::shared_ptr<const UpstreamSet>& current(Here& here);
  Result<UpstreamSet> make_set(const std::vector<Target>& targets, const UpstreamSet& known) const;
  UpstreamSettings settings_for(const Target& target) const;
  bool has_host_names() const;
  void keep_resolving();

  server::Process& process_;
  const server::Block& block_;
  const Options options_;
  const corefile::Position at_;
  TlsFiles tls_;
  std::string too_many_;  // the cause of a refusal
  std::vector<server::Tap*> taps_;
  Policy policy_;
  std::atomic<uint64_t> concurrent_{0};
  PerWorker<Here> here_;
  Guarded<std::shared_ptr<const UpstreamSet>> set_;
  std::atomic<uint32_t> version_{0};  // of set_
  std::shared_ptr<const UpstreamSet> adopted_;

  std::mutex resolving_mutex_;
  std::condition_variable resolving_wakeup_;
  bool resolving_ends_ = false;
  std::thread resolving_;
};

}  // namespace portolan::forward
