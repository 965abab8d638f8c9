// The zone files of a folder: which they are, and what origin their names give.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"

namespace portolan::auto_zones {

/// A regular expression for file names, and the template that makes an origin of what it matched.
class FilePattern {
 public:
  /// `db\.(.*)` and `{1}`.
  FilePattern();
  ~FilePattern();
  FilePattern(FilePattern&&) noexcept;
  FilePattern& operator=(FilePattern&&) noexcept;
  /// Errors: what is wrong with the expression; one without a group.
  static Result<FilePattern> compile(const std::string& expression, const std::string& origin_template);

  /// What the template makes of a file name; none when it does not match.
  std::optional<std::string> origin(const std::string& file_name) const;

 private:
  struct Compiled;
  explicit FilePattern(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

struct ZoneFile {
  dns::Name origin;  // lower case
  std::string path;
};

/// What lies in a folder.
struct Scan {
  std::vector<ZoneFile> files;          // each origin once
  std::vector<std::string> complaints;  // one line each
  bool complete = true;                 // false: some of it could not be read, so that files may be missing here
};

/// Looks through `folder` and the folders in it, in the order of names. Links to files are followed, links to folders
/// are not, but for `folder` itself; the "..data" folders of a Kubernetes volume are passed over, since links lead to
/// their files. Of several files for an origin the first counts.
Scan scan(const std::string& folder, const FilePattern& pattern);

}  // namespace portolan::auto_zones
