// The thread that signs, at start and every few hours.
#include "plugins/sign/sign.h"

#include <exception>
#include <string>

#include "base/log.h"

namespace portolan::sign {

void Sign::serving() {
  if (!signers_.empty() && !thread_.joinable()) {
    thread_ = std::jthread([this](const std::stop_token& stopped) { work(stopped); });
  }
}

void Sign::stop(server::Deadline) noexcept {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Sign::work(const std::stop_token& stopped) {
  while (!stopped.stop_requested()) {
    for (Signer& signer : signers_) {
      if (stopped.stop_requested()) return;
      try {
        signer.run(clock_, [&] { return stopped.stop_requested(); });
      } catch (const std::exception& caught) {
        log::error(std::string("plugin/sign: ") + caught.what());
      }
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stopped, kCheckEvery, [] { return false; });
  }
}

}  // namespace portolan::sign
