// Answers of which a part will do: a client that needs one of many endpoints is better served with as many as fit its
// size, chosen at random, than with TC and a second question over TCP.
#pragma once

#include <optional>

#include "dns/message.h"

namespace portolan::server {

/// `whole` with a part of its endpoints, such that all of it fits into `limit` octets. Endpoints are the addresses in
/// an answer to A or AAAA; for SRV the targets, each with all of its services and addresses. Every endpoint has the
/// same chance to be in it; they come in random order. `compressed`: counts on a pointer for each name that was written
/// before, as the encoder makes them for names in the first 16 KiB; else on none but the question's. Nothing when not
/// even one endpoint is sure to fit, or there is no choice. Allocates in `arena` only.
std::optional<dns::MessageParts> choose_fitting(const dns::MessageParts& whole, size_t limit, bool compressed,
                                                Arena& arena);

}  // namespace portolan::server
