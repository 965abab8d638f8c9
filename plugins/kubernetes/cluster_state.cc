// The registry of clusters, what is said when a connection is lost, and the end of a source.
#include "plugins/kubernetes/cluster_state.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "cluster/exec_credentials.h"
#include "cluster/request_metrics.h"
#include "plugins/common/undertaker.h"
#include "plugins/kubernetes/metrics.h"

namespace portolan::kubernetes {

using cluster::Kind;

namespace {

constexpr const char* kNames[] = {"services", "endpoint slices", "pods", "namespaces", "service imports"};

StateRegistry<ClusterState>& registry() {
  static auto* const states = new StateRegistry<ClusterState>;
  return *states;
}

std::unique_ptr<cluster::Source> make_source(const SourceOptions& options, const Clock& clock) {
  if (!options.manifests.empty()) return cluster::manifests_source(options.manifests, options.wanted);
  return cluster::api_source(options.api, options.wanted, clock);
}

}  // namespace

std::string SourceOptions::label() const { return manifests.empty() ? cluster::authority(api.url) : "manifests"; }

namespace {

// What is read, wherever it comes from.
void add_wanted(const SourceOptions& options, StateKey& key) {
  const cluster::Wanted& wanted = options.wanted;
  for (const bool flag : {wanted.services, wanted.endpoint_slices, wanted.pods, wanted.namespaces,
                          wanted.service_imports, options.pod_names, options.all_pod_ips, options.zones}) {
    key.add(flag ? "1" : "0");
  }
  key.add(wanted.label_selector);
  key.add(wanted.namespace_label_selector);
}

}  // namespace

std::string SourceOptions::key() const { return source_key() + std::to_string(static_cast<int>(clients)); }

std::string SourceOptions::source_key() const {
  StateKey key;
  key.add_all(manifests);
  if (manifests.empty()) {
    for (const std::string* text : {&api.url, &api.ca_data, &api.certificate_data, &api.key_data, &api.token,
                                    &api.token_file, &api.user, &api.password, &api.server_name}) {
      key.add(*text);
    }
    for (const std::string* file : {&api.ca_file, &api.certificate_file, &api.key_file}) key.add_file(*file);
    for (const double number : {api.qps, double(api.burst), double(api.max_inflight)}) key.add(std::to_string(number));
    key.add(api.insecure_skip_verify ? "insecure" : "");
    key.add(api.exec ? api.exec->key() : "");
  }
  add_wanted(*this, key);
  return key.take();
}

std::string SourceOptions::identity() const {
  StateKey key;
  for (const std::string* text : {&api.url, &api.server_name, &api.ca_data}) key.add(*text);
  std::ifstream authority(api.ca_file, std::ios::binary);
  key.add(std::string(std::istreambuf_iterator<char>(authority), std::istreambuf_iterator<char>()));
  add_wanted(*this, key);
  return key.take();
}

ClusterState::ClusterState(const SourceOptions& options, const Clock& clock)
    : clock_(clock), label_(options.label()), index_(options.shape(), clock), source_(make_source(options, clock)) {
  for (size_t i = 0; i < cluster::kKinds; ++i) wanted_[i] = options.wanted.reads(static_cast<Kind>(i));
  index_.on_connection([this](Kind kind, bool working, std::string_view reason) { connected(kind, working, reason); });
  index_.on_programmed([this](std::string_view time, bool headless) { observe_programming(time, headless, clock_); });
  index_.when_synced([this] { synced(); });
}

ClusterState::~ClusterState() {
  source_->stop();
  forget_state(*this);
}

Result<StatePtr> ClusterState::get(const SourceOptions& options, const Clock& clock,
                                   const std::function<void(Index&)>& fill) {
  Result<void> started;
  StatePtr known = registry().get(options.key(), [&]() -> StatePtr {
    StatePtr state(new ClusterState(options, clock), Undertaker<ClusterState>::bury);
    if (fill) fill(state->index_);
    started = state->source_->start(state->index_);
    if (!started) return nullptr;
    expose_state(state);
    return state;
  });
  if (!known) return started.error();
  return known;
}

bool ClusterState::waits_behind(const ClusterState& previous) const {
  const auto has_something = [](const Index& index) { return index.synced() || index.restored(); };
  if (this == &previous || index_.synced()) return false;
  return has_something(previous.index()) || !has_something(index_);
}

void ClusterState::when_synced(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    if (!all_called_) {
      waiting_.push_back(std::move(call));
      return;
    }
  }
  call();
}

void ClusterState::synced() {
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    all_called_ = true;
    calls.swap(waiting_);
  }
  log::info("plugin/kubernetes: synced with " + label_);
  for (const auto& call : calls) call();
}

void ClusterState::connected(Kind kind, bool working, std::string_view reason) {
  Connection& connection = connections_[static_cast<size_t>(kind)];
  if (working) connection.read.store(clock_.now().time_since_epoch().count(), std::memory_order_relaxed);
  const int before = connection.working.exchange(working, std::memory_order_relaxed);
  if (working && before != 0) return;  // nearly always: it is called for every piece that is read
  const std::string what = std::string(kNames[static_cast<size_t>(kind)]) + " from " + label_;
  if (!working && index_.synced(kind)) {
    const std::string text = "plugin/kubernetes: no news of " + what + ", answering from the last state";
    log::limited(log::Level::warning, reason.empty() ? text : text + ": " + std::string(reason));
  } else if (!working) {
    log::limited(log::Level::warning, "plugin/kubernetes: waiting for " + what +
                                          (index_.restored() ? ", answering from the snapshot" : "") + ": " +
                                          std::string(reason));
  } else {
    log::info("plugin/kubernetes: reading " + what + " again");
  }
}

}  // namespace portolan::kubernetes
