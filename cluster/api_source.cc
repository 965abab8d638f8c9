// The API server as a source: a reflector and its thread for each kind that is wanted.
#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "base/scheduling.h"
#include "cluster/api_client.h"
#include "cluster/flow_control.h"
#include "cluster/reflector.h"
#include "cluster/selector.h"
#include "cluster/source.h"

namespace portolan::cluster {
namespace {

/// A watch is a request: the heartbeat keeps to half of what `apiserver_qps` allows.
Pace pace_for(const ApiServer& server) {
  Pace pace;
  if (server.qps > 0) {
    const double seconds = std::clamp(2.0 * kKinds / server.qps, double(pace.shortest_watch.count()), 600.0);
    pace.shortest_watch = std::chrono::seconds(static_cast<int>(seconds));
    pace.silence = pace.shortest_watch + std::chrono::seconds(4);
    pace.longest_silence = std::max(pace.longest_silence, pace.silence);
  }
  return pace;
}

/// start() and stop() belong to one thread; everything else happens on the reflectors'.
class ApiSource : public Source {
 public:
  ApiSource(ApiServer server, Wanted wanted, const Clock& clock)
      : server_(std::move(server)),
        wanted_(std::move(wanted)),
        gate_(server_.qps, server_.burst, server_.max_inflight, clock) {}
  ~ApiSource() override { stop(); }

  Result<void> start(Sink& sink) override {
    if (auto checked = ApiClient::check(server_); !checked) return checked;
    for (std::string* text : {&wanted_.label_selector, &wanted_.namespace_label_selector}) {
      const auto selector = parse_selector(*text);
      if (!selector) return selector.error();
      *text = selector->text();
    }
    for (const Kind kind : kinds(wanted_)) {
      reflectors_.push_back(
          std::make_unique<Reflector>(resource(kind, wanted_), server_, gate_, sink, pace_for(server_)));
    }
    // Backwards: pods are the most, and what is asked for first is read first.
    for (auto each = reflectors_.rbegin(); each != reflectors_.rend(); ++each) {
      threads_.emplace_back([&reflector = **each] {
        ask_short_turns();
        reflector.run();
      });
    }
    return {};
  }

  void stop() override {
    gate_.stop();
    for (const auto& reflector : reflectors_) reflector->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  ApiServer server_;
  Wanted wanted_;
  Gate gate_;
  std::vector<std::unique_ptr<Reflector>> reflectors_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Source> api_source(ApiServer server, Wanted wanted, const Clock& clock) {
  return std::make_unique<ApiSource>(std::move(server), std::move(wanted), clock);
}

}  // namespace portolan::cluster
