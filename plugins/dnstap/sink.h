// Sink: the thread that brings messages to collectors: over a connection of its own making, or to whoever connects.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "base/per_worker.h"
#include "plugins/common/mailbox.h"
#include "plugins/dnstap/endpoint.h"
#include "plugins/dnstap/peer.h"

namespace portolan::dnstap {

/// Shared by all directives with the same settings, in all server blocks and across a reload. When the last of them
/// lets go, what is queued is sent, for a second at most, and nobody waits for that but the end of the process.
class Sink {
 public:
  static std::shared_ptr<Sink> open(const SinkSettings& settings, unsigned workers);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  /// Whether somebody is to get messages: false while nobody is connected to an endpoint that is listened on.
  bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
  /// A buffer of worker `index` to make a message in.
  std::string& buffer(size_t index) { return buffers_[index]; }
  /// On worker `index`. Never waits: without room the message is dropped and counted.
  void push(size_t index, const std::string& message);

  // For tests.
  /// The port that is listened on; 0: none yet.
  uint16_t port() const { return port_.load(std::memory_order_acquire); }

 private:
  Sink(const SinkSettings& settings, unsigned workers);
  void run();
  void open_what_is_missing(SteadyTime now);
  Result<void> connect();
  Result<void> dial(const struct addrinfo& address);
  Result<void> listen();
  Result<std::shared_ptr<TlsContext>> tls_context() const;
  void accept();
  void add_peer(Descriptor fd, std::shared_ptr<TlsContext> context, bool connecting);
  bool pump();
  void wait(bool moved, SteadyTime now);
  void progress(SteadyTime now);
  void failed(const std::string& why, SteadyTime now);
  void say_drops(SteadyTime now);
  void say_goodbye();
  size_t streaming() const;

  const SinkSettings settings_;
  const metrics::Counter dropped_;
  Mailbox mailbox_;
  PerWorker<std::string> buffers_;
  std::atomic<bool> wanted_;
  std::atomic<bool> ending_{false};
  std::atomic<uint16_t> port_{0};

  // The thread's own.
  std::vector<std::unique_ptr<Peer>> peers_;
  Descriptor listener_;
  std::shared_ptr<TlsContext> tls_;
  SteadyTime next_try_{}, next_drop_line_{};
  std::chrono::milliseconds pause_;
  bool said_ = false;  // that it does not work
  uint64_t drops_said_ = 0;
  std::string drained_;

  std::thread thread_;
};

}  // namespace portolan::dnstap
