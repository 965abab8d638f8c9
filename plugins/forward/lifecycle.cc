// Forward's upstreams over time: made when the configuration is prepared, shared across reloads, changed when host
// names change, let go at the end.
#include <algorithm>

#include "base/log.h"
#include "plugins/forward/forward.h"
#include "plugins/forward/metrics.h"
#include "server/setup.h"

namespace portolan::forward {
namespace {

constexpr auto kResolveEvery = std::chrono::seconds(30);

}  // namespace

Forward::Forward(server::Process& process, const server::Block& block, Options options, corefile::Position at)
    : process_(process),
      block_(block),
      options_(std::move(options)),
      at_(std::move(at)),
      too_many_("concurrent queries exceeded maximum " + std::to_string(options_.max_concurrent)),
      policy_(options_.policy),
      here_(process.workers()) {
  forward_metrics();  // exposed from the start
}

Forward::~Forward() = default;

UpstreamSettings Forward::settings_for(const Target& target) const {
  UpstreamSettings settings;
  settings.target = target;
  if (target.scheme == Scheme::tls) settings.tls = tls_;
  settings.expire = options_.expire;
  settings.max_age = options_.max_age;
  settings.read_timeout = options_.read_timeout;
  settings.health_interval = options_.health_interval;
  settings.max_idle_conns = options_.max_idle_conns;
  settings.health_recursion = options_.health_recursion;
  settings.health_tcp = options_.force_tcp;
  settings.health_domain = options_.health_domain;
  settings.source = options_.source_address;
  return settings;
}

Result<UpstreamSet> Forward::make_set(const std::vector<Target>& targets, const UpstreamSet& known) const {
  UpstreamSet set;
  for (const Target& target : targets) {
    UpstreamSettings settings = settings_for(target);
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const auto& upstream) { return upstream->settings() == settings; });
    if (same != known.end()) {
      set.push_back(*same);
      continue;
    }
    auto made = Upstream::make(std::move(settings), process_);
    if (!made) return made.error();
    set.push_back(std::move(*made));
  }
  for (const auto& upstream : set) upstream->retain();
  return set;
}

void Forward::adopt(const std::shared_ptr<server::Handler>& previous) {
  if (auto* before = dynamic_cast<Forward*>(previous.get())) adopted_ = before->upstreams();
}

Result<void> Forward::prepare() {
  taps_ = block_.others<server::Tap>();
  const auto error = [&](const std::string& message) { return corefile::error_at("forward", at_, message); };
  auto files = read_tls_files(options_.tls_files);
  if (!files) return error(files.error().message);
  tls_ = std::move(*files);
  if (!options_.tls_files.empty()) {  // refused even if no upstream needs it
    if (const auto context = TlsContext::make(tls_); !context) return error(context.error().message);
  }
  const auto targets = look_up(options_.to, options_.resolvers);
  if (!targets) return error(targets.error().message);
  auto set = make_set(*targets, adopted_ ? *adopted_ : UpstreamSet());
  if (!set) return error(set.error().message);
  adopted_.reset();
  *set_.lock() = std::make_shared<const UpstreamSet>(std::move(*set));
  version_.fetch_add(1, std::memory_order_release);
  return {};
}

bool Forward::has_host_names() const {
  return std::any_of(options_.to.begin(), options_.to.end(), [](const TargetWord& word) { return !word.is_address; });
}

void Forward::serving() {
  if (has_host_names()) resolving_ = std::thread([this] { keep_resolving(); });
}

void Forward::keep_resolving() {
  std::unique_lock lock(resolving_mutex_);
  while (!resolving_wakeup_.wait_for(lock, kResolveEvery, [this] { return resolving_ends_; })) {
    lock.unlock();
    resolve_again();
    lock.lock();
  }
}

void Forward::resolve_again() {
  const auto targets = look_up(options_.to, options_.resolvers);
  const std::shared_ptr<const UpstreamSet> before = upstreams();
  auto set = targets ? make_set(*targets, *before) : Result<UpstreamSet>(targets.error());
  if (!set) {
    log::limited(log::Level::warning, "plugin/forward: the upstreams known before stay: " + set.error().message, 60);
    return;
  }
  const bool changed = *set != *before;
  auto after = std::make_shared<const UpstreamSet>(std::move(*set));
  // Each set has retained its upstreams once; the one that is not kept lets go.
  const auto& gone = changed ? before : after;
  if (changed) {
    *set_.lock() = after;
    version_.fetch_add(1, std::memory_order_release);
  }
  for (const auto& upstream : *gone) upstream->release();
}

void Forward::stop(server::Deadline) noexcept {
  {
    const std::lock_guard lock(resolving_mutex_);
    resolving_ends_ = true;
  }
  resolving_wakeup_.notify_all();
  if (resolving_.joinable()) resolving_.join();
  if (const auto set = upstreams()) {
    for (const auto& upstream : *set) upstream->release();
  }
}

}  // namespace portolan::forward
