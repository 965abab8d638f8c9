// What kind of answer a reply is, for the classes of the `log` plugin.
#pragma once

#include <cstdint>
#include <ctime>
#include <string_view>

#include "server/query.h"

namespace portolan::query_log {

/// Bits, so that a rule can want several. `all` includes what belongs to no other class.
enum Class : uint8_t { kSuccess = 1, kDenial = 2, kError = 4, kAll = 8 };

/// What the client gets, more finely; the names are CoreDNS's.
enum class Type : uint8_t { noerror, nxdomain, server_error, nodata, delegation, meta, other_error };

/// `now` is for signatures that have expired.
Type type_of(const server::Query& query, const server::Outcome& outcome, std::time_t now);
Class class_of(Type type);
/// "NODATA": the label `log/type`.
std::string_view text(Type type);
/// "denial": the label `log/class`.
std::string_view text(Class cls);

}  // namespace portolan::query_log
