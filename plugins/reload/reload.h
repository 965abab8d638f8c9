// The `reload` plugin: looks at the Corefile now and then and has it loaded when it has changed.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "server/plugin.h"

namespace portolan::server {
class Process;
}

namespace portolan::reload {

struct Options {
  std::chrono::nanoseconds interval = std::chrono::seconds(30);
  std::chrono::nanoseconds jitter = std::chrono::seconds(15);
};

/// The interval spread evenly over +/- half the jitter; a jitter of more than half the interval is cut to that.
std::chrono::nanoseconds spread(const Options& options);

/// SHA-512 in hexadecimal.
std::string sha512(std::string_view text);

/// One for all blocks of a configuration; lives on the background loop's thread.
class Watch : public server::Startable {
 public:
  Options options;  // the last block's count, as in CoreDNS
  server::Process* process = nullptr;

  void serving() override;
  void stop(server::Deadline) noexcept override;
  /// Looks once; asks for a reload when the Corefile says something else than at the last look.
  void look();

 private:
  void wait();

  std::chrono::nanoseconds interval_{};
  std::string digest_;  // of what was loaded, or tried
  std::string last_error_;
  std::optional<Timer> timer_;
};

}  // namespace portolan::reload
