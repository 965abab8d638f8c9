// The functions that the language brings along, as a table: names, arguments, results.
#pragma once

#include <cstdint>
#include <string_view>

#include "plugins/common/expression/node.h"

namespace portolan::expression {

enum class BuiltinId : uint8_t {
  all,
  none,
  any,
  one,
  filter,
  map,
  find,
  find_index,
  find_last,
  find_last_index,
  count,
  sum,
  group_by,
  sort_by,
  reduce,
  len,
  abs,
  ceil,
  floor,
  round,
  to_int,
  to_float,
  to_string,
  trim,
  trim_prefix,
  trim_suffix,
  upper,
  lower,
  split,
  split_after,
  replace,
  repeat,
  join,
  index_of,
  last_index_of,
  has_prefix,
  has_suffix,
  max,
  min,
  mean,
  median,
  to_base64,
  from_base64,
  first,
  last,
  get,
  take,
  keys,
  values,
  to_pairs,
  from_pairs,
  reverse,
  uniq,
  concat,
  flatten,
  sort,
  bit_and,
  bit_or,
  bit_xor,
  bit_nand,
  bit_shl,
  bit_shr,
  bit_ushr,
  bit_not,
  not_built,
};

/// What a builtin gives.
enum class Gives : uint8_t { unknown, boolean, integer, fraction, text, array, text_array, map, first, element };

struct Builtin {
  std::string_view name;
  BuiltinId id;
  /// A letter an argument: s text, i integer, n number, a array, m map, l what has a length, g number or array,
  /// p predicate, x anything; behind ? may be left out, * repeats the one before.
  std::string_view arguments;
  Gives gives;
  bool predicate = false;  // the second argument is asked for each element of the first
};

/// Null when the language has no such function.
const Builtin* find_builtin(std::string_view name);
const Builtin& builtin_of(BuiltinId id);

}  // namespace portolan::expression
