// One line of an access list: whom and what it is about. Its own small grammar, `[type QTYPE...] [net SOURCE...]`.
#pragma once

#include <any>
#include <cstdint>
#include <span>
#include <vector>

#include "corefile/option.h"
#include "dns/types.h"
#include "plugins/acl/address_set.h"

namespace portolan::acl {

/// none: no line has said anything.
enum class Action : uint8_t { none, allow, block, filter, drop };
constexpr size_t kActions = 5;

/// What a line is about; without sections, everything.
struct Match {
  bool every_type = true;
  std::vector<dns::RRType> types;  // sorted, where not every one
  AddressSet sources = AddressSet::everything();

  bool matches(dns::RRType type, const IpAddress& source) const;
  bool same_types(const Match& other) const { return every_type == other.every_type && types == other.types; }
};

/// A corefile::Grammar that gives a Match.
Result<std::any> parse_match(std::span<const corefile::Token> tokens);

struct Policy {
  Action action = Action::allow;
  Match match;
};

/// Makes one of neighbours that differ in their sources only, so that a long list of lines is one search.
void merge_neighbours(std::vector<Policy>& policies);

}  // namespace portolan::acl
