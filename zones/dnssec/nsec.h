// NSEC rdata (RFC 4034 section 4).
#pragma once

#include <span>
#include <string>

#include "dns/message.h"

namespace portolan::zones {

/// `types` in rising order, each once.
std::string nsec_rdata(dns::NameView next, std::span<const dns::RRType> types);

}  // namespace portolan::zones
