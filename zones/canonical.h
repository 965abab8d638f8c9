// The canonical form of records (RFC 4034 section 6), which signatures and digests are made of.
#pragma once

#include <string>

#include "dns/message.h"

namespace portolan::zones {

/// The rdata with its names in lower case, where the type is one whose names are (RFC 4034 section 6.2, less NSEC: RFC
/// 6840 section 5.1); newer types keep the case (RFC 3597 section 7).
std::string canonical_rdata(const dns::Record& record);

}  // namespace portolan::zones
