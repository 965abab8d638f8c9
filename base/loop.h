// Loop: one thread's event loop, with timers and waits that coroutines can await. Descriptors are watched by an epoll
// set of the loop's own, in which Boost.Asio is a member: code that needs Asio's sockets takes context() and includes
// Asio in its .cc file.
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/task.h"

namespace boost::asio {
class io_context;
}

namespace portolan {

/// Owned and run by one thread; `post` and `stop` may be called from any.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::io_context& context();
  /// To be called on the loop's thread after an Asio operation was started or cancelled that may be complete at once:
  /// it may have happened outside Asio's handlers, whose end would not be noticed otherwise.
  void asio_changed();
  /// Runs `work` on the loop's thread, soon.
  void post(std::function<void()> work);
  /// Runs until stop() is called; at once back if it was.
  void run();
  /// Runs what is ready; waits at most `timeout` for something to become so. For tests.
  void run_once(std::chrono::milliseconds timeout);
  void stop();

  struct Impl;

 private:
  friend class FdWatch;
  friend class Timer;
  std::unique_ptr<Impl> impl_;
};

/// A one-shot timer on a loop. Starting it again replaces what was waiting; destroying it cancels.
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;
  void start(std::chrono::nanoseconds delay, std::function<void()> fire);
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Suspends the awaiting coroutine for `delay`.
Task<void> sleep_for(Loop& loop, std::chrono::nanoseconds delay);

/// Waits for a file descriptor that somebody else owns and closes; readiness is reported each time it is asked for.
class FdWatch {
 public:
  FdWatch(Loop& loop, int fd);  // `fd` stays the caller's; destroy the watch before closing it
  ~FdWatch();
  FdWatch(FdWatch&&) noexcept;
  FdWatch& operator=(FdWatch&&) noexcept;
  /// Calls `ready` once when the descriptor can be read (or has an error). Waiting again costs no system call as long
  /// as the descriptor became ready only while somebody waited.
  void wait_readable(std::function<void()> ready);
  void wait_writable(std::function<void()> ready);
  /// Forgets both waits.
  void cancel();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace portolan
