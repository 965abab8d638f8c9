// Sets of types as NSEC, NSEC3 and CSYNC have them (RFC 4034 section 4.1.2).
#pragma once

#include <span>
#include <string>

#include "dns/types.h"

namespace portolan::dns {

/// Appends the bitmap of `types`, which are in rising order, each once.
void append_type_bitmap(std::string& out, std::span<const RRType> types);

}  // namespace portolan::dns
