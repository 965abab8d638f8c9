// The life of an upstream and of its links.
#include "plugins/forward/upstream.h"

#include "plugins/forward/health.h"
#include "plugins/forward/link.h"

namespace portolan::forward {

/// Takes a link (or the probe, at the index behind the workers) away on the thread that owns it. The work is in the
/// destructor, so that it is also done when the loop ends before its queue is empty.
struct Farewell {
  std::shared_ptr<Upstream> upstream;
  size_t index;
  ~Farewell() {
    if (index == upstream->sides_.size()) {
      upstream->probe_.reset();
    } else {
      upstream->sides_[index].link.reset();
    }
  }
};

Upstream::Upstream(UpstreamSettings settings, std::shared_ptr<TlsContext> tls, server::Process& process)
    : settings_(std::move(settings)),
      name_(settings_.target.address.text()),
      tls_(std::move(tls)),
      process_(process),
      sides_(process.workers()) {}

Upstream::~Upstream() = default;

Result<std::shared_ptr<Upstream>> Upstream::make(UpstreamSettings settings, server::Process& process) {
  std::shared_ptr<TlsContext> tls;
  if (settings.target.scheme == Scheme::tls) {
    auto made = TlsContext::make(settings.tls);
    if (!made) return made.error();
    tls = std::move(*made);
  }
  return std::shared_ptr<Upstream>(new Upstream(std::move(settings), std::move(tls), process));
}

Link* Upstream::link(unsigned index, Loop& loop) {
  Side& side = sides_[index];
  if (side.link && used()) return side.link.get();
  // The order matters: release() looks at `loop` after it has taken the last user away.
  side.loop.store(&loop);
  if (!used()) return nullptr;
  side.link = std::make_unique<Link>(*this, loop, settings_.read_timeout, sides_.size());
  return side.link.get();
}

void Upstream::release() {
  if (users_.fetch_sub(1) != 1) return;
  const auto post = [&](Loop& loop, size_t index) {
    auto farewell = std::shared_ptr<Farewell>(new Farewell{shared_from_this(), index});
    loop.post([farewell = std::move(farewell)]() mutable {
      if (farewell->index < farewell->upstream->sides_.size()) {
        if (Link* link = farewell->upstream->sides_[farewell->index].link.get()) link->end();
      }
      farewell.reset();
    });
  };
  for (size_t i = 0; i < sides_.size(); ++i) {
    if (Loop* loop = sides_[i].loop.load()) post(*loop, i);
  }
  post(process_.background(), sides_.size());
}

void Upstream::check_health() {
  if (probing_.exchange(true, std::memory_order_acq_rel)) return;
  process_.background().post([self = shared_from_this()] {
    if (!self->used()) return;
    if (!self->probe_) self->probe_ = std::make_unique<Probe>(*self, self->process_.background());
    self->probe_->start();
  });
}

}  // namespace portolan::forward
