// Operators with two operands.
#include <cmath>

#include "plugins/common/expression/checker.h"
#include "plugins/common/expression/evaluation.h"
#include "plugins/common/regex.h"

namespace portolan::expression {
namespace {

constexpr size_t kPatternMemory = 1 << 20;  // of a regular expression that is made for one query

// Integers wrap around, as in Go.
int64_t wrapped(Op op, int64_t a, int64_t b) {
  const auto left = static_cast<uint64_t>(a), right = static_cast<uint64_t>(b);
  return static_cast<int64_t>(op == Op::add ? left + right : op == Op::subtract ? left - right : left * right);
}

bool holds(Op op, int order) {
  switch (op) {
    case Op::less:
      return order < 0;
    case Op::less_equal:
      return order <= 0;
    case Op::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

}  // namespace

Value Evaluation::mismatch(const Node& node, const Value& left, const Value& right) {
  TextBuffer types(arena_, 64);
  types.append(kind_name(left.kind())).append(' ').append(operator_text(node.op)).append(' ');
  return fail("invalid operation: ", types.append(kind_name(right.kind())).text());
}

Value Evaluation::binary(const Node& node) {
  const Value left = run(node.children[0]);
  if (failed()) return {};
  if (node.op == Op::matches && node.pattern) {
    if (left.is_nil()) return Value::of(false);
    if (!left.is_text()) return fail("invalid operation: matches on ", kind_name(left.kind()));
    return Value::of(node.pattern->matches(left.text()));
  }
  const Value right = run(node.children[1]);
  if (failed()) return {};
  switch (node.op) {
    case Op::equal:
      return Value::of(same(left, right));
    case Op::not_equal:
      return Value::of(!same(left, right));
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return order(node, left, right);
    case Op::in:
      return membership(left, right);
    case Op::matches:
    case Op::contains:
    case Op::starts_with:
    case Op::ends_with:
      return text_operator(node, left, right);
    case Op::range:
      return range(node, left, right);
    default:
      return arithmetic(node, left, right);
  }
}

Value Evaluation::order(const Node& node, const Value& left, const Value& right) {
  if (left.is_text() && right.is_text()) return Value::of(holds(node.op, left.text().compare(right.text())));
  if (!left.is_number() || !right.is_number()) return mismatch(node, left, right);
  if (left.kind() == Kind::integer && right.kind() == Kind::integer) {
    const int64_t a = left.integer(), b = right.integer();
    return Value::of(holds(node.op, a < b ? -1 : a > b));
  }
  const double a = left.number(), b = right.number();
  if (std::isnan(a) || std::isnan(b)) return Value::of(false);
  return Value::of(holds(node.op, a < b ? -1 : a > b));
}

Value Evaluation::arithmetic(const Node& node, const Value& left, const Value& right) {
  if (node.op == Op::add && left.is_text() && right.is_text()) {
    if (!spend(left.text().size() + right.text().size())) return {};
    TextBuffer joined(arena_, left.text().size() + right.text().size());
    return Value::of(joined.append(left.text()).append(right.text()).text());
  }
  if (!left.is_number() || !right.is_number()) return mismatch(node, left, right);
  const bool integers = left.kind() == Kind::integer && right.kind() == Kind::integer;
  switch (node.op) {
    case Op::divide:
      return Value::of(left.number() / right.number());
    case Op::power:
      return Value::of(std::pow(left.number(), right.number()));
    case Op::modulo:
      if (!integers) return mismatch(node, left, right);
      if (right.integer() == 0) return fail("integer divide by zero");
      return Value::of(right.integer() == -1 ? int64_t{0} : left.integer() % right.integer());
    default:
      break;
  }
  if (integers) return Value::of(wrapped(node.op, left.integer(), right.integer()));
  const double a = left.number(), b = right.number();
  return Value::of(node.op == Op::add ? a + b : node.op == Op::subtract ? a - b : a * b);
}

Value Evaluation::membership(const Value& left, const Value& right) {
  if (right.is_nil()) return Value::of(false);
  if (right.kind() == Kind::map) {
    if (!work(right.elements().size() / 2)) return {};
    return Value::of(left.is_text() && right.find(left.text()));
  }
  if (right.kind() != Kind::array) return fail("operator \"in\" not defined on ", kind_name(right.kind()));
  for (const Value& each : right.elements()) {
    if (same(each, left)) return Value::of(true);
  }
  return Value::of(false);
}

Value Evaluation::text_operator(const Node& node, const Value& left, const Value& right) {
  if (left.is_nil() || right.is_nil()) return Value::of(false);
  if (!left.is_text() || !right.is_text()) return mismatch(node, left, right);
  const std::string_view text = left.text(), part = right.text();
  if (node.op == Op::starts_with) return Value::of(text.starts_with(part));
  if (node.op == Op::ends_with) return Value::of(text.ends_with(part));
  if (node.op == Op::contains) return Value::of(text.find(part) != std::string_view::npos);
  // A regular expression that is no constant is made anew for each query, which costs and is bounded.
  if (!work(1000)) return {};
  const auto pattern = Regex::compile(std::string(part), Regex::Case::matters, kPatternMemory);
  if (pattern.has_error()) return fail(pattern.error().message);
  return Value::of(pattern->matches(text));
}

Value Evaluation::range(const Node& node, const Value& from, const Value& to) {
  if (!from.is_number() || !to.is_number()) return mismatch(node, from, to);
  const int64_t first = from.kind() == Kind::integer ? from.integer() : truncated(from.number());
  const int64_t last = to.kind() == Kind::integer ? to.integer() : truncated(to.number());
  if (last < first) return Value::of(std::span<const Value>());
  const uint64_t count = static_cast<uint64_t>(last) - static_cast<uint64_t>(first);
  if (count >= 100'000) return fail("more than 256 KiB");
  const auto out = values(count + 1);
  for (size_t i = 0; i < out.size(); ++i) out[i] = Value::of(first + static_cast<int64_t>(i));
  return Value::of(std::span<const Value>(out));
}

}  // namespace portolan::expression
