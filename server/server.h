// Server: the process as a whole: workers, the configuration that serves, reload and shutdown. Runs on the main
// thread's loop; all its methods but those of Process are for that thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/loop.h"
#include "server/configuration.h"
#include "server/core_worker.h"
#include "server/flags.h"
#include "server/process.h"
#include "server/systemd.h"
#include "server/watchdog.h"

namespace portolan::server {

using Errors = std::vector<Error>;

class Server : public Process {
 public:
  Server(Flags flags, uint16_t port, std::vector<Plugin> table);
  ~Server() override;

  /// Reads and sets up the Corefile, opening nothing: every error, or the warnings.
  boost::system::result<std::vector<std::string>, Errors> check();
  /// What the Corefile asks of API servers, as a ClusterRole in YAML; opens nothing either.
  boost::system::result<std::string, Errors> rbac();
  /// Reads the Corefile, opens the sockets and serves. Errors as they are to be printed.
  boost::system::result<void, Errors> start();
  /// Serves until a signal ends it; returns the exit code.
  int run();

  const std::string& corefile_path() const override { return flags_.conf; }
  std::string corefile_text() const override;
  Result<std::string> read_corefile_text() const override;
  void request_reload() override;
  void fatal(const std::string& message, int code) override;
  unsigned workers() const override { return static_cast<unsigned>(workers_.size()); }
  Loop& background() override { return loop_; }
  const Clock& clock() const override { return system_clock(); }
  void set_lameduck(std::chrono::nanoseconds duration) override;
  uint16_t default_port() const override { return port_; }

  /// The configuration that serves; for tests.
  const Configuration& configuration() const { return *current_; }

 private:
  struct Source;                                                // the Corefile's text and tree
  boost::system::result<Source, Errors> read_corefile() const;  // fails only when there is nothing to read
  boost::system::result<std::shared_ptr<Configuration>, Errors> make(const Source& source);
  boost::system::result<std::vector<std::vector<ListenerSockets>>, Errors> open_sockets(
      const Configuration& next) const;
  void swap(const std::shared_ptr<Configuration>& next, std::vector<std::vector<ListenerSockets>> sockets);
  void drained(const std::shared_ptr<Configuration>& configuration);
  void reload();
  bool load_anew();
  std::string status() const;
  void watch_signals();
  void read_signals();
  void on_signal(int signal);
  void shut_down();
  void stop_serving();
  void end(int code);
  void print_banner() const;

  Flags flags_;
  uint16_t port_;
  std::vector<Plugin> table_;
  Loop loop_;
  std::vector<std::unique_ptr<CoreWorker>> workers_;
  std::shared_ptr<Configuration> current_;
  mutable std::mutex text_mutex_;
  std::string text_;  // of the Corefile in force
  std::atomic<bool> reload_requested_{false};
  std::chrono::nanoseconds lameduck_{0}, lameduck_being_built_{0};
  std::vector<std::pair<std::shared_ptr<Configuration>, unsigned>>
      leaving_;  // and workers that still run queries on it
  unsigned finished_workers_ = 0;
  Descriptor signals_;
  std::unique_ptr<FdWatch> signal_watch_;
  Timer shutdown_timer_;
  ServiceManager manager_{ServiceManager::environment()};
  std::unique_ptr<Watchdog> watchdog_;
  bool shutting_down_ = false;
  int exit_code_ = 0;
};

/// CPUs this process is granted: the affinity mask, less what a cgroup quota takes away; at least 1.
unsigned granted_cpus();
/// The least quota of the cgroup that the file `self` (/proc/self/cgroup) names below `root` (/sys/fs/cgroup) and of
/// those above it, in CPUs; 0: none.
double cpu_quota(const std::string& self, const std::string& root);

}  // namespace portolan::server
