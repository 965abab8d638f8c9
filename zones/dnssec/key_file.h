// Key files where BIND's dnssec-keygen puts them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "zones/dnssec/key.h"

namespace portolan::zones {

/// The key in BASE.key and BASE.private; `path` is BASE or one of the two. Errors name the file.
Result<SigningKey> read_key(std::string_view path);

/// The bases of the keys for `zone` in `folder`, by name: K<zone>+<algorithm>+<tag>. Error: the folder cannot be read.
Result<std::vector<std::string>> find_keys(const std::string& folder, const dns::Name& zone);

}  // namespace portolan::zones
