// Signing a whole zone: keys, CDS and CDNSKEY at the apex, the NSEC chain, and RRSIGs over all that is authoritative.
#pragma once

#include <functional>

#include "zones/dnssec/rrsig.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

struct ZoneSigning {
  const KeySet* keys = nullptr;  // one key at least
  uint32_t serial = 0;           // of the SOA, whatever the zone's was
  Validity validity;
  std::function<bool()> stopped = [] { return false; };  // asked now and then: give up
};

struct SignedZone {
  std::vector<dns::OwnedRecord> records;  // SOA first, then NS, each rrset with its RRSIGs behind it
  size_t outside = 0;                     // records left out because their owners lie outside the zone
};

/// What `zone` holds of DNSKEY, CDS, CDNSKEY, NSEC and RRSIG is replaced; NSEC3, NSEC3PARAM and ZONEMD, which would
/// speak of another zone then, are left out. Delegations, what lies below them and below a DNAME is not signed (RFC
/// 4035 section 2). Error: a key does not sign, or it was stopped.
Result<SignedZone> sign_zone(const ZoneTree& zone, const ZoneSigning& how);

}  // namespace portolan::zones
