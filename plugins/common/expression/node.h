// The tree of an expression: read by the parser, given types and resolved names by the checker, walked for each query.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "plugins/common/expression/value.h"
#include "plugins/common/regex.h"

namespace portolan::expression {

/// Predicates within predicates.
inline constexpr unsigned kMaxPredicates = 8;

enum class Op : uint8_t {
  constant,
  identifier,  // only until the checker has resolved it
  variable,    // `slot` of what the plugin sets
  local,       // `slot` of `let`
  element,     // # in a predicate
  index,       // #index
  total,       // #acc
  negation,
  minus,
  plus,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  power,
  in,
  matches,
  contains,
  starts_with,
  ends_with,
  range,
  coalesce,
  all,  // `and` of any number of operands
  any,  // `or`
  conditional,
  member,  // operand, index; `optional`: ?.
  slice,   // operand, from, to; a constant nil for what is not there
  chain,   // where a ?. that found nil leads to
  array,
  map,       // keys and values in turn
  let,       // value, body; `slot`
  sequence,  // the last one counts
  call,      // of a query function, `function`
  builtin,   // of the language's own, `function`
};

/// What is known of a value before there is one.
enum class TypeKind : uint8_t { unknown, nil, boolean, integer, fraction, text, array, map, query_function };

struct Type {
  TypeKind kind = TypeKind::unknown;
  TypeKind element = TypeKind::unknown;  // of an array

  bool is(TypeKind other) const { return kind == other; }
  bool is_unknown() const { return kind == TypeKind::unknown; }
  bool is_number() const { return kind == TypeKind::integer || kind == TypeKind::fraction; }
  std::string text() const;
};

struct Node {
  Op op = Op::constant;
  uint8_t function = 0;   // a Builtin or a QueryFunction
  bool optional = false;  // a member behind ?.
  bool closed = false;    // stood in parentheses
  uint16_t slot = 0;
  uint16_t height = 1;  // of the tree below
  uint32_t at = 0;      // octets in front of it, for messages
  Type type;
  Value constant;
  std::string name;                  // of an identifier, call or builtin
  const Regex* pattern = nullptr;    // of `matches` with a constant; the program's
  const IpPrefix* prefix = nullptr;  // of incidr() with a constant; the program's
  std::vector<Node> children;
};

}  // namespace portolan::expression
