// RecordStream: the records of a zone in pieces, so that a transfer of any size holds a few of them at a time.
#pragma once

#include "base/arena.h"
#include "dns/message.h"

namespace portolan::zones {

/// SOA first and last (RFC 5936 section 2.2), or the SOA alone. Whoever reads it suspends between two calls, so it
/// holds nothing that only an RCU read section keeps alive: a version of the zone that it shares, or names that it
/// looks up anew in each call.
class RecordStream {
 public:
  virtual ~RecordStream() = default;
  /// Appends the next records: those of a name, of a service. What they point to lies in `arena` or belongs to the
  /// stream; the reader may reset `arena` before the next call. False: there are no more, and none was appended.
  virtual bool next(Arena& arena, ArenaVector<dns::Record>& out) = 0;
};

}  // namespace portolan::zones
