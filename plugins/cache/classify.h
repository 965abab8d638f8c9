// What a reply is to the cache: whether it may be kept, on which side, and for how long (RFC 2308).
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "server/query.h"

namespace portolan::cache {

enum class Kind : uint8_t {
  positive,      // NOERROR that is none of the others
  denied,        // NXDOMAIN
  no_data,       // NOERROR that answers nothing, with a SOA
  server_error,  // SERVFAIL, NOTIMP
  delegation,    // NOERROR with nothing but NS
  meta,          // NOTIFY, transfers, UPDATE
  other,         // every other error, and answers with expired signatures
};

/// As the message looks: any answer section makes NOERROR positive. With `wall`, which is for questions with DO set,
/// RRSIGs must be good at that time.
Kind kind_of(const server::Reply& reply, const dns::Question& question, std::optional<WallTime> wall);

/// Whether a NOERROR reply has a record of the type asked for at the end of the CNAME chain that begins at the
/// question's name (RFC 1034 section 3.6.2).
bool answers_question(const server::Reply& reply, const dns::Question& question);

/// As kind_of(), but an answer section that is not `answering` the question is no_data where a SOA bounds its life.
Kind cached_kind_of(const server::Reply& reply, const dns::Question& question, bool answering,
                    std::optional<WallTime> wall);

/// Whether the reply is to the question that was asked, before or after it was rewritten.
bool is_reply_to(const server::Query& query);

/// Whether a reply of this kind, `answering` its question or not, may be kept at all.
bool may_keep(Kind kind, const server::Reply& reply, bool answering);

/// The smallest TTL of the records, at most `most`; 5 for replies without records, errors and delegations.
uint32_t smallest_ttl(Kind kind, const server::Reply& reply, uint32_t most);

}  // namespace portolan::cache
