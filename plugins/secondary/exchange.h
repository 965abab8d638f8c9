// What a secondary asks its primaries: the serial of a zone, and the zone.
#pragma once

#include <memory>

#include "base/address.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/task.h"
#include "dns/tsig_request.h"
#include "zones/incoming_transfer.h"

namespace portolan::secondary {

/// How long answers are waited for.
struct Times {
  std::chrono::nanoseconds udp = std::chrono::milliseconds(1500);  // an SOA answer; asked twice, then over TCP
  std::chrono::nanoseconds connect = std::chrono::seconds(5);
  std::chrono::nanoseconds message = std::chrono::seconds(10);   // the next message of a transfer, all of it
  std::chrono::nanoseconds transfer = std::chrono::minutes(30);  // all of a transfer
};

/// Who has a zone. With a key every request is signed, and no answer is taken that is not (RFC 8945).
struct Primary {
  Primary(const SocketAddress& at, std::shared_ptr<const dns::TsigKey> with = nullptr)
      : address(at), key(std::move(with)) {}
  bool operator==(const Primary& other) const {
    return address == other.address && (key && other.key ? *key == *other.key : key == other.key);
  }

  SocketAddress address;
  std::shared_ptr<const dns::TsigKey> key;
};

/// What is asked of whom; outlives the tasks below, which may be destroyed at any time.
struct Inquiry {
  Loop& loop;
  Primary primary;
  dns::Name zone;  // lower case
  Times times;
  const Clock& clock = system_clock();  // what signatures say
};

/// The serial that the primary has: over UDP, over TCP when that does not give it.
Task<Result<uint32_t>> ask_serial(const Inquiry& inquiry);

/// The zone: IXFR with `current`, and AXFR when the primary would not or could not, or when there is no `current`.
Task<Result<zones::Transferred>> fetch(const Inquiry& inquiry, std::shared_ptr<const zones::ZoneTree> current);

}  // namespace portolan::secondary
