// Configuration: everything one Corefile says, set up: blocks, handlers, services. A reload makes a second one beside
// the first; workers swap to it between two batches and the first ends when its last query has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "corefile/ast.h"
#include "server/router.h"
#include "server/setup.h"

namespace portolan::server {

class Process;

/// What a TCP connection is given; the defaults are CoreDNS's.
struct StreamLimits {
  std::chrono::nanoseconds read_timeout = std::chrono::seconds(3);   // for the first message, and for the rest of one
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(5);  // for a client that takes nothing
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(10);  // between two messages
  uint64_t most_queries = 0;                                         // 0: any number
};

/// One address that is listened on: what it serves and how.
struct ListenerPlan {
  std::string label;   // "dns://:1053", CoreDNS's `server` label
  std::string scheme;  // "dns"; "tls" without certificates is plain DNS over TCP, as with CoreDNS
  std::string host;    // an IP address, or empty: every address of both families
  uint16_t port = 0;
  unsigned sockets = 0;  // of each protocol and address, over all workers; 0: one a worker
  StreamLimits limits;
  std::shared_ptr<const ProxyRules> proxy;
  bool shed = false;
  Router router;

  /// Takes over what a block says that shares the listener; the last one to say something wins, as with CoreDNS.
  void apply(const ListenOptions& options);
  /// Sockets of each protocol and address that worker `index` of `workers` has: all together are `sockets`. Each
  /// listener begins with another worker, so that several of one socket do not fall on the same.
  unsigned sockets_of(unsigned index, unsigned workers) const;
};

class Configuration {
 public:
  /// Sets up every block of `file`; all errors at once. `checking`: nothing outside is opened, resolved or connected.
  static boost::system::result<std::shared_ptr<Configuration>, std::vector<Error>> build(const corefile::File& file,
                                                                                         std::span<const Plugin> table,
                                                                                         Process& process,
                                                                                         bool checking);

  const std::vector<std::unique_ptr<Block>>& blocks() const { return blocks_; }
  /// By label, in order of first appearance.
  const std::vector<std::unique_ptr<ListenerPlan>>& listeners() const { return listeners_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// Every handler with power T, as visit(directive name, T&).
  template <class T, class Visit>
  void each(Visit visit) const {
    for (const auto& block : blocks_) {
      for (const Member& member : block->members()) {
        if (auto* power = dynamic_cast<T*>(member.handler.get())) visit(member.name, *power);
      }
    }
  }

  /// Lets every Adopter see its predecessor: the handler of the same directive and occurrence in the block with the
  /// same keys and view.
  void adopt(const Configuration& previous);
  /// prepare() of everything, in order; what was prepared is stopped again when one fails.
  Result<void> prepare();
  void serving();
  /// lameduck() of everything; the process goes on answering for a while.
  void lameduck() noexcept;
  /// stop() of everything, in reverse. To be called once, when the last query has ended.
  void stop(Deadline deadline) noexcept;

  // For Setup.
  void add_service(std::shared_ptr<Startable> service) { startables_.push_back(std::move(service)); }

 private:
  friend class ConfigurationBuilder;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::shared_ptr<Startable>> startables_;  // in the order they were set up
  std::vector<std::unique_ptr<ListenerPlan>> listeners_;
  std::vector<std::string> warnings_;
  size_t prepared_ = 0;
};

}  // namespace portolan::server
