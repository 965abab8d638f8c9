// Upstream: one server that questions go to. What all workers know of it (its settings, its health) and, for each
// worker, the Link with that worker's sockets.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/per_worker.h"
#include "dns/name.h"
#include "plugins/forward/target.h"
#include "plugins/forward/tls_client.h"
#include "server/process.h"

namespace portolan::forward {

class Link;
class Probe;
using std::chrono::nanoseconds;

/// Two upstreams with equal settings are one and the same, so that a reload keeps health and sockets.
struct UpstreamSettings {
  Target target;
  TlsFiles tls;
  nanoseconds expire{}, max_age{}, read_timeout{}, health_interval{};
  uint32_t max_idle_conns = 0;
  bool health_recursion = true;
  bool health_tcp = false;
  dns::Name health_domain;
  std::optional<IpAddress> source;
  bool operator==(const UpstreamSettings&) const = default;
};

/// Shared by all workers and by the configurations that use it.
class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  static Result<std::shared_ptr<Upstream>> make(UpstreamSettings settings, server::Process& process);
  ~Upstream();

  const UpstreamSettings& settings() const { return settings_; }
  /// "127.0.0.1:53": the label `to`.
  const std::string& name() const { return name_; }
  const TlsContext* tls() const { return tls_.get(); }
  server::Process& process() const { return process_; }

  /// More checks have failed than `max_fails`; 0: never.
  bool down(uint32_t max_fails) const { return max_fails != 0 && fails_.load(std::memory_order_relaxed) > max_fails; }
  /// Starts probing in the background until a probe is answered; nothing when that goes on already.
  void check_health();

  /// The link of worker `index`, whose thread must be the caller's; null once nobody uses the upstream any more.
  Link* link(unsigned index, Loop& loop);
  /// Users are directives in force. When the last one leaves, sockets are closed, each by its own thread.
  void retain() { users_.fetch_add(1); }
  void release();
  bool used() const { return users_.load() > 0; }

 private:
  friend class Probe;
  friend struct Farewell;
  Upstream(UpstreamSettings settings, std::shared_ptr<TlsContext> tls, server::Process& process);

  struct Side {
    std::unique_ptr<Link> link;        // the owning worker's
    std::atomic<Loop*> loop{nullptr};  // set before the link is made
  };
  UpstreamSettings settings_;
  std::string name_;
  std::shared_ptr<TlsContext> tls_;
  server::Process& process_;
  std::atomic<uint32_t> fails_{0};
  std::atomic<bool> probing_{false};
  std::atomic<int> users_{0};
  PerWorker<Side> sides_;
  std::unique_ptr<Probe> probe_;  // the background loop's
};

}  // namespace portolan::forward
