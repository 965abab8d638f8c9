// The /health endpoint and the check of it from inside.
#include "plugins/health/health.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "base/metrics.h"
#include "plugins/common/go_duration.h"

namespace portolan::health {
namespace {

constexpr auto kEvery = std::chrono::seconds(1);
constexpr auto kTimeout = std::chrono::seconds(3);
constexpr auto kSlow = std::chrono::seconds(1);

const metrics::Histogram kDuration =
    metrics::HistogramFamily("coredns_health_request_duration_seconds",
                             "Time that the check of the /health endpoint from inside took.", {},
                             {0.00025, 0.0025, 0.025, 0.25, 2.5})
        .with();
const metrics::Counter kFailures =
    metrics::CounterFamily("coredns_health_request_failures_total",
                           "Checks of the /health endpoint from inside that got no answer.")
        .with();

}  // namespace

/// Owned by its thread and by the plugin; the thread ends by itself after end(), so that nobody waits for a request
/// that hangs.
class Health::Checker {
 public:
  static std::shared_ptr<Checker> start(const SocketAddress& address, const std::string& shown) {
    auto checker = std::make_shared<Checker>();
    checker->address_ = address;
    checker->url_ = "http://" + shown + "/health";
    std::thread([checker] { checker->run(); }).detach();
    return checker;
  }

  void end() {
    {
      std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kEvery, [this] { return ended_; })) {
      lock.unlock();
      check();
      lock.lock();
    }
  }

  void check() {
    const SteadyTime start = system_clock().now();
    const auto status = server::http::get_status(address_, "/health", kTimeout);
    const auto elapsed = system_clock().now() - start;
    {
      std::lock_guard lock(mutex_);
      if (ended_) return;  // it was closed under the request
    }
    kDuration.observe(std::chrono::duration<double>(elapsed).count());
    if (status.has_error()) {
      kFailures.add();
      log::warning("plugin/health: Local health request to \"" + url_ + "\" failed: " + status.error().message);
    } else if (elapsed > kSlow) {
      log::warning("plugin/health: Local health request to \"" + url_ +
                   "\" took more than 1s: " + go_duration(elapsed));
    }
  }

  SocketAddress address_;
  std::string url_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

Result<void> Health::prepare() {
  auto endpoint = server::http::Endpoint::open(options_.address);
  if (endpoint.has_error()) return fail("plugin/health: " + endpoint.error().message);
  endpoint_ = std::move(*endpoint);
  route_ = endpoint_->route("/health", [](const auto&) { return server::http::Response{200, "OK"}; });
  checker_ = Checker::start(endpoint_->address(), endpoint_->address().text());
  return {};
}

void Health::lameduck() noexcept {
  if (options_.lameduck.count() > 0) {
    log::info("plugin/health: Going into lameduck mode for " + go_duration(options_.lameduck));
  }
}

void Health::stop(server::Deadline) noexcept {
  if (checker_) checker_->end();
  checker_.reset();
  route_.reset();
  endpoint_.reset();
}

}  // namespace portolan::health
