// Start, reload and end of the handler: which state of the cluster it holds, and which one answers.
#include <ifaddrs.h>
#include <net/if.h>

#include "base/log.h"
#include "base/rcu.h"
#include "plugins/kubernetes/kubernetes.h"
#include "plugins/kubernetes/metrics.h"

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

}  // namespace

Standing::Standing(StatePtr own, StatePtr previous)
    : own_(std::move(own)), previous_(std::move(previous)), index_(previous_ ? &previous_->index() : &own_->index()) {}

std::shared_ptr<Standing> Standing::begin(StatePtr own, StatePtr previous) {
  if (own == previous || own->index().synced()) previous = nullptr;
  const bool waits = previous != nullptr;
  std::shared_ptr<Standing> standing(new Standing(std::move(own), std::move(previous)));
  if (waits) {
    standing->own_->when_synced([weak = std::weak_ptr(standing)] {
      if (const auto still = weak.lock()) still->settle();
    });
  }
  return standing;
}

StatePtr Standing::answering() {
  const std::lock_guard lock(mutex_);
  return previous_ ? previous_ : own_;
}

void Standing::settle() {
  StatePtr previous;
  {
    const std::lock_guard lock(mutex_);
    index_.store(&own_->index(), std::memory_order_release);
    previous.swap(previous_);
  }
  rcu::synchronize();  // workers may still be reading the old index
}

void Kubernetes::adopt(const std::shared_ptr<server::Handler>& previous) {
  if (const auto* handler = dynamic_cast<const Kubernetes*>(previous.get())) previous_ = handler->standing_;
}

Result<void> Kubernetes::prepare() {
  register_metrics();
  if (!options_.bound) options_.settings.local = machine_addresses();
  // Not the process's clock: a state that is being stopped may outlive it.
  auto state = ClusterState::get(options_.source, system_clock());
  if (!state) return fail("plugin/kubernetes: " + state.error().message);
  if (previous_ && previous_->own() == *state) {
    standing_ = std::move(previous_);
  } else {
    standing_ = Standing::begin(*state, previous_ ? previous_->answering() : nullptr);
    previous_.reset();
  }
  if (!index().synced()) warn_when_late();
  return {};
}

// Queries are answered from the start, with SERVFAIL for names not yet known; after `startup_timeout` the log says so.
void Kubernetes::warn_when_late() {
  Loop& loop = process_.background();
  loop.post([&loop, timeout = options_.startup_timeout, weak = std::weak_ptr(standing_)] {
    auto timer = std::make_shared<Timer>(loop);
    timer->start(timeout, [timer, weak] {
      const auto standing = weak.lock();
      if (standing && !standing->index().load()->synced()) {
        log::warning("plugin/kubernetes: serving with unsynced Kubernetes API: " + standing->own()->label());
      }
    });
  });
}

bool Kubernetes::ready() const noexcept { return standing_ && index().synced(); }

}  // namespace portolan::kubernetes
