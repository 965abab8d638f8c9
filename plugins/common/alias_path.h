// When the way along aliases, from name to name, leads nowhere.
#pragma once

#include <algorithm>
#include <span>

#include "dns/name.h"

namespace portolan {

constexpr size_t kLongestAliasPath = 10;

/// Whether `target`, which `lower` is an alias of, is not to be followed; `path` has the targets that led here.
inline bool is_alias_loop(dns::NameView lower, dns::NameView target, std::span<const dns::NameView> path) {
  // A name below is one too: what is asked for includes all that lies below it.
  if (target.is_under(lower) || path.size() > kLongestAliasPath) return true;
  return std::any_of(path.begin(), path.end(), [&](dns::NameView before) { return before.identical(target); });
}

}  // namespace portolan
