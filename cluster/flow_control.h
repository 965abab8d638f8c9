// How fast requests may follow one another: CoreDNS's apiserver_qps, apiserver_burst and apiserver_max_inflight, and
// the pause after a failure.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "base/clock.h"

namespace portolan::cluster {

/// `burst` requests at once, then `per_second`. Zero stands for client-go's defaults, 5 and 10.
class TokenBucket {
 public:
  TokenBucket(double per_second, int burst);
  /// Takes a place in the queue; returns how long to wait for it.
  std::chrono::nanoseconds reserve(SteadyTime now);
  /// The request did not come about.
  void give_back();

 private:
  double per_second_;
  double burst_;
  double tokens_;
  SteadyTime last_{};
};

/// Pauses that double from `first` to `most`, each shortened at random by up to a quarter, so that clients do not
/// come back all at once.
class Backoff {
 public:
  Backoff(std::chrono::nanoseconds first, std::chrono::nanoseconds most) : first_(first), most_(most), next_(first) {}
  /// The next pause; `random` is any 64 random bits.
  std::chrono::nanoseconds pause(uint64_t random);
  void reset() { next_ = first_; }

 private:
  std::chrono::nanoseconds first_, most_, next_;
};

/// What all requests of a source pass through. Callable from any thread.
class Gate {
 public:
  Gate(double per_second, int burst, int max_inflight, const Clock& clock)
      : bucket_(per_second, burst), max_inflight_(max_inflight), clock_(clock) {}

  /// Waits for the turn of a request. False: stopped, and there is nothing to leave.
  bool enter();
  /// The reply to the request has begun, or will not come. One that has not reached the server does not count.
  void leave(bool reached);
  /// Sleeps; false when stop() was called before or meanwhile.
  bool sleep(std::chrono::nanoseconds duration);
  void stop();
  bool stopped();
  SteadyTime now() const { return clock_.now(); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  TokenBucket bucket_;
  const int max_inflight_;
  const Clock& clock_;
  int inflight_ = 0;
  bool stopped_ = false;
};

}  // namespace portolan::cluster
