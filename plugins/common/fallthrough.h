// The option `fallthrough [ZONES...]` of plugins that hold data: for which names a query that found nothing goes on to
// the next plugin.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "corefile/option.h"
#include "dns/name.h"

namespace portolan {

/// A plain value; the default passes nothing on.
struct Fallthrough {
  std::vector<dns::Name> zones;  // lower case; the root: every name

  /// From the option's arguments: none stands for every name, a CIDR for its reverse zones. A word that is no domain
  /// name is accepted, as CoreDNS does: no query lies under it.
  static Fallthrough parse(std::span<const std::string> arguments);
  /// The same from an OptionUse whose arguments are texts.
  static Fallthrough parse(const corefile::OptionUse& use) { return parse(use.texts()); }

  /// Whether `lower`, a name in lower case, goes on to the next plugin.
  bool through(dns::NameView lower) const {
    for (const dns::Name& zone : zones) {
      if (lower.is_under_lower(zone)) return true;
    }
    return false;
  }
};

}  // namespace portolan
