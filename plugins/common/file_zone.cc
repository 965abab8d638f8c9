// Reading the file at start and at each change.
#include "plugins/common/file_zone.h"

#include <sys/stat.h>

#include "base/log.h"
#include "zones/zone_file.h"

namespace portolan {
namespace {

int64_t modified(const std::string& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return 0;
  return found.st_mtim.tv_sec * int64_t{1'000'000'000} + found.st_mtim.tv_nsec;
}

}  // namespace

Result<void> FileZone::load() {
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

bool FileZone::look(bool by_mtime) {
  const zones::ZoneTree* current = tree_.read();  // only this thread replaces it
  const int64_t time = modified(path_);
  if (by_mtime && current && time == mtime_) return false;
  zones::ReadOptions options;
  if (!by_mtime && current) options.unchanged_serial = current->serial();
  const auto text = zones::read_file(path_);
  if (text.has_error()) {
    complain("Failed to open zone \"" + origin_.text() + "\" in \"" + path_ + "\": " + text.error().message);
    return false;
  }
  auto read = zones::read_zone_text(*text, path_, origin_, options);
  mtime_ = time;
  if (read.has_error()) {
    complain("Parsing zone \"" + origin_.text() + "\": " + read.error().message);
    return false;
  }
  complaint_.clear();
  if (!read->tree) return false;
  for (const std::string& warning : read->warnings) log::warning("plugin/" + plugin_ + ": " + warning);
  const uint32_t serial = read->tree->serial();
  tree_.replace(std::move(read->tree));
  log::info("plugin/" + plugin_ + ": Successfully reloaded zone \"" + origin_.text() + "\" in \"" + path_ + "\" with " +
            std::to_string(serial) + " SOA serial");
  return true;
}

// A file that stays broken is complained about once, not at each look.
void FileZone::complain(const std::string& text) {
  if (text == complaint_) return;
  complaint_ = text;
  log::error("plugin/" + plugin_ + ": " + text);
}

}  // namespace portolan
