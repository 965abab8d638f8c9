// Names and records taken from shared structures, or from another query, into the arena of the query that keeps them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "dns/message.h"

namespace portolan {

/// Lives as long as `arena` does.
inline dns::NameView name_copy(dns::NameView name, Arena& arena) {
  return {arena.copy(name.wire()).data(), static_cast<uint8_t>(name.size())};
}

/// Of a well-formed name in wire form that is kept as text.
inline dns::NameView name_copy(std::string_view wire, Arena& arena) {
  return name_copy(dns::NameView(reinterpret_cast<const uint8_t*>(wire.data()), static_cast<uint8_t>(wire.size())),
                   arena);
}

/// With its owner and its rdata.
inline dns::Record record_copy(dns::Record record, Arena& arena) {
  record.owner = name_copy(record.owner, arena);
  record.rdata = arena.copy(record.rdata);
  return record;
}

}  // namespace portolan
