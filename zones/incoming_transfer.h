// A zone as it comes from a primary: the messages of AXFR (RFC 5936) or IXFR (RFC 1995), read one by one into the next
// version of the zone. Pure: sockets are somebody else's.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "zones/zone_change.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

struct TransferLimits {
  size_t records = 5'000'000;
  size_t octets = size_t{512} << 20;  // of owners and rdata, uncompressed
};

/// What a transfer has brought.
struct Transferred {
  std::unique_ptr<const ZoneTree> tree;  // null: the primary has nothing newer
  uint32_t serial = 0;                   // the primary's
  bool incremental = false;
  size_t records = 0;  // that were sent
  size_t outside = 0;  // of these, records of other zones, which are left out
};

/// One transfer. With `current`, IXFR was asked for, and the answer may be a whole zone all the same; without, AXFR.
class IncomingTransfer {
 public:
  IncomingTransfer(const dns::Name& origin, std::shared_ptr<const ZoneTree> current, TransferLimits limits = {});

  /// Reads the next message of the answer, whose id the caller has compared. True: it was the last one. After an error
  /// nothing more may be read.
  Result<bool> read(std::span<const uint8_t> message);
  /// Once read() has said true.
  Result<Transferred> finish();
  /// Read so far.
  size_t records() const { return records_; }

 private:
  enum class Step : uint8_t { first_soa, second, whole, removing, adding, end };

  Result<void> check(const dns::ParsedMessage& message) const;
  Result<void> take(const dns::Record& record);
  Result<void> take_soa(const dns::Record& record);
  Result<void> take_data(const dns::Record& record);

  const dns::Name origin_;
  const std::shared_ptr<const ZoneTree> current_;
  const TransferLimits limits_;
  Step step_ = Step::first_soa;
  bool nothing_newer_ = false;
  uint32_t final_serial_ = 0;
  uint32_t at_serial_ = 0;  // of the version that the changes have led to, or lead to
  dns::OwnedRecord soa_;    // of the version that comes
  size_t records_ = 0, octets_ = 0, outside_ = 0;
  ZoneBuilder builder_;
  std::optional<ZoneChange> change_;  // with IXFR
};

}  // namespace portolan::zones
