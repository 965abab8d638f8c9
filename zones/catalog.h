// Catalog zones (RFC 9432): a zone whose records list other zones, which a secondary then serves too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

struct CatalogMember {
  std::string id;                      // the unique label, in lower case (section 4.1)
  dns::Name zone;                      // lower case
  std::optional<dns::Name> new_owner;  // the `coo` property: the catalog it goes to (section 4.3.1)
};

/// In the order of ids.
using Catalog = std::vector<CatalogMember>;

/// The members of the catalog in `tree`. Errors, after which nothing of it may be used (section 5.1): no NS record, not
/// exactly one version, another than "2", a member with several zones, a zone or a `coo` property that is there twice,
/// more than `most_members`. Properties that are not known are passed over.
Result<Catalog> read_catalog(const ZoneTree& tree, size_t most_members = 100'000);

}  // namespace portolan::zones
