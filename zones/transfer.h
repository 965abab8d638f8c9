// A zone's tree as the records of a transfer (RFC 5936), and what has changed in it as those of another (RFC 1995).
#pragma once

#include <memory>

#include "zones/journal_difference.h"
#include "zones/record_stream.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

/// All records of `tree`, which it keeps alive; the SOA alone when `serial` (0: AXFR) is the tree's. Records whose
/// owners lie outside the zone are left out.
std::unique_ptr<RecordStream> transfer(std::shared_ptr<const ZoneTree> tree, uint32_t serial);

/// What leads from serial `from` to serial `to`, difference by difference between two SOA records of `to` (RFC 1995
/// section 4); null when `differences` do not. It shares them.
std::unique_ptr<RecordStream> transfer_changes(std::shared_ptr<const Differences> differences, uint32_t from,
                                               uint32_t to);

}  // namespace portolan::zones
