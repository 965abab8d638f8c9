// What a reply says, as far as signing it differs.
#pragma once

#include <cstdint>

#include "server/query.h"

namespace portolan::dnssec {

enum class ReplyKind : uint8_t {
  delegation,  // NS records in the authority section, and no answer
  denial,      // no such name, or nothing of this type
  other        // each rrset is signed
};

/// Of the query's reply, at `now` (seconds since the Unix epoch). A denial that came with signatures that hold no more
/// counts as other: it is not to be dressed up anew.
ReplyKind kind_of(const server::Query& query, uint32_t now);

}  // namespace portolan::dnssec
