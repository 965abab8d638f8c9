// The rules are expr's: what is not known passes, what is known must fit.
#include "plugins/common/expression/checker.h"

#include <algorithm>

#include "plugins/common/expression/builtins.h"
#include "plugins/common/expression/query_functions.h"

namespace portolan::expression {
namespace {

constexpr Type kUnknown{};
constexpr Type kNil{TypeKind::nil, {}};
constexpr Type kBoolean{TypeKind::boolean, {}};
constexpr Type kInteger{TypeKind::integer, {}};
constexpr Type kFraction{TypeKind::fraction, {}};
constexpr Type kText{TypeKind::text, {}};

Type type_of(const Value& value) {
  switch (value.kind()) {
    case Kind::nil:
      return kNil;
    case Kind::boolean:
      return kBoolean;
    case Kind::integer:
      return kInteger;
    case Kind::fraction:
      return kFraction;
    default:
      return kText;
  }
}

bool comparable(const Type& a, const Type& b) {
  return a.is_unknown() || b.is_unknown() || a.is(TypeKind::nil) || b.is(TypeKind::nil) ||
         (a.is_number() && b.is_number()) || a.kind == b.kind;
}

// Both are of `kind`, or one is and the other is not known, or neither is.
bool fit(const Type& a, const Type& b, TypeKind kind) {
  return (a.is(kind) || a.is_unknown()) && (b.is(kind) || b.is_unknown());
}
bool numbers(const Type& a, const Type& b) {
  return (a.is_number() || a.is_unknown()) && (b.is_number() || b.is_unknown());
}

}  // namespace

std::string Type::text() const {
  static constexpr std::string_view kNames[] = {"unknown", "nil",   "bool", "int",     "float64",
                                                "string",  "array", "map",  "function"};
  return std::string(kNames[static_cast<size_t>(kind)]);
}

std::string_view operator_text(Op op) {
  switch (op) {
    case Op::negation:
      return "not";
    case Op::minus:
    case Op::subtract:
      return "-";
    case Op::plus:
    case Op::add:
      return "+";
    case Op::equal:
      return "==";
    case Op::not_equal:
      return "!=";
    case Op::less:
      return "<";
    case Op::less_equal:
      return "<=";
    case Op::greater:
      return ">";
    case Op::greater_equal:
      return ">=";
    case Op::multiply:
      return "*";
    case Op::divide:
      return "/";
    case Op::modulo:
      return "%";
    case Op::power:
      return "**";
    case Op::in:
      return "in";
    case Op::matches:
      return "matches";
    case Op::contains:
      return "contains";
    case Op::starts_with:
      return "startsWith";
    case Op::ends_with:
      return "endsWith";
    case Op::range:
      return "..";
    case Op::all:
      return "and";
    case Op::any:
      return "or";
    default:
      return "??";
  }
}

Type Checker::fail(const Node& node, std::string message) {
  if (!problem_) problem_ = Problem{std::move(message), node.at};
  return kUnknown;
}

Type Checker::mismatch(const Node& node, const Type& left, const Type& right) {
  return fail(node, "invalid operation: " + std::string(operator_text(node.op)) + " (mismatched types " + left.text() +
                        " and " + right.text() + ")");
}

Type Checker::check(Node& node) {
  if (problem_) return kUnknown;
  node.type = of(node);
  return node.type;
}

Type Checker::of(Node& node) {
  switch (node.op) {
    case Op::constant:
      return type_of(node.constant);
    case Op::identifier:
      return identifier(node);
    case Op::element:
    case Op::index:
    case Op::total:
      return pointer(node);
    case Op::negation:
    case Op::minus:
    case Op::plus:
      return unary(node);
    case Op::conditional:
      return conditional(node);
    case Op::member:
      return member(node);
    case Op::slice:
      return slice(node);
    case Op::chain:
      check(node.children[0]);
      return kUnknown;  // nil, where a link is missing
    case Op::array:
      return array(node);
    case Op::map:
      for (Node& child : node.children) check(child);
      return {TypeKind::map, {}};
    case Op::let:
      return let(node);
    case Op::sequence: {
      Type last;
      for (Node& child : node.children) last = check(child);
      return last;
    }
    case Op::call:
      return call(node);
    case Op::builtin:
      return builtin(node);
    case Op::variable:
    case Op::local:
      return node.type;
    default:
      return binary(node);
  }
}

Type Checker::identifier(Node& node) {
  for (size_t i = locals_.size(); i-- > 0;) {
    if (locals_[i].name != node.name) continue;
    node.op = Op::local;
    node.slot = static_cast<uint16_t>(i);
    return locals_[i].type;
  }
  for (size_t i = 0; i < environment_.variables.size(); ++i) {
    if (environment_.variables[i].name != node.name) continue;
    node.op = Op::variable;
    node.slot = static_cast<uint16_t>(i);
    return environment_.variables[i].type;
  }
  if (node.name == "$env") return fail(node, "\"$env\" is not built into portolan");
  if (find_query_function(node.name) || find_builtin(node.name)) {
    return fail(node, node.name + " is a function: write " + node.name + "()");
  }
  return fail(node, "unknown name " + node.name);
}

Type Checker::pointer(Node& node) {
  if (scopes_.empty()) return fail(node, "cannot use pointer accessor outside predicate");
  const Scope& scope = scopes_.back();
  if (node.op == Op::index) return scope.indexed ? kInteger : fail(node, "unknown pointer #index");
  if (node.op == Op::total) return scope.totalled ? kUnknown : fail(node, "unknown pointer #acc");
  return {scope.collection.element, {}};
}

Type Checker::unary(Node& node) {
  const Type type = check(node.children[0]);
  if (node.op == Op::negation) {
    if (type.is(TypeKind::boolean) || type.is_unknown()) return kBoolean;
  } else if (type.is_number() || type.is_unknown()) {
    return type;
  }
  return fail(node,
              "invalid operation: " + std::string(operator_text(node.op)) + " (mismatched type " + type.text() + ")");
}

Type Checker::binary(Node& node) {
  const Type left = check(node.children[0]);
  if (node.op == Op::all || node.op == Op::any) {
    Type before = left;
    for (size_t i = 1; i < node.children.size(); ++i) {
      const Type next = check(node.children[i]);
      if (problem_) return kUnknown;
      if (!fit(before, next, TypeKind::boolean)) return mismatch(node, before, next);
      before = kBoolean;
    }
    return kBoolean;
  }
  const Type right = check(node.children[1]);
  if (problem_) return kUnknown;
  switch (node.op) {
    case Op::equal:
    case Op::not_equal:
      return comparable(left, right) ? kBoolean : mismatch(node, left, right);
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return numbers(left, right) || fit(left, right, TypeKind::text) ? kBoolean : mismatch(node, left, right);
    case Op::in:
      return membership(node, left, right);
    case Op::matches: {
      if (!fit(left, right, TypeKind::text)) return mismatch(node, left, right);
      if (node.children[1].op != Op::constant) return kBoolean;
      auto pattern = Regex::compile(std::string(node.children[1].constant.text()));
      if (pattern.has_error()) return fail(node, pattern.error().message);
      constants_.patterns.push_back(std::move(*pattern));
      node.pattern = &constants_.patterns.back();
      return kBoolean;
    }
    case Op::contains:
    case Op::starts_with:
    case Op::ends_with:
      return fit(left, right, TypeKind::text) ? kBoolean : mismatch(node, left, right);
    case Op::range:
      if (!fit(left, right, TypeKind::integer)) return mismatch(node, left, right);
      return {TypeKind::array, TypeKind::integer};
    case Op::coalesce:
      if (left.is(TypeKind::nil)) return right;
      return right.is(TypeKind::nil) || left.kind == right.kind ? left : kUnknown;
    default:
      return arithmetic(node, left, right);
  }
}

Type Checker::arithmetic(Node& node, const Type& left, const Type& right) {
  const Node &dividend = node.children[0], &divisor = node.children[1];
  if (node.op == Op::modulo && dividend.op == Op::constant && divisor.op == Op::constant &&
      divisor.constant.kind() == Kind::integer && divisor.constant.integer() == 0) {
    return fail(node, "integer divide by zero");
  }
  if (node.op == Op::modulo) return fit(left, right, TypeKind::integer) ? kInteger : mismatch(node, left, right);
  if (node.op == Op::add && fit(left, right, TypeKind::text)) {
    return left.is_unknown() || right.is_unknown() ? kUnknown : kText;
  }
  if (!numbers(left, right)) return mismatch(node, left, right);
  if (node.op == Op::divide || node.op == Op::power) return kFraction;
  if (left.is_unknown() || right.is_unknown()) return kUnknown;
  return left.is(TypeKind::fraction) || right.is(TypeKind::fraction) ? kFraction : kInteger;
}

Type Checker::membership(Node& node, const Type& left, const Type& right) {
  if (right.is(TypeKind::map)) {
    if (left.is(TypeKind::text) || left.is_unknown()) return kBoolean;
    return fail(node, "cannot use " + left.text() + " as type string in map key");
  }
  if (right.is(TypeKind::array)) {
    const Type element{right.element, {}};
    if (comparable(left, element)) return kBoolean;
    return fail(node, "cannot use " + left.text() + " as type " + element.text() + " in array");
  }
  if (right.is_unknown()) return kBoolean;
  return mismatch(node, left, right);
}

Type Checker::conditional(Node& node) {
  const Type condition = check(node.children[0]);
  if (!condition.is(TypeKind::boolean) && !condition.is_unknown()) {
    return fail(node.children[0], "non-bool expression (type " + condition.text() + ") used as condition");
  }
  const Type yes = check(node.children[1]), no = check(node.children[2]);
  if (yes.is(TypeKind::nil)) return no;
  if (no.is(TypeKind::nil)) return yes;
  if (yes.kind != no.kind) return kUnknown;
  return yes.element == no.element ? yes : Type{yes.kind, {}};
}

Type Checker::member(Node& node) {
  const Type base = check(node.children[0]);
  const Node& key = node.children[1];
  const Type type = check(node.children[1]);
  if (problem_ || base.is_unknown()) return kUnknown;
  if (base.is(TypeKind::array)) {
    if (type.is(TypeKind::integer) || type.is_unknown()) return {base.element, {}};
    return fail(key, "array elements can only be selected using an integer (got " + type.text() + ")");
  }
  if (base.is(TypeKind::map)) {
    if (type.is(TypeKind::text) || type.is_unknown()) return kUnknown;
    return fail(key, "cannot use " + type.text() + " to get an element from map");
  }
  if (key.op == Op::constant && key.constant.is_text()) {
    return fail(node, "type " + base.text() + " has no field " + std::string(key.constant.text()));
  }
  return fail(node, "type " + base.text() + "[" + type.text() + "] is undefined");
}

Type Checker::slice(Node& node) {
  const Type base = check(node.children[0]);
  if (!problem_ && !base.is_unknown() && !base.is(TypeKind::text) && !base.is(TypeKind::array)) {
    return fail(node, "cannot slice " + base.text());
  }
  for (size_t i = 1; i < 3; ++i) {
    const Type bound = check(node.children[i]);
    if (bound.is(TypeKind::integer) || bound.is(TypeKind::nil) || bound.is_unknown()) continue;
    return fail(node.children[i], "non-integer slice index " + bound.text());
  }
  return base;
}

Type Checker::array(Node& node) {
  Type out{TypeKind::array, {}};
  for (size_t i = 0; i < node.children.size(); ++i) {
    const TypeKind kind = check(node.children[i]).kind;
    if (i == 0) {
      out.element = kind;
    } else if (kind != out.element) {
      out.element = TypeKind::unknown;
      for (++i; i < node.children.size(); ++i) check(node.children[i]);
    }
  }
  return out;
}

Type Checker::let(Node& node) {
  const auto same = [&](const auto& each) { return each.name == node.name; };
  const bool taken = find_query_function(node.name) || find_builtin(node.name) ||
                     std::any_of(locals_.begin(), locals_.end(), same) ||
                     std::any_of(environment_.variables.begin(), environment_.variables.end(), same);
  if (taken) return fail(node, "cannot redeclare " + node.name);
  const Type value = check(node.children[0]);
  node.slot = static_cast<uint16_t>(locals_.size());
  locals_.push_back({node.name, value});
  const Type body = check(node.children[1]);
  locals_.pop_back();
  return body;
}

}  // namespace portolan::expression
