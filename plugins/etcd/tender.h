// What a watch cannot tell: how long leases still last, and whether etcd, silent for a long time, is still there.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "plugins/etcd/gateway.h"

namespace portolan::etcd {

class State;
class Watcher;

/// A thread of its own, with a connection of its own to the endpoint that the watcher reads.
class Tender {
 public:
  Tender(State& state, Watcher& watcher);
  ~Tender();
  /// There may be new leases. Any thread.
  void wake();

 private:
  void run();
  bool connect(int endpoint);
  void ask_for_leases();
  void feel_pulse();
  bool sleep_until(SteadyTime when);

  State& state_;
  Watcher& watcher_;
  int endpoint_ = -1;
  SteadyTime next_pulse_{};
  std::chrono::seconds patience_;  // longer each time in vain: an etcd that is only slow is not to be left for ever
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false, woken_ = false;
  std::shared_ptr<Gateway> gateway_;  // replaced under the lock, so that the destructor can stop it
  std::thread thread_;
};

}  // namespace portolan::etcd
