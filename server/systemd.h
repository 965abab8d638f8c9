// The service manager that started the process (systemd): what it is told, in the datagrams of sd_notify(3). Own code,
// because the protocol is a line of text to a socket and libsystemd would be the binary's only use of it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/descriptor.h"

namespace portolan::server {

/// For the main thread. Without a service manager nothing is sent. What cannot be sent is logged and lost: it is no
/// reason not to serve.
class ServiceManager {
 public:
  /// What the environment says: $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID; each may be empty.
  struct Environment {
    std::string socket;  // a path, or "@name" of an abstract socket
    std::string watchdog_usec;
    std::string watchdog_pid;
  };
  static Environment environment();

  explicit ServiceManager(const Environment& environment);

  /// The sockets answer: after the start, and after a reload whether it changed something or not.
  void ready(std::string_view status);
  void reloading(SteadyTime now);
  /// The end has begun, and takes `most` at most.
  void stopping(std::chrono::nanoseconds most);
  /// The process does its work.
  void alive();
  /// How often alive() is wanted; zero: not at all.
  std::chrono::nanoseconds watchdog() const { return watchdog_; }

 private:
  void send(std::string_view text);

  std::string path_;
  Descriptor socket_;
  std::chrono::nanoseconds watchdog_{0};
};

}  // namespace portolan::server
