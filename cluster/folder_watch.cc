// A file counts as changed when its writer closes it, when another takes its name, or when it goes; not while it is
// written.
#include "cluster/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error_text.h"

namespace portolan::cluster {
namespace {

constexpr uint32_t kMask =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::chrono::milliseconds kQuiet{20}, kLongest{50};

/// A new link is complete at once; a new file is not until it is closed, which is an event of its own.
bool complete(const std::string& path) {
  struct stat found{};
  return ::lstat(path.c_str(), &found) != 0 || S_ISLNK(found.st_mode) || found.st_nlink > 1;
}

}  // namespace

FolderWatch::~FolderWatch() {
  if (inotify_ >= 0) ::close(inotify_);
  if (wake_ >= 0) ::close(wake_);
}

Result<void> FolderWatch::open() {
  inotify_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (inotify_ < 0 || wake_ < 0) return fail("files cannot be watched: " + error_text(errno));
  return {};
}

void FolderWatch::add(const std::string& folder) {
  const int id = ::inotify_add_watch(inotify_, folder.c_str(), kMask);
  if (id >= 0) folders_[id] = folder;
}

std::set<std::string> FolderWatch::wait(std::chrono::milliseconds timeout) {
  std::set<std::string> names;
  if (!poll_once(static_cast<int>(timeout.count()), names) || names.empty()) return names;
  const auto end = std::chrono::steady_clock::now() + kLongest;
  while (std::chrono::steady_clock::now() < end && poll_once(static_cast<int>(kQuiet.count()), names)) {
  }
  return names;
}

/// True when there were events.
bool FolderWatch::poll_once(int milliseconds, std::set<std::string>& names) {
  pollfd waits[] = {{inotify_, POLLIN, 0}, {wake_, POLLIN, 0}};
  if (::poll(waits, 2, milliseconds) <= 0 || (waits[1].revents & POLLIN) != 0) return false;
  alignas(inotify_event) char buffer[16 << 10];
  const ssize_t length = ::read(inotify_, buffer, sizeof buffer);
  for (ssize_t at = 0; at < length;) {
    const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    const std::string name = event->len ? event->name : "";
    if ((event->mask & IN_CREATE) && !complete(folders_[event->wd] + "/" + name)) continue;
    names.insert(name);
    if (event->mask & IN_IGNORED) folders_.erase(event->wd);
  }
  return true;
}

void FolderWatch::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

}  // namespace portolan::cluster
