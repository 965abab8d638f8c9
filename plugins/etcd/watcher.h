// Keeps a store like a part of etcd: reads all of it once, then watches; reads it again when etcd has forgotten what
// happened in between; goes to the next endpoint when one fails.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cluster/flow_control.h"
#include "plugins/etcd/gateway.h"

namespace portolan::etcd {

class State;

/// A thread of its own, from start() to stop(); current_endpoint() and interrupt() may be called by any.
class Watcher {
 public:
  explicit Watcher(State& state);
  ~Watcher() { stop(); }
  void start();
  void stop();

  /// The endpoint that is being read; -1 while none is.
  int current_endpoint() const { return current_.load(); }
  /// The connection to `endpoint` is dead although it seems to live: on to the next one, if it is the one being read.
  void interrupt(int endpoint);

 private:
  enum class End : uint8_t { again, failed };  // again: at the same endpoint, without a pause

  void run();
  End session(size_t endpoint);
  End list(Gateway& gateway);
  End watch(Gateway& gateway);
  bool take(WatchMessage&& message, End& end, std::string& problem);
  void take_events(WatchMessage&& message);
  void settle_leases(Gateway& gateway);
  End broken(const Answer& answer);

  State& state_;
  cluster::Gate gate_;
  cluster::Backoff backoff_;
  std::vector<Range> ranges_;
  std::vector<int64_t> from_;  // where the watch of each range goes on; empty: everything is to be read
  std::string cluster_;        // its id
  int64_t seen_ = 0;           // the last revision that was seen
  std::string endpoint_;       // the one in use, for people
  int page_;                   // keys that are read at a time
  size_t created_ = 0;         // watches of this session that exist
  bool progress_ = false;      // something was read in this session
  std::atomic<int> current_{-1};
  std::mutex mutex_;
  std::shared_ptr<Gateway> gateway_;  // in use
  std::thread thread_;
};

}  // namespace portolan::etcd
