// For tests: what the process logs while a LogCapture lives, instead of on standard output.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/log.h"

namespace portolan::log {

/// One at a time.
class LogCapture {
 public:
  LogCapture() : memory_(memfd_create("log", MFD_CLOEXEC)) {
    flush(10000);
    set_output(memory_);
  }
  ~LogCapture() {
    flush(10000);
    set_output(STDOUT_FILENO);
    close(memory_);
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// Everything logged so far, and forgets it.
  std::string take() {
    flush(10000);
    std::string text;
    char block[4096];
    for (ssize_t got; (got = pread(memory_, block, sizeof block, static_cast<off_t>(text.size() + taken_))) > 0;) {
      text.append(block, static_cast<size_t>(got));
    }
    taken_ += text.size();
    return text;
  }

 private:
  int memory_;
  size_t taken_ = 0;
};

}  // namespace portolan::log
