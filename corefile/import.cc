// Finding and reading imported files. Only regular files are read, so that a pipe or a device cannot hold up the start.
#include "corefile/import.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/error_text.h"

namespace portolan::corefile {

namespace fs = std::filesystem;

namespace {

bool has_wildcard(std::string_view text) { return text.find_first_of("*?[\\") != std::string_view::npos; }

// Entries of `folder` that match one part of a pattern, by name.
std::vector<fs::path> matches_in(const fs::path& folder, const std::string& part) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (fnmatch(part.c_str(), name.c_str(), 0) == 0) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> expand(const fs::path& pattern) {
  std::vector<fs::path> found = {pattern.root_path()};
  for (const fs::path& part : pattern.relative_path()) {
    std::vector<fs::path> deeper;
    for (const fs::path& base : found) {
      if (has_wildcard(part.string())) {
        const auto matched = matches_in(base, part.string());
        deeper.insert(deeper.end(), matched.begin(), matched.end());
      } else if (std::error_code error; fs::exists(fs::symlink_status(base / part, error))) {
        deeper.push_back(base / part);
      }
    }
    found = std::move(deeper);
  }
  return found;
}

}  // namespace

Result<ImportMatches> find_imports(std::string_view pattern, const std::string& importing_file) {
  std::error_code error;
  const fs::path base = fs::absolute(importing_file, error).parent_path();
  if (error) return fail("Failed to get absolute path of file: " + importing_file + ": " + error.message());
  fs::path full = (base / fs::path(pattern)).lexically_normal();
  if (!full.has_filename() && full.has_relative_path()) full = full.parent_path();
  const std::string text = full.string();
  const auto count = [&](char c) { return std::count(text.begin(), text.end(), c); };
  if (count('*') > 1 || count('?') > 1 || (count('[') != 0 && count(']') != 0)) {
    return fail("Glob pattern may only contain one wildcard (*), but has others: " + text);
  }
  if (count('[') != 0 || text.ends_with('\\')) {
    return fail("Failed to use import pattern " + std::string(pattern) + ": syntax error in pattern");
  }
  ImportMatches out;
  out.wildcard = text.find_first_of("*?[]") != std::string::npos;
  for (const fs::path& path : expand(full)) out.paths.push_back(path.string());
  return out;
}

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

Result<std::string> read_import(const std::string& path, size_t room) {
  const auto refuse = [&](const std::string& why) { return fail("Could not import " + path + ": " + why); };
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error) return refuse("open " + path + ": " + error_text(error.value()));
  if (fs::is_directory(status)) return refuse("is a directory");
  if (!fs::is_regular_file(status)) return refuse("is not a regular file");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return refuse("open " + path + ": " + error_text(errno));
  std::string text;
  std::array<char, 16384> piece{};
  while (in.read(piece.data(), piece.size()) || in.gcount() > 0) {
    text.append(piece.data(), static_cast<size_t>(in.gcount()));
    if (text.size() > room) return refuse("the configuration is larger than is allowed");
  }
  if (in.bad()) return refuse("read " + path + ": " + error_text(errno));
  return {boost::system::in_place_value, std::move(text)};
}

}  // namespace portolan::corefile
