// The files an `import` names: what matches a pattern, and a bounded reading of each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace portolan::corefile {

struct ImportMatches {
  std::vector<std::string> paths;  // absolute, in the order of their names
  bool wildcard = false;           // a wildcard may match nothing, a plain name may not
};

/// Files for `pattern`, relative to the folder of `importing_file`. As with CoreDNS one `*` and one `?` are allowed, in
/// any part of the path, and they match leading dots.
Result<ImportMatches> find_imports(std::string_view pattern, const std::string& importing_file);

/// `path` from the root on, as far as the working directory is known.
std::string absolute_path(const std::string& path);

/// A regular file's text of at most `room` octets.
Result<std::string> read_import(const std::string& path, size_t room);

}  // namespace portolan::corefile
