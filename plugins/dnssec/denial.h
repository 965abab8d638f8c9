// The NSEC record of a denial made on the fly: the name that was asked exists, and has nothing of the type asked for.
#pragma once

#include <optional>

#include "dns/message.h"

namespace portolan::dnssec {

enum class Denied : uint8_t {
  type,       // the name exists, or may
  name,       // it does not
  delegation  // below a delegation without a DS
};

/// The NSEC for `question`, whose zone's apex is `apex` or not; in `arena`. With `compact`, a name that does not exist
/// has the type NXNAME and no other (RFC 9824). None: no name follows this one.
std::optional<dns::Record> denial(const dns::Question& question, bool apex, Denied denied, bool compact, uint32_t ttl,
                                  Arena& arena);

}  // namespace portolan::dnssec
