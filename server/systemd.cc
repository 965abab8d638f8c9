// sd_notify(3): one datagram of VARIABLE=value lines a message.
#include "server/systemd.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/error_text.h"
#include "base/log.h"

namespace portolan::server {
namespace {

constexpr size_t kLongestStatus = 1000;  // a datagram of more than 4096 octets is not read
constexpr timeval kPatience{1, 0};       // for a service manager that does not read

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

uint64_t number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

// sd_watchdog_enabled(3): the interval counts if it is for this process; alive() is wanted twice as often.
std::chrono::nanoseconds watchdog_of(const ServiceManager::Environment& environment) {
  const auto for_us =
      environment.watchdog_pid.empty() || number(environment.watchdog_pid) == static_cast<uint64_t>(getpid());
  constexpr uint64_t kMost = 365ULL * 24 * 3600 * 1'000'000;
  const uint64_t usec = std::min(number(environment.watchdog_usec), kMost);
  return for_us ? std::chrono::microseconds(usec / 2) : std::chrono::microseconds(0);
}

std::string microseconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

}  // namespace

ServiceManager::Environment ServiceManager::environment() {
  return {variable("NOTIFY_SOCKET"), variable("WATCHDOG_USEC"), variable("WATCHDOG_PID")};
}

ServiceManager::ServiceManager(const Environment& environment) : path_(environment.socket) {
  if (path_.empty()) return;
  if (path_.size() >= sizeof(sockaddr_un::sun_path) || (path_[0] != '/' && path_[0] != '@')) {
    log::warning("NOTIFY_SOCKET: \"" + path_ + "\" is neither a path nor an abstract socket");
    return;
  }
  socket_ = Descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  watchdog_ = watchdog_of(environment);
}

void ServiceManager::ready(std::string_view status) {
  std::string line(status.substr(0, kLongestStatus));
  std::replace(line.begin(), line.end(), '\n', ' ');
  send("READY=1\nSTATUS=" + line);
}

void ServiceManager::reloading(SteadyTime now) {
  // Type=notify-reload tells by the time that this is the reload it asked for.
  send("RELOADING=1\nSTATUS=reloading\nMONOTONIC_USEC=" + microseconds(now.time_since_epoch()));
}

void ServiceManager::stopping(std::chrono::nanoseconds most) {
  send("STOPPING=1\nSTATUS=shutting down\nEXTEND_TIMEOUT_USEC=" + microseconds(most));
}

void ServiceManager::alive() { send("WATCHDOG=1"); }

void ServiceManager::send(std::string_view text) {
  if (!socket_) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  if (path_[0] == '@') address.sun_path[0] = '\0';  // unix(7): an abstract name
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  const auto sent =
      sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
  if (sent < 0) log::limited(log::Level::warning, "NOTIFY_SOCKET: " + path_ + ": " + error_text(errno), 60);
}

}  // namespace portolan::server
