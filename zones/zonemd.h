// Digests of whole zones (ZONEMD, RFC 8976): whether a zone is what whoever published it has meant.
#pragma once

#include "base/result.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

enum class ZonemdCheck : uint8_t {
  absent,   // the zone has no digest
  unknown,  // only ones by schemes or algorithms that are not known (known: SIMPLE with SHA-384 and SHA-512)
  verified,
};

/// Compares the zone with its digests (section 4); signatures are not looked at. Error: a digest is there that can be
/// compared, and none fits; it says why the last one does not.
Result<ZonemdCheck> check_zonemd(const ZoneTree& tree);

}  // namespace portolan::zones
