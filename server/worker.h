// Worker: a thread with its loop, its sockets, its queries and its counters. Workers share nothing that is written when
// an answer is in memory.
#pragma once

#include "base/clock.h"
#include "base/loop.h"
#include "server/query.h"

namespace portolan::server {

class Worker {
 public:
  virtual ~Worker() = default;
  /// From 0; below Process::workers().
  unsigned index() const { return index_; }
  Loop& loop() { return loop_; }
  /// The time of the batch at hand; right to about a millisecond while queries run.
  SteadyTime now() const { return now_; }

 protected:
  friend class Udp;
  unsigned index_ = 0;
  Loop loop_;
  SteadyTime now_{};
};

}  // namespace portolan::server
