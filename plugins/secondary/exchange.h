// What a secondary asks its primaries: the serial of a zone, and the zone.
#pragma once

#include <memory>

#include "base/address.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/task.h"
#include "zones/incoming_transfer.h"

namespace portolan::secondary {

/// How long answers are waited for.
struct Times {
  std::chrono::nanoseconds udp = std::chrono::milliseconds(1500);  // an SOA answer; asked twice, then over TCP
  std::chrono::nanoseconds connect = std::chrono::seconds(5);
  std::chrono::nanoseconds message = std::chrono::seconds(10);   // the next message of a transfer, all of it
  std::chrono::nanoseconds transfer = std::chrono::minutes(30);  // all of a transfer
};

/// What is asked of whom; outlives the tasks below, which may be destroyed at any time.
struct Inquiry {
  Loop& loop;
  SocketAddress primary;
  dns::Name zone;  // lower case
  Times times;
};

/// The serial that the primary has: over UDP, over TCP when that does not give it.
Task<Result<uint32_t>> ask_serial(const Inquiry& inquiry);

/// The zone: IXFR with `current`, and AXFR when the primary would not or could not, or when there is no `current`.
Task<Result<zones::Transferred>> fetch(const Inquiry& inquiry, std::shared_ptr<const zones::ZoneTree> current);

}  // namespace portolan::secondary
