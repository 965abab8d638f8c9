// The table of functions. Those of expr that need a clock, a calendar or JSON are known and refused by name.
#include "plugins/common/expression/builtins.h"

#include <algorithm>

namespace portolan::expression {
namespace {

using Id = BuiltinId;

// In the order of BuiltinId.
constexpr Builtin kBuiltins[] = {
    {"all", Id::all, "ap", Gives::boolean, true},
    {"none", Id::none, "ap", Gives::boolean, true},
    {"any", Id::any, "ap", Gives::boolean, true},
    {"one", Id::one, "ap", Gives::boolean, true},
    {"filter", Id::filter, "ap", Gives::first, true},
    {"map", Id::map, "ap", Gives::array, true},
    {"find", Id::find, "ap", Gives::element, true},
    {"findIndex", Id::find_index, "ap", Gives::integer, true},
    {"findLast", Id::find_last, "ap", Gives::element, true},
    {"findLastIndex", Id::find_last_index, "ap", Gives::integer, true},
    {"count", Id::count, "a?p", Gives::integer, true},
    {"sum", Id::sum, "a?p", Gives::unknown, true},
    {"groupBy", Id::group_by, "ap", Gives::map, true},
    {"sortBy", Id::sort_by, "ap?s", Gives::first, true},
    {"reduce", Id::reduce, "ap?x", Gives::unknown, true},
    {"len", Id::len, "l", Gives::integer},
    {"abs", Id::abs, "n", Gives::first},
    {"ceil", Id::ceil, "n", Gives::fraction},
    {"floor", Id::floor, "n", Gives::fraction},
    {"round", Id::round, "n", Gives::fraction},
    {"int", Id::to_int, "x", Gives::integer},
    {"float", Id::to_float, "x", Gives::fraction},
    {"string", Id::to_string, "x", Gives::text},
    {"trim", Id::trim, "s?s", Gives::text},
    {"trimPrefix", Id::trim_prefix, "s?s", Gives::text},
    {"trimSuffix", Id::trim_suffix, "s?s", Gives::text},
    {"upper", Id::upper, "s", Gives::text},
    {"lower", Id::lower, "s", Gives::text},
    {"split", Id::split, "ss?i", Gives::text_array},
    {"splitAfter", Id::split_after, "ss?i", Gives::text_array},
    {"replace", Id::replace, "sss?i", Gives::text},
    {"repeat", Id::repeat, "si", Gives::text},
    {"join", Id::join, "a?s", Gives::text},
    {"indexOf", Id::index_of, "ss", Gives::integer},
    {"lastIndexOf", Id::last_index_of, "ss", Gives::integer},
    {"hasPrefix", Id::has_prefix, "ss", Gives::boolean},
    {"hasSuffix", Id::has_suffix, "ss", Gives::boolean},
    {"max", Id::max, "g*", Gives::unknown},
    {"min", Id::min, "g*", Gives::unknown},
    {"mean", Id::mean, "g*", Gives::unknown},
    {"median", Id::median, "g*", Gives::unknown},
    {"toBase64", Id::to_base64, "s", Gives::text},
    {"fromBase64", Id::from_base64, "s", Gives::text},
    {"first", Id::first, "a", Gives::element},
    {"last", Id::last, "a", Gives::element},
    {"get", Id::get, "xx", Gives::unknown},
    {"take", Id::take, "ai", Gives::first},
    {"keys", Id::keys, "m", Gives::array},
    {"values", Id::values, "m", Gives::array},
    {"toPairs", Id::to_pairs, "m", Gives::array},
    {"fromPairs", Id::from_pairs, "a", Gives::map},
    {"reverse", Id::reverse, "a", Gives::array},
    {"uniq", Id::uniq, "a", Gives::array},
    {"concat", Id::concat, "a*", Gives::array},
    {"flatten", Id::flatten, "a", Gives::array},
    {"sort", Id::sort, "a?s", Gives::array},
    {"bitand", Id::bit_and, "ii", Gives::integer},
    {"bitor", Id::bit_or, "ii", Gives::integer},
    {"bitxor", Id::bit_xor, "ii", Gives::integer},
    {"bitnand", Id::bit_nand, "ii", Gives::integer},
    {"bitshl", Id::bit_shl, "ii", Gives::integer},
    {"bitshr", Id::bit_shr, "ii", Gives::integer},
    {"bitushr", Id::bit_ushr, "ii", Gives::integer},
    {"bitnot", Id::bit_not, "i", Gives::integer},
    {"toJSON", Id::not_built, "x*", Gives::unknown},
    {"fromJSON", Id::not_built, "x*", Gives::unknown},
    {"now", Id::not_built, "?x*", Gives::unknown},
    {"duration", Id::not_built, "x*", Gives::unknown},
    {"date", Id::not_built, "x*", Gives::unknown},
    {"timezone", Id::not_built, "x*", Gives::unknown},
};
static_assert(kBuiltins[static_cast<size_t>(Id::bit_not)].id == Id::bit_not);

}  // namespace

const Builtin* find_builtin(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kBuiltins), std::end(kBuiltins), [&](const Builtin& each) { return each.name == name; });
  return found == std::end(kBuiltins) ? nullptr : found;
}

const Builtin& builtin_of(BuiltinId id) { return kBuiltins[static_cast<size_t>(id)]; }

}  // namespace portolan::expression
