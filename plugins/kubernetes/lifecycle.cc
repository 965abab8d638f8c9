// Start, reload and end of the handler: which state of the cluster it holds, and which one answers.
#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>

#include "base/log.h"
#include "base/rcu.h"
#include "cluster/reflector.h"
#include "plugins/common/search_domains.h"
#include "plugins/kubernetes/kubernetes.h"
#include "plugins/kubernetes/metrics.h"
#include "server/configuration.h"

namespace portolan::kubernetes {
namespace {

// Every address of the machine that is not a loopback one.
std::vector<IpAddress> machine_addresses() {
  std::vector<IpAddress> result;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return result;
  for (const ifaddrs* each = all; each; each = each->ifa_next) {
    if (!each->ifa_addr) continue;
    const auto family = each->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const IpAddress address = SocketAddress::from(each->ifa_addr).ip;
    if (!address.is_loopback()) result.push_back(address);
  }
  freeifaddrs(all);
  return result;
}

bool is_synced(const Standing& standing) {
  const rcu::ReadGuard reading;  // the index goes when another takes its place
  return standing.content().synced();
}

}  // namespace

void Kubernetes::adopt(const std::shared_ptr<server::Handler>& previous) {
  if (const auto* handler = dynamic_cast<const Kubernetes*>(previous.get())) previous_ = handler->standing_;
}

Result<void> Kubernetes::prepare() {
  register_metrics();
  if (!options_.bound) options_.settings.local = machine_addresses();
  if (options_.completes_searches) read_host_search();
  SourceOptions source = options_.source;
  source.clients = clients_of_all_blocks();
  // Not the process's clock: a state that is being stopped may outlive it.
  const std::string& snapshot = options_.snapshot.path.empty() ? begin_from_ : options_.snapshot.path;
  auto state = ClusterState::get(source, system_clock(), [&](Index& index) {
    if (!snapshot.empty()) load_snapshot(snapshot, options_.source, index, system_clock());
  });
  if (!state) return fail("plugin/kubernetes: " + state.error().message);
  if (!options_.snapshot.path.empty()) keeper_ = SnapshotKeeper::get(snapshot, options_.source, *state);
  if (previous_ && previous_->own() == *state) {
    standing_ = std::move(previous_);
  } else {
    standing_ = Standing::begin(*state, previous_ ? previous_->answering() : nullptr);
    previous_.reset();
  }
  if (!is_synced(*standing_)) warn_when_late();
  return {};
}

// Pods have the machine's search domains behind those of the cluster.
void Kubernetes::read_host_search() {
  auto domains = read_search_domains(options_.resolv_conf);
  if (domains) {
    options_.host_search = std::move(*domains);
  } else {
    log::warning("plugin/kubernetes: search paths end with the zone: " + domains.error().message);
  }
}

// Blocks that read the same objects share one state: it keeps what any of them needs.
ClientData Kubernetes::clients_of_all_blocks() const {
  ClientData clients = options_.source.clients;
  if (!options_.configuration) return clients;
  const std::string own = options_.source.source_key();
  options_.configuration->each<Kubernetes>([&](std::string_view, const Kubernetes& other) {
    if (other.options_.source.source_key() == own) clients = std::max(clients, other.options_.source.clients);
  });
  return clients;
}

// Queries are answered from the start, with SERVFAIL for names not yet known; after `startup_timeout` the log says so.
void Kubernetes::warn_when_late() {
  Loop& loop = process_.background();
  loop.post([&loop, timeout = options_.startup_timeout, weak = std::weak_ptr(standing_)] {
    auto timer = std::make_shared<Timer>(loop);
    timer->start(timeout, [timer, weak] {
      const auto standing = weak.lock();
      if (standing && !is_synced(*standing)) {
        log::warning("plugin/kubernetes: serving with unsynced Kubernetes API: " + standing->own()->label() +
                     (standing->own()->index().restored() ? ", from a snapshot" : ""));
      }
    });
  });
}

// What the source asks for, kind by kind; `namespaces` chooses among what all of them give (cluster/source.h).
void Kubernetes::rights(std::vector<server::ApiRight>& all) const {
  if (!options_.source.manifests.empty()) return;
  for (const cluster::Kind kind : cluster::kinds(options_.source.wanted)) {
    cluster::Resource resource = cluster::resource(kind, options_.source.wanted);
    all.push_back({std::move(resource.group), std::move(resource.plural), {"list", "watch"}});
  }
}

bool Kubernetes::ready() const noexcept {
  if (!standing_) return false;
  const rcu::ReadGuard reading;
  return index().synced() || (options_.snapshot.serve && index().restored());
}

void Kubernetes::stop(server::Deadline) noexcept {
  keeper_.reset();  // saves what has changed since the last time
  standing_.reset();
}

}  // namespace portolan::kubernetes
