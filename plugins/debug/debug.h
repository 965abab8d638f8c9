// debug: turns on debug lines in the log for as long as some configuration asks for them.
#pragma once

#include <atomic>

#include "server/plugin.h"

namespace portolan::debug {

/// One for each block with the directive. The log is the process's, so the last one that stops turns the lines off;
/// after a reload the new configuration's are there before the old one's go.
class DebugLines : public server::Startable {
 public:
  Result<void> prepare() override;
  void stop(server::Deadline deadline) noexcept override;

 private:
  static std::atomic<int> users_;
};

}  // namespace portolan::debug
