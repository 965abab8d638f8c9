// Names as keys: SkyDNS writes www.example.org below /skydns as /skydns/org/example/www.
#pragma once

#include <string>
#include <string_view>

#include "base/arena.h"
#include "dns/name.h"

namespace portolan::etcd {

/// `path` of the Corefile as the beginning of every key: absolute, without "." and "..", without a slash at the end;
/// empty for the root.
std::string clean_prefix(std::string_view path);

/// The keys that a name stands for.
struct KeyPath {
  std::string_view whole;  // the name's own key
  std::string_view fixed;  // up to the first label that is a wildcard; the same as `whole` without one
  bool has_wildcard = false;
};
/// Of `lower`, a name in lower case; in `arena`.
KeyPath key_path(std::string_view prefix, dns::NameView lower, Arena& arena);

/// Whether `key` has what `path.whole` asks for, part by part; "*" and "any" stand for any part.
bool matches(const KeyPath& path, std::string_view key);

/// The name of a key, the opposite of key_path() for a prefix of one part: its last part first, without the first one.
Result<dns::Name> name_of_key(std::string_view key);

}  // namespace portolan::etcd
