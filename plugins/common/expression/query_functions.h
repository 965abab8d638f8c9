// The functions that tell of a query, CoreDNS's own: type(), client_ip(), incidr() and the like.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plugins/common/expression/node.h"

namespace portolan::expression {

enum class QueryFunctionId : uint8_t {
  bufsize,
  klass,
  client_ip,
  dnssec_ok,
  group,
  id,
  in_cidr,
  metadata,
  name,
  opcode,
  port,
  proto,
  server_ip,
  server_port,
  size,
  type,
};

struct QueryFunction {
  std::string_view name;
  QueryFunctionId id;
  std::string_view arguments;  // as in Builtin
  TypeKind gives;
};

/// Null when there is none of this name.
const QueryFunction* find_query_function(std::string_view name);
const QueryFunction& query_function_of(QueryFunctionId id);

class Evaluation;
/// What the function of `node`, a call, says of the evaluation's query.
Value call_query_function(Evaluation& evaluation, const Node& node);

}  // namespace portolan::expression
