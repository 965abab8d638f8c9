// What rdata of each type is made of: one letter a field. Reading, checking and decompressing rdata follow it.
#pragma once

#include "dns/types.h"

namespace portolan::dns {

/// The fields in order:
///   digits   an integer or address of so many octets; 'x' has 16
///   N        a domain name, which may arrive compressed
///   S        a character-string
///   h, H     octets behind their count of one or two octets
///   T        character-strings up to the end
///   B        a type bitmap up to the end (RFC 4034 section 4.1.2)
///   P, V, O  prefixes of APL, parameters of SVCB, options of OPT, up to the end
///   R        anything, up to the end
/// Types without an entry are "R" (RFC 3597).
const char* rdata_schema(RRType type);

}  // namespace portolan::dns
