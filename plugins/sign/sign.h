// The work of `sign`: all zones of a server block, signed in turn on a thread of its own.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "plugins/sign/signer.h"
#include "server/plugin.h"

namespace portolan::sign {

/// Not in the chain: *file* and *auto* serve what is made here. A big zone takes seconds of a CPU to sign, which no
/// worker and not the main thread should spend.
class Sign : public server::Startable {
 public:
  Sign(std::vector<Signer> signers, const Clock& clock) : signers_(std::move(signers)), clock_(clock) {}
  ~Sign() override { Sign::stop({}); }

  void serving() override;
  /// Waits for the thread, which gives up what it is at.
  void stop(server::Deadline) noexcept override;

 private:
  void work(const std::stop_token& stopped);

  std::vector<Signer> signers_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace portolan::sign
