// Probe: asks an upstream that failed until it answers again.
#pragma once

#include <memory>

#include "base/arena.h"
#include "base/loop.h"
#include "plugins/forward/link.h"
#include "plugins/forward/waiter.h"

namespace portolan::forward {

/// Owned and used by the thread of the background loop.
class Probe {
 public:
  Probe(Upstream& upstream, Loop& loop);

  /// Probes until an answer comes: whatever it says, the upstream is up. Each failure counts against it.
  void start();

 private:
  struct Question : Waiter {
    Probe* probe = nullptr;
  };
  void ask();
  void finished();

  Upstream& upstream_;
  Arena arena_;
  Question question_;
  Timer timer_;
  Link link_;  // with sockets of its own; the last member, so that it goes first
};

}  // namespace portolan::forward
