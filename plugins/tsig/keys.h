// The secrets of a server: by name, from the Corefile and from files in named.conf's form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dns/tsig.h"

namespace portolan::tsig {

struct Key {
  std::optional<std::string> secret;            // none: its text is no base64, so nothing can be signed with it
  std::optional<dns::TsigAlgorithm> algorithm;  // none: any that is offered
};

using Keys = std::unordered_map<dns::Name, Key, dns::NameHash, dns::NameEqual>;

/// Adds a key. `algorithm` may be empty: any will do. Errors: what is no name or no algorithm; a name that is there.
Result<void> add_key(Keys& keys, std::string_view name, std::string_view secret, std::string_view algorithm);

/// Adds what the file at `path` holds: `key "NAME" { algorithm ALGORITHM; secret "SECRET"; };` any number of times, and
/// comments. Errors begin with PATH, or PATH:LINE.
Result<void> read_key_file(const std::string& path, Keys& keys);

}  // namespace portolan::tsig
