// Reading the file at start and at each change.
#include "plugins/common/file_zone.h"

#include <sys/stat.h>

#include "base/log.h"
#include "zones/zonemd.h"

namespace portolan {
namespace {

int64_t modified(const std::string& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return 0;
  return found.st_mtim.tv_sec * int64_t{1'000'000'000} + found.st_mtim.tv_nsec;
}

bool is_open_error(const Error& error) { return error.message.starts_with("open "); }

}  // namespace

Result<void> FileZone::load() {
  mtime_ = modified(path_);
  auto text = zones::read_file(path_);
  open_failed_ = text.has_error() && is_open_error(text.error());
  if (text.has_error()) return text.error();
  auto found = read(*text, {});
  if (found.has_error()) return found.error();
  warnings_ = std::move(found->warnings);
  tree_.replace(std::move(found->tree));
  return {};
}

Result<void> FileZone::check() const {
  const auto text = zones::read_file(path_);
  if (text.has_error() && is_open_error(text.error())) return {};
  if (text.has_error()) return text.error();
  if (const auto found = read(*text, {}); found.has_error()) return found.error();
  return {};
}

Result<zones::ZoneRead> FileZone::read(std::string_view text, const zones::ReadOptions& options) const {
  auto found = zones::read_zone_text(text, path_, origin_, options);
  if (found.has_error() || !found->tree || !check_digests_) return found;
  if (const auto checked = zones::check_zonemd(*found->tree); checked.has_error()) {
    return fail(path_ + ": " + checked.error().message);
  }
  return found;
}

std::shared_ptr<const zones::ZoneTree> FileZone::current() const {
  const rcu::ReadGuard guard;
  return tree_.share();
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
  auto found = read(*text, options);
  mtime_ = time;
  if (found.has_error()) {
    complain("Parsing zone \"" + origin_.text() + "\": " + found.error().message);
    return false;
  }
  complaint_.clear();
  if (!found->tree) return false;
  for (const std::string& warning : found->warnings) log::warning("plugin/" + plugin_ + ": " + warning);
  const uint32_t serial = found->tree->serial();
  tree_.replace(std::move(found->tree));
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
