// Counting who wants debug lines.
#include "plugins/debug/debug.h"

#include "base/log.h"

namespace portolan::debug {

std::atomic<int> DebugLines::users_ = 0;

Result<void> DebugLines::prepare() {
  if (users_++ == 0) log::enable_debug(true);
  return {};
}

void DebugLines::stop(server::Deadline) noexcept {
  if (--users_ == 0) log::enable_debug(false);
}

}  // namespace portolan::debug
