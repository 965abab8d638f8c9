// RE2 for the names, and the walk through the folder.
#include "plugins/auto/folder.h"

#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

namespace portolan::auto_zones {

namespace fs = std::filesystem;

namespace {

constexpr const char* kDefaultExpression = R"(db\.(.*))";
constexpr const char* kDefaultTemplate = "{1}";

bool is_word(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'; }

// The first letter small, as Go has its messages.
std::string reason(const std::error_code& error) {
  std::string text = error.message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] | 0x20);
  return text;
}

}  // namespace

struct FilePattern::Compiled {
  Compiled(const std::string& text, std::string origin)
      : expression(text, options()), origin_template(std::move(origin)) {}
  static RE2::Options options() {
    RE2::Options made;
    made.set_log_errors(false);
    return made;
  }
  // The group that `name` means, by number or name; what matches nothing is empty, as in Go.
  std::string_view group(const std::string& name, const std::vector<re2::StringPiece>& groups) const;

  RE2 expression;
  std::string origin_template;
};

std::string_view FilePattern::Compiled::group(const std::string& name,
                                              const std::vector<re2::StringPiece>& groups) const {
  size_t number = groups.size();
  if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    if (name.size() <= 4) number = std::stoul(name);
  } else if (const auto& named = expression.NamedCapturingGroups(); named.count(name) != 0) {
    number = static_cast<size_t>(named.at(name));
  }
  return number < groups.size() ? std::string_view(groups[number].data(), groups[number].size()) : std::string_view();
}

FilePattern::FilePattern() : FilePattern(std::make_unique<Compiled>(kDefaultExpression, kDefaultTemplate)) {}
FilePattern::FilePattern(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
FilePattern::~FilePattern() = default;
FilePattern::FilePattern(FilePattern&&) noexcept = default;
FilePattern& FilePattern::operator=(FilePattern&&) noexcept = default;

Result<FilePattern> FilePattern::compile(const std::string& expression, const std::string& origin_template) {
  constexpr size_t kMostOctets = 10'000;
  if (expression.size() > kMostOctets) return fail("regexp too large");
  auto compiled = std::make_unique<Compiled>(expression, origin_template);
  if (!compiled->expression.ok()) {
    return fail("error parsing regexp: " + compiled->expression.error() + " in `" + expression + "`");
  }
  if (compiled->expression.NumberOfCapturingGroups() == 0) return fail("Need at least one sub expression");
  return FilePattern(std::move(compiled));
}

// {1}, {name}, $1 and $name stand for groups, $$ for a dollar sign.
std::optional<std::string> FilePattern::origin(const std::string& file_name) const {
  std::vector<re2::StringPiece> groups(static_cast<size_t>(compiled_->expression.NumberOfCapturingGroups()) + 1);
  if (!compiled_->expression.Match(file_name, 0, file_name.size(), RE2::UNANCHORED, groups.data(),
                                   static_cast<int>(groups.size()))) {
    return std::nullopt;
  }
  const std::string& text = compiled_->origin_template;
  std::string made;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c != '{' && c != '$') {
      made += c;
      continue;
    }
    if (c == '$' && at < text.size() && text[at] == '$') {
      made += text[at++];
      continue;
    }
    const bool braces = c == '{' || (at < text.size() && text[at] == '{');
    const size_t begin = c == '$' && braces ? at + 1 : at;
    size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    const bool whole = end > begin && (!braces || (end < text.size() && text[end] == '}'));
    if (!whole) {
      made += c;
      continue;
    }
    made += compiled_->group(text.substr(begin, end - begin), groups);
    at = braces ? end + 1 : end;
  }
  return made;
}

namespace {

class Walk {
 public:
  explicit Walk(const FilePattern& pattern) : pattern_(pattern) {}

  void folder(const fs::path& path) {
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator each(path, error), end; !error && each != end; each.increment(error)) {
      entries.push_back(each->path());
    }
    if (error) return unreadable(path, error);
    std::sort(entries.begin(), entries.end());
    for (const fs::path& each : entries) entry(each);
  }

  Scan take() { return std::move(scan_); }

 private:
  void unreadable(const fs::path& path, const std::error_code& error) {
    scan_.complaints.push_back("error reading " + path.string() + ": lstat " + path.string() + ": " + reason(error));
    // A folder that does not exist holds no zones; any other may hold some.
    if (error != std::errc::no_such_file_or_directory) scan_.complete = false;
  }

  void entry(const fs::path& path) {
    const std::string name = path.filename().string();
    std::error_code error;
    if (fs::symlink_status(path, error).type() == fs::file_type::directory) {
      if (!name.starts_with("..")) folder(path);
      return;
    }
    const auto origin = pattern_.origin(name);
    if (!origin) return;
    const fs::file_type type = fs::status(path, error).type();
    if (type == fs::file_type::regular) return file(path.string(), *origin);
    if (error && type != fs::file_type::not_found) unreadable(path, error);
  }

  void file(const std::string& path, const std::string& text) {
    const auto origin = text.empty() ? Result<dns::Name>(fail("it is empty")) : dns::Name::parse(text);
    if (origin.has_error()) {
      scan_.complaints.push_back("the name of " + path + " gives no origin: \"" + text +
                                 "\" is no domain name: " + origin.error().message);
      return;
    }
    const auto [known, is_new] = paths_.emplace(origin->lower(), path);
    if (is_new) {
      scan_.files.push_back({origin->lower(), path});
    } else {
      scan_.complaints.push_back("Multiple zone files match origin \"" + known->first.text() + "\": using \"" +
                                 known->second + "\" instead of \"" + path + "\"");
    }
  }

  const FilePattern& pattern_;
  Scan scan_;
  std::unordered_map<dns::Name, std::string, dns::NameHash, dns::NameEqual> paths_;
};

}  // namespace

Scan scan(const std::string& folder, const FilePattern& pattern) {
  Walk walk(pattern);
  walk.folder(folder);
  return walk.take();
}

}  // namespace portolan::auto_zones
