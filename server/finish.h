// The last step of an answer: the OPT that CoreDNS would send, then encoding within the client's size.
#pragma once

#include <cstdint>
#include <span>

#include "server/query.h"

namespace portolan::server {

/// The OPT that goes out with the reply: none when the client sent none and no plugin made one; else the client's size
/// and DO bit with the plugin's options, or those of the client's that are echoed (NSID, EXPIRE, COOKIE, KEEPALIVE,
/// PADDING).
std::optional<dns::Edns> reply_edns(Query& query);

/// From now on an option with `code` is echoed too, in every server block and for good, as with CoreDNS; for setup.
void echo_option(uint16_t code);

/// Octets of the reply with its OPT before compression and truncation: what CoreDNS logs and measures.
size_t uncompressed_reply_size(Query& query);

/// The encoded reply, in the query's arena, truncated to the client's size. Empty when it cannot be packed.
std::span<const uint8_t> encode_reply(Query& query);

struct Encoded {
  std::span<const uint8_t> octets;
  size_t uncompressed = 0;
};
/// One of several messages: the encoded reply, in `arena`. Empty when its records do not fit into one message.
Encoded encode_message(Query& query, Arena& arena);

/// What a packet that is no question gets: a bare header, or header and question; empty: silence.
std::span<const uint8_t> encode_malformed(Query& query, dns::QueryStatus status, const dns::ParsedQuery& parsed);

}  // namespace portolan::server
