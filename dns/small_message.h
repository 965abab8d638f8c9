// Messages that fit without compression: most answers. Nothing is cut and no table of names is kept; names point into
// the question, or to the owner before, which is what such answers have in common.
#pragma once

#include "dns/message.h"

namespace portolan::dns {

/// `parts` has a question and no TSIG, and `out` has room for uncompressed_size(parts), which is at most kMinUdpSize.
/// Returns the size.
size_t encode_small(const MessageParts& parts, uint8_t* out);

}  // namespace portolan::dns
