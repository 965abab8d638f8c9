// What a service manager reads, with a socket in its place.
#include "server/systemd.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/log_capture.h"

namespace portolan::server {
namespace {

using namespace std::chrono_literals;

// The socket of a service manager: a file in a folder of its own, or an abstract one.
class Manager {
 public:
  explicit Manager(bool abstract = false) {
    char folder[] = "/tmp/portolan-notify-XXXXXX";
    folder_ = mkdtemp(folder);
    address_ = abstract ? "@" + folder_ : folder_ + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, address_.data(), address_.size());
    if (abstract) address.sun_path[0] = '\0';
    socket_ = Descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    REQUIRE(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  }
  ~Manager() {
    unlink((folder_ + "/socket").c_str());
    rmdir(folder_.c_str());
  }

  const std::string& address() const { return address_; }
  ServiceManager::Environment environment() const { return {address_, "", ""}; }
  /// The next datagram; empty when there is none.
  std::string read() {
    char text[8192];
    const auto size = recv(socket_.get(), text, sizeof text, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
  }
  void close() { socket_ = Descriptor(); }

 private:
  std::string folder_, address_;
  Descriptor socket_;
};

}  // namespace

TEST_CASE("service manager: it is told of start, reload and end") {
  for (const bool abstract : {false, true}) {
    CAPTURE(abstract);
    Manager manager(abstract);
    ServiceManager told(manager.environment());
    told.ready("serving dns://:53");
    CHECK(manager.read() == "READY=1\nSTATUS=serving dns://:53");
    told.reloading(SteadyTime(1234567890ns));
    CHECK(manager.read() == "RELOADING=1\nSTATUS=reloading\nMONOTONIC_USEC=1234567");
    told.stopping(20s);
    CHECK(manager.read() == "STOPPING=1\nSTATUS=shutting down\nEXTEND_TIMEOUT_USEC=20000000");
    told.alive();
    CHECK(manager.read() == "WATCHDOG=1");
    CHECK(manager.read().empty());
  }
}

TEST_CASE("service manager: a status is one line that a datagram holds") {
  Manager manager;
  ServiceManager(manager.environment()).ready("first\nREADY=0 " + std::string(10000, 'x'));
  const std::string text = manager.read();
  CHECK(text.starts_with("READY=1\nSTATUS=first READY=0 xxx"));
  CHECK(text.size() < 4096);
}

TEST_CASE("service manager: without one, and with an address that is none, nothing is sent and nothing fails") {
  log::LogCapture logged;
  ServiceManager({"", "60000000", ""}).ready("serving");
  CHECK(ServiceManager({"", "60000000", ""}).watchdog() == 0ns);
  CHECK(logged.take().empty());
  for (const std::string& address : {std::string("vsock:2:1234"), "/" + std::string(200, 'x')}) {
    ServiceManager({address, "60000000", ""}).ready("serving");
    CHECK(logged.take() == "[WARNING] NOTIFY_SOCKET: \"" + address + "\" is neither a path nor an abstract socket\n");
  }
}

TEST_CASE("service manager: one that has gone away is said in the log") {
  Manager manager;
  ServiceManager told(manager.environment());
  manager.close();
  log::LogCapture logged;
  told.ready("serving");
  CHECK(logged.take().starts_with("[WARNING] NOTIFY_SOCKET: " + manager.address() + ": connection refused"));
}

TEST_CASE("service manager: the watchdog is fed twice in its time, if it waits for this process") {
  const std::string us = std::to_string(getpid()), other = std::to_string(getppid());
  const struct {
    std::string usec, pid;
    std::chrono::nanoseconds period;
  } cases[] = {{"60000000", "", 30s},   {"60000000", us, 30s},
               {"60000000", other, 0s}, {"", us, 0s},
               {"0", us, 0s},           {"-5", us, 0s},
               {"60s", us, 0s},         {"3", us, 1us},
               {"60000000", "x", 0s},   {"99999999999999999999", us, 0s}};
  Manager manager;
  for (const auto& each : cases) {
    CAPTURE(each.usec);
    CAPTURE(each.pid);
    CHECK(ServiceManager({manager.address(), each.usec, each.pid}).watchdog() == each.period);
  }
}

TEST_CASE("service manager: what the environment says") {
  setenv("NOTIFY_SOCKET", "/run/x", 1);
  unsetenv("WATCHDOG_USEC");
  CHECK(ServiceManager::environment().socket == "/run/x");
  CHECK(ServiceManager::environment().watchdog_usec.empty());
  unsetenv("NOTIFY_SOCKET");
  CHECK(ServiceManager::environment().socket.empty());
}

}  // namespace portolan::server
