// A source that reads manifests and goes on watching them: a thread that rereads what changed and tells the difference.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/log.h"
#include "cluster/folder_watch.h"
#include "cluster/manifests.h"
#include "cluster/source.h"

namespace portolan::cluster {
namespace {

namespace fs = std::filesystem;

/// Also looked at without an event this often: not every file system sends them.
constexpr std::chrono::milliseconds kLook{2000};
constexpr std::array kAllKinds{Kind::namespace_, Kind::service, Kind::endpoint_slice, Kind::pod, Kind::service_import};

/// What tells one state of a file from another.
using Stamp = std::array<int64_t, 4>;
Stamp stamp(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {static_cast<int64_t>(found.st_ino), found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
}

std::string folder_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? "." : parent.string();
}

/// start() and stop() belong to one thread; the sink is called from the source's own.
class ManifestsSource : public Source {
 public:
  ManifestsSource(std::vector<std::string> paths, Wanted wanted)
      : paths_(std::move(paths)), wanted_(std::move(wanted)) {}
  ~ManifestsSource() override { stop(); }

  Result<void> start(Sink& sink) override {
    for (const std::string& path : paths_) {
      std::error_code problem;
      if (!fs::exists(path, problem)) return fail("manifests " + path + ": there is no such file or folder");
    }
    auto set = ManifestSet::make(wanted_);
    if (!set) return set.error();
    set_ = std::move(*set);
    if (auto opened = watch_.open(); !opened) return opened;
    thread_ = std::thread([this, &sink] { run(sink); });
    return {};
  }

  void stop() override {
    stopped_ = true;
    watch_.wake();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(Sink& sink) {
    watch_folders();  // before reading: what changes in between is seen afterwards
    reread({});
    watch_folders();
    give_all(sink);
    while (!stopped_) {
      const std::set<std::string> names = watch_.wait(kLook);
      if (stopped_) return;
      const bool changed = reread(names);
      watch_folders();
      if (changed) give_changes(sink);
      for (const Kind kind : kAllKinds) {
        if (set_.wants(kind)) sink.connection(kind, true, {});
      }
    }
  }

  /// The folders of the manifests, and those that symbolic links lead to (a mounted ConfigMap's ..data).
  void watch_folders() {
    std::set<std::string> folders;
    const auto add = [&](const fs::path& path) {
      folders.insert(folder_of(path));
      std::error_code problem;
      if (const fs::path real = fs::canonical(path, problem); !problem) folders.insert(folder_of(real));
    };
    for (const std::string& path : paths_) {
      std::error_code problem;
      if (fs::is_directory(path, problem)) folders.insert(path);
      add(path);
      for (const std::string& file : manifest_files(path)) add(file);
    }
    for (const std::string& folder : folders) watch_.add(folder);
  }

  /// Reads files that are new, changed or named in `names`. True when anything may have changed.
  bool reread(const std::set<std::string>& names) {
    std::vector<std::string> files;
    for (const std::string& path : paths_) {
      for (std::string& file : manifest_files(path)) {
        if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(std::move(file));
      }
    }
    bool changed = files != files_;
    for (const std::string& old : files_) {
      if (std::find(files.begin(), files.end(), old) != files.end()) continue;
      set_.erase(old);
      stamps_.erase(old);
    }
    files_ = std::move(files);
    for (const std::string& file : files_) {
      const Stamp now = stamp(file);
      const auto known = stamps_.find(file);
      if (known != stamps_.end() && known->second == now && !names.contains(fs::path(file).filename().string()))
        continue;
      stamps_[file] = now;
      changed = read(file) || changed;
    }
    return changed;
  }

  /// A file that is broken is reported and keeps the objects it had.
  bool read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in.is_open()) {
      log::error("plugin/kubernetes: manifest " + file + ": cannot be read");
      return false;
    }
    auto objects = read_manifest(file, text);
    if (!objects) {
      log::error("plugin/kubernetes: manifest " + objects.error().message);
      return false;
    }
    set_.put(file, std::move(*objects));
    return true;
  }

  void give_all(Sink& sink) {
    given_ = set_.objects(files_);
    for (const Kind kind : kAllKinds) {
      if (!set_.wants(kind)) continue;
      sink.begin_snapshot(kind);
      for (const auto& [key, object] : given_) {
        if (std::get<Kind>(key) == kind) sink.apply(Object(*object));
      }
      sink.end_snapshot(kind);
      sink.connection(kind, true, {});
    }
  }

  void give_changes(Sink& sink) {
    ManifestSet::Objects now = set_.objects(files_);
    for (const auto& [key, object] : now) {
      const auto known = given_.find(key);
      if (known == given_.end() || (known->second != object && *known->second != *object)) sink.apply(Object(*object));
    }
    for (const auto& [key, object] : given_) {
      if (!now.contains(key)) sink.remove(std::get<0>(key), std::get<1>(key), std::get<2>(key));
    }
    given_ = std::move(now);
  }

  const std::vector<std::string> paths_;
  const Wanted wanted_;
  ManifestSet set_;
  FolderWatch watch_;
  std::vector<std::string> files_;
  std::map<std::string, Stamp> stamps_;
  ManifestSet::Objects given_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Source> manifests_source(std::vector<std::string> paths, Wanted wanted) {
  return std::make_unique<ManifestsSource>(std::move(paths), std::move(wanted));
}

}  // namespace portolan::cluster
