// Signals and the end of the process: SIGTERM and SIGINT finish what is under way, SIGUSR1 reloads.
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "base/log.h"
#include "server/server.h"

namespace portolan::server {
namespace {

constexpr auto kGrace = std::chrono::seconds(5);  // for queries under way when the sockets are closed, as CoreDNS
constexpr unsigned kFlushMs = 1000;

}  // namespace

void Server::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGHUP}) sigaddset(&set, signal);
  signals_ = Descriptor(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  signal_watch_ = std::make_unique<FdWatch>(loop_, signals_.get());
  signal_watch_->wait_readable([this] { read_signals(); });
}

void Server::read_signals() {
  signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof info) == sizeof info) on_signal(static_cast<int>(info.ssi_signo));
  signal_watch_->wait_readable([this] { read_signals(); });
}

void Server::on_signal(int signal) {
  switch (signal) {
    case SIGUSR1:
      log::info("SIGUSR1: reloading");
      request_reload();
      break;
    case SIGINT:
      // A second one does not wait for the lameduck time, as with CoreDNS.
      if (shutting_down_) return end(2);
      log::info("SIGINT: Shutting down");
      shut_down();
      break;
    case SIGTERM:
      if (shutting_down_) return;
      log::info("SIGTERM: Shutting down servers then terminating");
      shut_down();
      break;
    case SIGQUIT:
      log::info("SIGQUIT: Quitting process immediately");
      end(0);
      break;
    default:  // SIGHUP: CoreDNS ignores it
      break;
  }
}

// Still answering for the lameduck time, so that clients have heard of it; then the sockets are drained and closed.
void Server::shut_down() {
  shutting_down_ = true;
  manager_.stopping(lameduck_ + 3 * kGrace);  // for the queries, for the configurations, to spare
  if (current_) current_->lameduck();
  if (lameduck_.count() > 0) {
    shutdown_timer_.start(lameduck_, [this] { stop_serving(); });
  } else {
    stop_serving();
  }
}

void Server::stop_serving() {
  finished_workers_ = 0;
  for (auto& worker : workers_) {
    worker->loop().post([this, each = worker.get()] {
      each->finish([this] {
        loop_.post([this] {
          if (++finished_workers_ == workers()) end(exit_code_);
        });
      });
    });
  }
  shutdown_timer_.start(kGrace, [this] { end(exit_code_); });
}

void Server::end(int code) {
  exit_code_ = code;
  loop_.stop();
}

void Server::fatal(const std::string& message, int code) {
  log::write(log::Level::fatal, message);
  loop_.post([this, code] { end(code); });
}

int Server::run() {
  loop_.run();
  for (auto& worker : workers_) {
    worker->stop();
    worker->join();
  }
  for (const auto& [configuration, users] : leaving_) configuration->stop(clock().now() + kGrace);
  if (current_) current_->stop(clock().now() + kGrace);
  if (!flags_.pidfile.empty()) unlink(flags_.pidfile.c_str());
  log::flush(kFlushMs);
  // A query that still waits (the grace time is over, or the end was not orderly) owns suspended frames that only its
  // completion would free: no orderly destruction is left for it.
  const bool any_waiting = std::any_of(workers_.begin(), workers_.end(),
                                       [](const auto& worker) { return worker->queries().in_flight() > 0; });
  if (any_waiting) std::_Exit(exit_code_);
  return exit_code_;
}

}  // namespace portolan::server
