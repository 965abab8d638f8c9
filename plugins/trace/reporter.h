// Reporter: the thread that collects spans from the workers and posts them in batches.
#pragma once

#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/per_worker.h"
#include "plugins/common/mailbox.h"
#include "plugins/trace/options.h"
#include "plugins/trace/span.h"

namespace portolan::trace {

/// One per directive. What is left at its end is sent, for a second at most.
class Reporter {
 public:
  Reporter(const Options& options, unsigned workers);
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  /// On worker `index`. Never waits: without room the span is dropped and counted.
  void report(size_t index, const SpanView& span);

 private:
  class Connection;  // HTTP stays in the .cc file
  void run();
  void collect();
  void send();
  void wait(SteadyTime now);

  const Options& options_;
  Mailbox mailbox_;
  PerWorker<std::string> buffers_;
  std::atomic<bool> ending_{false};
  const std::unique_ptr<Connection> connection_;

  // The thread's own.
  std::deque<Span> waiting_;
  SteadyTime due_{};  // of the next batch, while something waits
  std::string drained_;

  std::promise<void> ended_;
  std::thread thread_;
};

}  // namespace portolan::trace
