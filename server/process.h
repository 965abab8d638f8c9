// Process: what of the process plugins may know and ask for.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"

namespace portolan::server {

/// One per process, made by main. Methods may be called from any thread.
class Process {
 public:
  virtual ~Process() = default;
  /// The Corefile's path as given; empty when it came from elsewhere (the default, standard input).
  virtual const std::string& corefile_path() const = 0;
  /// The configuration in force as text: imports, snippets and environment put in (corefile/print.h).
  virtual std::string corefile_text() const = 0;
  /// The same of what lies in the file now; an error when it cannot be read or parsed. Nothing is changed by it.
  virtual Result<std::string> read_corefile_text() const = 0;
  /// Reads the Corefile again and swaps to it, as SIGUSR1 does. Returns at once.
  virtual void request_reload() = 0;
  /// Ends the process with exit code `code` after `message` has been logged as fatal.
  virtual void fatal(const std::string& message, int code) = 0;
  /// Workers that run, for PerWorker<T>; the same for the life of the process.
  virtual unsigned workers() const = 0;
  /// The loop of the main thread: timers and background work that no worker should do.
  virtual Loop& background() = 0;
  virtual const Clock& clock() const = 0;
  /// How long the process goes on answering after SIGTERM (`health { lameduck }`); the longest wins.
  virtual void set_lameduck(std::chrono::nanoseconds duration) = 0;
  /// `-dns.port`: the port of keys that name none.
  virtual uint16_t default_port() const = 0;
};

}  // namespace portolan::server
