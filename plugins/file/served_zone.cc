// Reading the file at start and at each change.
#include "plugins/file/served_zone.h"

#include <sys/stat.h>

#include "base/log.h"
#include "zones/zone_file.h"

namespace portolan::zone_file {
namespace {

int64_t modified(const std::string& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return 0;
  return found.st_mtim.tv_sec * int64_t{1'000'000'000} + found.st_mtim.tv_nsec;
}

}  // namespace

Result<void> ServedZone::load() {
  mtime_ = modified(path_);
  auto text = zones::read_file(path_);
  open_failed_ = text.has_error() && text.error().message.starts_with("open ");
  if (text.has_error()) return text.error();
  auto read = zones::read_zone_text(*text, path_, origin_);
  if (read.has_error()) return read.error();
  warnings_ = std::move(read->warnings);
  tree_.replace(std::move(read->tree));
  return {};
}

void ServedZone::watch(Loop& background, std::chrono::nanoseconds interval, bool by_mtime,
                       std::function<void()> changed) {
  interval_ = interval;
  by_mtime_ = by_mtime;
  changed_ = std::move(changed);
  timer_.emplace(background);
  schedule();
}

void ServedZone::schedule() {
  timer_->start(interval_, [this] {
    look();
    schedule();
  });
}

void ServedZone::look() {
  const zones::ZoneTree* current = tree_.read();  // only this thread replaces it
  const int64_t time = modified(path_);
  if (by_mtime_ && current && time == mtime_) return;
  zones::ReadOptions options;
  if (!by_mtime_ && current) options.unchanged_serial = current->serial();
  const auto text = zones::read_file(path_);
  if (text.has_error()) {
    return complain("Failed to open zone \"" + origin_.text() + "\" in \"" + path_ + "\": " + text.error().message);
  }
  auto read = zones::read_zone_text(*text, path_, origin_, options);
  mtime_ = time;
  if (read.has_error()) return complain("Parsing zone \"" + origin_.text() + "\": " + read.error().message);
  complaint_.clear();
  if (!read->tree) return;
  for (const std::string& warning : read->warnings) log::warning("plugin/file: " + warning);
  const uint32_t serial = read->tree->serial();
  tree_.replace(std::move(read->tree));
  log::info("plugin/file: Successfully reloaded zone \"" + origin_.text() + "\" in \"" + path_ + "\" with " +
            std::to_string(serial) + " SOA serial");
  changed_();
}

// A file that stays broken is complained about once, not at each look.
void ServedZone::complain(const std::string& text) {
  if (text == complaint_) return;
  complaint_ = text;
  log::error("plugin/file: " + text);
}

}  // namespace portolan::zone_file
