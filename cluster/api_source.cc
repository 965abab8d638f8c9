// The API server as a source: a reflector and its thread for each kind that is wanted.
#include <memory>
#include <thread>
#include <vector>

#include "cluster/api_client.h"
#include "cluster/flow_control.h"
#include "cluster/reflector.h"
#include "cluster/selector.h"
#include "cluster/source.h"

namespace portolan::cluster {
namespace {

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
    add(wanted_.services, Kind::service, sink);
    add(wanted_.endpoint_slices, Kind::endpoint_slice, sink);
    add(wanted_.pods, Kind::pod, sink);
    add(wanted_.namespaces, Kind::namespace_, sink);
    for (const auto& reflector : reflectors_) threads_.emplace_back([&each = *reflector] { each.run(); });
    return {};
  }

  void stop() override {
    gate_.stop();
    for (const auto& reflector : reflectors_) reflector->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void add(bool wanted, Kind kind, Sink& sink) {
    if (wanted)
      reflectors_.push_back(std::make_unique<Reflector>(resource(kind, wanted_), server_, gate_, sink, Pace{}));
  }

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
