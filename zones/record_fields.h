// The fields in front of a record's data: owner, TTL, class and type, in the orders that zone files allow.
#pragma once

#include <optional>

#include "dns/rdata_text.h"
#include "dns/zone_text.h"

namespace portolan::zones {

/// What a zone file remembers from line to line (RFC 1035 section 5.1, RFC 2308 section 4).
struct FieldState {
  dns::Name origin;
  std::optional<dns::Name> owner;       // of the last record
  std::optional<uint32_t> default_ttl;  // by $TTL, or the last TTL that was written
  bool ttl_by_directive = false;
};

/// Reads the record in `entry` and moves `state` on. Errors have no place.
Result<dns::OwnedRecord> read_fields(const dns::ZoneEntry& entry, FieldState& state);

}  // namespace portolan::zones
