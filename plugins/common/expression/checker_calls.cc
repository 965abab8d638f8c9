// Calls: of the language's functions, of those that tell of the query, and predicates.
#include "plugins/common/expression/builtins.h"
#include "plugins/common/expression/checker.h"
#include "plugins/common/expression/query_functions.h"

namespace portolan::expression {

// Behind ? arguments may be left out; with * at the end there may be more of the last one.
bool Checker::count_fits(const Node& node, std::string_view wanted) {
  size_t least = 0, most = 0;
  bool optional = false, many = false;
  for (const char c : wanted) {
    if (c == '?') optional = true;
    if (c == '*') many = true;
    if (c == '?' || c == '*') continue;
    ++most;
    least += optional ? 0 : 1;
  }
  if (node.children.size() < least) {
    fail(node, "not enough arguments to call " + node.name);
  } else if (node.children.size() > most && !many) {
    fail(node, "too many arguments to call " + node.name);
  }
  return !problem_;
}

void Checker::argument(const Node& node, const Node& given, char wanted) {
  const Type& type = given.type;
  bool good = type.is_unknown();
  std::string_view name = "any";
  switch (wanted) {
    case 's':
      good = good || type.is(TypeKind::text);
      name = "string";
      break;
    case 'i':
      good = good || type.is(TypeKind::integer);
      name = "int";
      break;
    case 'n':
      good = good || type.is_number();
      name = "number";
      break;
    case 'a':
      good = good || type.is(TypeKind::array);
      name = "array";
      break;
    case 'm':
      good = good || type.is(TypeKind::map);
      name = "map";
      break;
    case 'l':
      good = good || type.is(TypeKind::array) || type.is(TypeKind::map) || type.is(TypeKind::text);
      name = "array, map or string";
      break;
    case 'g':
      good = good || type.is_number() || type.is(TypeKind::array);
      name = "number or array";
      break;
    default:
      good = true;
      break;
  }
  if (good) return;
  fail(given, "cannot use " + type.text() + " as argument (type " + std::string(name) + ") to call " + node.name);
}

// All but a predicate, which needs its array's type.
void Checker::arguments(Node& node, std::string_view wanted, bool has_predicate) {
  size_t letter = 0;
  for (size_t i = 0; i < node.children.size() && !problem_; ++i) {
    while (letter < wanted.size() && wanted[letter] == '?') ++letter;
    const char kind = letter < wanted.size() && wanted[letter] != '*' ? wanted[letter] : wanted[wanted.size() - 2];
    if (letter < wanted.size() && wanted[letter] != '*') ++letter;
    if (has_predicate && i == 1) continue;
    check(node.children[i]);
    if (!problem_) argument(node, node.children[i], kind);
  }
}

Type Checker::call(Node& node) {
  const QueryFunction* function = find_query_function(node.name);
  if (!function || (function->id == QueryFunctionId::group && !environment_.groups)) {
    return fail(node, "unknown name " + node.name);
  }
  if (!count_fits(node, function->arguments)) return {};
  node.function = static_cast<uint8_t>(function->id);
  if (!node.children.empty()) arguments(node, function->arguments, false);
  if (problem_) return {};
  if (function->id == QueryFunctionId::in_cidr && node.children[1].op == Op::constant) {
    if (auto prefix = IpPrefix::parse(node.children[1].constant.text()); !prefix.has_error()) {
      constants_.prefixes.push_back(*prefix);
      node.prefix = &constants_.prefixes.back();
    }
  }
  return {function->gives, {}};
}

Type Checker::builtin(Node& node) {
  const Builtin& builtin = *find_builtin(node.name);
  if (builtin.id == BuiltinId::not_built) return fail(node, "\"" + node.name + "\" is not built into portolan");
  if (!count_fits(node, builtin.arguments)) return {};
  arguments(node, builtin.arguments, builtin.predicate);
  Type result;
  if (builtin.predicate && node.children.size() > 1) result = predicate(node, node.children[0].type);
  return problem_ ? Type{} : given(node, builtin, result);
}

Type Checker::predicate(Node& node, const Type& collection) {
  if (problem_) return {};
  const auto id = static_cast<BuiltinId>(node.function);
  scopes_.push_back({collection, id == BuiltinId::map || id == BuiltinId::reduce, id == BuiltinId::reduce});
  const Type type = check(node.children[1]);
  scopes_.pop_back();
  const bool any_type = id == BuiltinId::map || id == BuiltinId::sum || id == BuiltinId::group_by ||
                        id == BuiltinId::sort_by || id == BuiltinId::reduce;
  if (!problem_ && !any_type && !type.is(TypeKind::boolean) && !type.is_unknown()) {
    return fail(node.children[1], "predicate should return boolean (got " + type.text() + ")");
  }
  return type;
}

Type Checker::given(const Node& node, const Builtin& builtin, const Type& predicate) const {
  switch (builtin.gives) {
    case Gives::unknown:
      if (builtin.id != BuiltinId::sum) return {};
      return node.children.size() > 1 ? predicate : Type{node.children[0].type.element, {}};
    case Gives::boolean:
      return {TypeKind::boolean, {}};
    case Gives::integer:
      return {TypeKind::integer, {}};
    case Gives::fraction:
      return {TypeKind::fraction, {}};
    case Gives::text:
      return {TypeKind::text, {}};
    case Gives::array:
      return {TypeKind::array, builtin.id == BuiltinId::map ? predicate.kind : TypeKind::unknown};
    case Gives::text_array:
      return {TypeKind::array, TypeKind::text};
    case Gives::map:
      return {TypeKind::map, {}};
    case Gives::first:
      return builtin.id == BuiltinId::take ? Type{TypeKind::array, {}} : node.children[0].type;
    case Gives::element:  // as in expr, whose first and last forget what an array holds
      return builtin.predicate ? Type{node.children[0].type.element, {}} : Type{};
  }
  return {};
}

}  // namespace portolan::expression
