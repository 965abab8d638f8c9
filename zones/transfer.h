// A zone's tree as the records of a transfer (RFC 5936).
#pragma once

#include <memory>

#include "zones/record_stream.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

/// All records of `tree`, which it keeps alive; the SOA alone when `serial` (0: AXFR) is the tree's. Nobody keeps what
/// changed between two versions, so that an IXFR client with any other serial gets the whole zone (RFC 1995 section 4).
/// Records whose owners lie outside the zone are left out.
std::unique_ptr<RecordStream> transfer(std::shared_ptr<const ZoneTree> tree, uint32_t serial);

}  // namespace portolan::zones
