// What a rule puts into an EDNS option: octets of the Corefile, something about the query, or the client's subnet.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/query.h"

namespace portolan::rewrite {

/// Unchanging; for all workers.
class EdnsValue {
 public:
  virtual ~EdnsValue() = default;
  /// The option's data, in the query's arena or as long-lived as the rule; nothing: the query has no such value, and
  /// the rule does not apply.
  virtual std::optional<std::span<const uint8_t>> of(server::Query& query) const = 0;
};

std::unique_ptr<EdnsValue> fixed_value(std::string octets);
/// RFC 7871: as many leading bits of the client's address.
std::unique_ptr<EdnsValue> subnet_value(uint8_t v4_bits, uint8_t v6_bits);
/// `name` without its braces: qname, qtype, client_ip, client_port, protocol, server_ip, server_port, or a label of the
/// metadata plugin, PLUGIN/NAME. Null when it is none of them.
std::unique_ptr<EdnsValue> variable_value(std::string_view name);

}  // namespace portolan::rewrite
