// Reload: the new Corefile is read, set up and started beside the old; then each worker swaps between two batches. A
// broken one changes nothing.
#include "base/log.h"
#include "base/metrics.h"
#include "corefile/print.h"
#include "server/server.h"
#include "server/server_source.h"

namespace portolan::server {
namespace {

// False, for its caller to return.
bool report_failure(const Errors& errors) {
  static const metrics::Counter failed =
      metrics::CounterFamily("coredns_reload_failed_total", "Counter of the number of failed reload attempts.").with();
  failed.add();
  for (const Error& error : errors) log::error("reload: " + error.message);
  log::error("Corefile was not loaded: the running configuration goes on");
  return false;
}

}  // namespace

void Server::request_reload() {
  if (reload_requested_.exchange(true)) return;
  loop_.post([this] {
    reload_requested_ = false;
    reload();
  });
}

void Server::reload() {
  if (shutting_down_) return;
  manager_.reloading(clock().now());
  const bool loaded = load_anew();
  manager_.ready(loaded ? status() : "the Corefile was not loaded, see the log; " + status());
}

bool Server::load_anew() {
  log::info("Reloading");
  auto source = read_corefile();
  if (source.has_error()) return report_failure(source.error());
  if (source->errors.empty() && source->file.blocks.empty())
    return report_failure({fail("the Corefile has no server block")});
  auto made = make(*source);
  if (made.has_error()) return report_failure(made.error());
  const std::shared_ptr<Configuration>& next = *made;
  next->adopt(*current_);
  if (auto prepared = next->prepare(); prepared.has_error()) {
    next->stop(clock().now());
    return report_failure({prepared.error()});
  }
  auto sockets = open_sockets(*next);
  if (sockets.has_error()) {
    next->stop(clock().now());
    return report_failure(sockets.error());
  }
  swap(next, std::move(*sockets));
  {
    std::lock_guard lock(text_mutex_);
    text_ = corefile::print(source->file);
  }
  lameduck_ = lameduck_being_built_;
  next->serving();
  log::info("Reloading complete");
  return true;
}

}  // namespace portolan::server
