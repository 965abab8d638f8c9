// Loading, the saving thread, and which keeper a file belongs to.
#include "plugins/kubernetes/snapshot_keeper.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/guarded.h"
#include "base/log.h"
#include "base/metrics.h"
#include "plugins/common/go_duration.h"

namespace portolan::kubernetes {
namespace {

constexpr unsigned kRepeatSeconds = 600;  // between two lines about the same trouble
constexpr int kMostTries = 3;

/// The last one owns the file. An entry without `held` is being destroyed.
struct Kept {
  SnapshotKeeper* keeper;
  std::weak_ptr<SnapshotKeeper> held;
};
using Registry = std::map<std::string, std::vector<Kept>>;

Guarded<Registry>& registry() {
  static auto* const keepers = new Guarded<Registry>;
  return *keepers;
}

const metrics::GaugeFamily& age() {
  static const metrics::GaugeFamily family("portolan_kubernetes_snapshot_age_seconds",
                                           "Seconds since the snapshot was saved: the one that is being answered from, "
                                           "or else the last one of this process.",
                                           {"source"});
  return family;
}

const metrics::GaugeFamily& answering() {
  static const metrics::GaugeFamily family("portolan_kubernetes_snapshot_answering",
                                           "Whether answers come from a snapshot (1) or from the API server (0).",
                                           {"source"});
  return family;
}

const metrics::CounterFamily& failures() {
  static const metrics::CounterFamily family("portolan_kubernetes_snapshot_failures_total",
                                             "Counter of the attempts to save a snapshot that failed.", {"source"});
  return family;
}

void show_all() {
  std::vector<std::shared_ptr<SnapshotKeeper>> live;  // let go of after the lock
  {
    auto keepers = registry().lock();
    for (const auto& [path, all] : *keepers) {
      if (auto alive = all.back().held.lock()) live.push_back(std::move(alive));
    }
  }
  for (const auto& keeper : live) keeper->show();
}

std::string age_text(WallTime saved, const Clock& clock) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(clock.wall() - saved);
  return age.count() < 0 ? "in the future" : go_duration(age) + " ago";
}

}  // namespace

void load_snapshot(const std::string& path, const SourceOptions& source, Index& index, const Clock& clock) {
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    log::info("plugin/kubernetes: there is no snapshot " + path + " yet");
    return;
  }
  const auto refuse = [&](const std::string& reason) {
    log::warning("plugin/kubernetes: snapshot " + path + " is not used: " + reason);
  };
  const auto octets = cluster::read_snapshot(path);
  if (!octets) return refuse(octets.error().message);
  const auto snapshot = cluster::Snapshot::parse(*octets);
  if (!snapshot) return refuse(snapshot.error().message);
  if (snapshot->head().source != cluster::digest_of(source.identity())) {
    return refuse("it is of another API server or of other options");
  }
  const auto counts = index.restore(*snapshot);
  if (!counts) return refuse(counts.error().message);
  log::info("plugin/kubernetes: answering from snapshot " + path + " of " + source.label() + ", saved " +
            age_text(snapshot->head().saved, clock) +
            ", until the API server has been read: " + std::to_string(counts->services) + " services, " +
            std::to_string(counts->slices) + " endpoint slices, " + std::to_string(counts->pods) + " pods");
}

std::shared_ptr<SnapshotKeeper> SnapshotKeeper::get(const std::string& path, const SourceOptions& source,
                                                    StatePtr state, SnapshotPace pace) {
  // Before the lock: a scrape takes it while it holds that of the hooks.
  [[maybe_unused]] static const uint64_t hook = metrics::before_scrape(show_all);
  std::shared_ptr<SnapshotKeeper> last;  // let go of after the lock
  auto keepers = registry().lock();
  auto& all = (*keepers)[path];
  if (!all.empty()) last = all.back().held.lock();
  if (last && last->state_ == state) return last;
  age();
  answering();
  failures().with({state->label()});
  std::shared_ptr<SnapshotKeeper> keeper(new SnapshotKeeper(path, source, std::move(state), pace));
  all.push_back({keeper.get(), keeper});
  keeper->start();
  return keeper;
}

SnapshotKeeper::SnapshotKeeper(std::string path, const SourceOptions& source, StatePtr state, SnapshotPace pace)
    : path_(std::move(path)),
      identity_(cluster::digest_of(source.identity())),
      state_(std::move(state)),
      clock_(state_->clock()),
      pace_(pace) {}

SnapshotKeeper::~SnapshotKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  auto keepers = registry().lock();
  auto& all = (*keepers)[path_];
  std::erase_if(all, [this](const Kept& kept) { return kept.keeper == this; });
  if (all.empty()) keepers->erase(path_);
  age().remove({state_->label()});
  answering().remove({state_->label()});
}

void SnapshotKeeper::start() {
  thread_ = std::thread([this] { run(); });
  state_->when_synced([weak = weak_from_this()] {
    const auto keeper = weak.lock();
    if (!keeper) return;
    {
      const std::lock_guard lock(keeper->mutex_);
      keeper->synced_ = true;
    }
    keeper->wake_.notify_all();
  });
}

void SnapshotKeeper::run() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return synced_ || stopping_; });
  while (!stopping_) {
    lock.unlock();
    if (due()) save_and_tell();
    lock.lock();
    wake_.wait_for(lock, pace_.after_changes, [this] { return stopping_; });
  }
  const bool known = synced_;
  lock.unlock();
  if (known && state_->index().version() != saved_version_) save_and_tell();
}

// The time of a file that has not changed moves on too, but only as long as the API server is heard.
bool SnapshotKeeper::due() const {
  if (saved_at_ == SteadyTime() || state_->index().version() != saved_version_) return true;
  if (clock_.now() - saved_at_ < pace_.unchanged) return false;
  for (size_t i = 0; i < cluster::kKinds; ++i) {
    const auto kind = static_cast<cluster::Kind>(i);
    if (state_->wants(kind) && state_->connection(kind).working.load(std::memory_order_relaxed) != 1) return false;
  }
  return true;
}

bool SnapshotKeeper::owns_file() const {
  auto keepers = registry().lock();
  return (*keepers)[path_].back().keeper == this;
}

void SnapshotKeeper::save_and_tell() {
  if (!owns_file()) return;
  const auto saved = save();
  const bool failed_before = failing_.exchange(!saved, std::memory_order_relaxed);
  if (!saved) {
    failures().with({state_->label()}).add();
    log::limited(log::Level::warning,
                 "plugin/kubernetes: snapshot " + path_ + " cannot be saved: " + saved.error().message, kRepeatSeconds);
  } else if (failed_before) {
    log::info("plugin/kubernetes: snapshot " + path_ + " is saved again");
  }
}

Result<void> SnapshotKeeper::save() {
  const Index& index = state_->index();
  for (int i = 0; i < kMostTries; ++i) {
    const uint64_t version = index.version();
    const cluster::SnapshotHead head{identity_, clock_.wall(), index.services().serial()};
    auto file = cluster::SnapshotFile::create(path_, head);
    if (!file) return file.error();
    SnapshotCursor cursor;
    std::string rows;
    while (!cursor.done()) {
      rows.clear();
      index.collect(cursor, rows);
      if (auto written = file->write(rows); !written) return written;
    }
    if (cursor.lost) continue;
    if (auto finished = file->finish(); !finished) return finished;
    saved_version_ = version;
    saved_at_ = clock_.now();
    const auto when = std::chrono::duration_cast<std::chrono::milliseconds>(head.saved.time_since_epoch());
    saved_.store(when.count(), std::memory_order_relaxed);
    return {};
  }
  return fail("too much has changed meanwhile");
}

void SnapshotKeeper::show() const {
  const Index& index = state_->index();
  const bool from_snapshot = index.restored() && !index.synced();
  answering().with({state_->label()}).set(from_snapshot ? 1 : 0);
  std::chrono::milliseconds saved(saved_.load(std::memory_order_relaxed));
  if (from_snapshot) {
    saved = std::chrono::duration_cast<std::chrono::milliseconds>(index.restored_from().time_since_epoch());
  }
  if (saved.count() == 0) return;
  const std::chrono::duration<double> since = clock_.wall().time_since_epoch() - saved;
  age().with({state_->label()}).set(since.count());
}

}  // namespace portolan::kubernetes
