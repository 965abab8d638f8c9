// The walk, and what is bounded on the way.
#include "plugins/common/expression/evaluation.h"

#include <algorithm>
#include <cmath>

#include "plugins/common/expression/checker.h"
#include "plugins/common/expression/query_functions.h"

namespace portolan::expression {
namespace {

constexpr size_t kMaxSteps = 100'000;
constexpr size_t kMaxMemory = 256 * 1024;
constexpr unsigned kMaxNesting = 64;

}  // namespace

Value Evaluation::fail(std::string_view what, std::string_view rest, std::string_view end) {
  if (error_.empty()) error_ = TextBuffer(arena_, 64).append(what).append(rest).append(end).text();
  return {};
}

bool Evaluation::work(size_t steps) {
  steps_ += steps;
  if (steps_ > kMaxSteps) fail("more than 100,000 steps");
  return !failed();
}

bool Evaluation::spend(size_t octets) {
  memory_ += octets;
  if (memory_ > kMaxMemory) fail("more than 256 KiB");
  return !failed();
}

std::span<Value> Evaluation::values(size_t count) {
  if (count > kMaxMemory || !spend(count * sizeof(Value))) {
    fail("more than 256 KiB");
    return {};
  }
  const auto out = arena_.array<Value>(count);
  std::fill(out.begin(), out.end(), Value());
  return out;
}

std::string_view Evaluation::text_of(const Value& value) {
  const size_t size = text_size(value, kMaxMemory);
  if (!work(size / sizeof(Value)) || !spend(size)) return {};
  TextBuffer out(arena_, size);
  append_text(out, value);
  return out.text();
}

bool Evaluation::expect(const Node& node, const Value& value, Kind kind) {
  if (value.kind() == kind) return true;
  fail("cannot use ", kind_name(value.kind()), TextBuffer(arena_, 32).append(" to call ").append(node.name).text());
  return false;
}

bool Evaluation::expect_number(const Node& node, const Value& value) {
  return value.is_number() || expect(node, value, Kind::integer);
}

bool Evaluation::same(const Value& a, const Value& b, unsigned depth) {
  if (!work(1)) return false;
  if (a.is_number() && b.is_number()) {
    if (a.kind() == Kind::integer && b.kind() == Kind::integer) return a.integer() == b.integer();
    return a.number() == b.number();
  }
  if (a.kind() != b.kind() || depth > kMaxNesting) return false;
  switch (a.kind()) {
    case Kind::nil:
      return true;
    case Kind::text:
      return a.text() == b.text();
    case Kind::array: {
      const auto left = a.elements(), right = b.elements();
      if (left.size() != right.size()) return false;
      for (size_t i = 0; i < left.size(); ++i) {
        if (!same(left[i], right[i], depth + 1)) return false;
      }
      return true;
    }
    case Kind::map: {
      const auto pairs = a.elements();
      if (pairs.size() != b.elements().size()) return false;
      for (size_t i = 0; i < pairs.size(); i += 2) {
        if (!work(pairs.size() / 2)) return false;
        const Value* other = b.find(pairs[i].text());
        if (!other || !same(pairs[i + 1], *other, depth + 1)) return false;
      }
      return true;
    }
    default:
      return a.integer() == b.integer();
  }
}

Value Evaluation::run(const Node& node) {
  if (!work(1)) return {};
  switch (node.op) {
    case Op::constant:
      return node.constant;
    case Op::variable:
      return variables_[node.slot];
    case Op::local:
      return *locals_[node.slot];
    case Op::element:
      return scope_->elements[scope_->index];
    case Op::index:
      return Value::of(static_cast<int64_t>(scope_->index));
    case Op::total:
      return scope_->total;
    case Op::negation:
    case Op::minus:
    case Op::plus:
      return unary(node);
    case Op::all:
    case Op::any:
      return logic(node);
    case Op::coalesce: {
      const Value left = run(node.children[0]);
      return left.is_nil() && !failed() ? run(node.children[1]) : left;
    }
    case Op::conditional: {
      const Value condition = run(node.children[0]);
      if (failed()) return {};
      if (condition.kind() != Kind::boolean) return fail("non-bool value used as condition");
      return run(node.children[condition.is_true() ? 1 : 2]);
    }
    case Op::member:
      return member(node);
    case Op::slice:
      return slice(node);
    case Op::chain: {
      const Value value = run(node.children[0]);
      broken_ = false;
      return value;
    }
    case Op::array:
    case Op::map:
      return collect(node);
    case Op::let:
      return let(node);
    case Op::sequence: {
      Value last;
      for (const Node& child : node.children) last = run(child);
      return last;
    }
    case Op::call:
      return call_query_function(*this, node);
    case Op::builtin:
      return call(node);
    case Op::identifier:
      return fail("unknown name ", node.name);
    default:
      return binary(node);
  }
}

Value Evaluation::unary(const Node& node) {
  const Value value = run(node.children[0]);
  if (failed()) return {};
  if (node.op == Op::negation) {
    if (value.kind() != Kind::boolean) return fail("invalid operation: not ", kind_name(value.kind()));
    return Value::of(!value.boolean());
  }
  if (!value.is_number()) return fail("invalid operation: - ", kind_name(value.kind()));
  if (node.op == Op::plus) return value;
  if (value.kind() == Kind::fraction) return Value::of(-value.number());
  return Value::of(static_cast<int64_t>(-static_cast<uint64_t>(value.integer())));
}

// The first operand that decides is the last that is looked at.
Value Evaluation::logic(const Node& node) {
  const bool decisive = node.op == Op::any;
  for (const Node& child : node.children) {
    const Value value = run(child);
    if (failed()) return {};
    if (value.kind() != Kind::boolean) return fail("invalid operation: not a bool but ", kind_name(value.kind()));
    if (value.boolean() == decisive) return value;
  }
  return Value::of(!decisive);
}

Value Evaluation::let(const Node& node) {
  const Value value = run(node.children[0]);
  if (failed() || node.slot >= kMaxLocals) return {};
  locals_[node.slot] = &value;  // no other one around has the slot
  return run(node.children[1]);
}

Value Evaluation::collect(const Node& node) {
  const auto out = values(node.children.size());
  size_t used = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const Value value = run(node.children[i]);
    if (failed()) return {};
    if (node.op == Op::map && i % 2 == 0 && !value.is_text()) {
      return fail("a map key must be a string, not ", kind_name(value.kind()));
    }
    // The first of several equal keys counts, as in expr.
    if (node.op == Op::map && i % 2 == 1) {
      if (!work(used / 2)) return {};
      if (Value::map_of(out.first(used - 1)).find(out[used - 1].text())) {
        --used;
        continue;
      }
    }
    out[used++] = value;
  }
  return node.op == Op::map ? Value::map_of(out.first(used)) : Value::of(std::span<const Value>(out));
}

Value Evaluation::call(const Node& node) {
  const Builtin& builtin = builtin_of(static_cast<BuiltinId>(node.function));
  if (builtin.predicate) return call_predicate(*this, node);
  const auto arguments = values(node.children.size());
  for (size_t i = 0; i < arguments.size(); ++i) arguments[i] = run(node.children[i]);
  if (failed()) return {};
  switch (builtin.id) {
    case BuiltinId::to_string:
    case BuiltinId::trim:
    case BuiltinId::trim_prefix:
    case BuiltinId::trim_suffix:
    case BuiltinId::upper:
    case BuiltinId::lower:
    case BuiltinId::split:
    case BuiltinId::split_after:
    case BuiltinId::replace:
    case BuiltinId::repeat:
    case BuiltinId::join:
    case BuiltinId::index_of:
    case BuiltinId::last_index_of:
    case BuiltinId::has_prefix:
    case BuiltinId::has_suffix:
    case BuiltinId::to_base64:
    case BuiltinId::from_base64:
      return call_text_function(*this, node, arguments);
    case BuiltinId::abs:
    case BuiltinId::ceil:
    case BuiltinId::floor:
    case BuiltinId::round:
    case BuiltinId::to_int:
    case BuiltinId::to_float:
    case BuiltinId::max:
    case BuiltinId::min:
    case BuiltinId::mean:
    case BuiltinId::median:
    case BuiltinId::bit_and:
    case BuiltinId::bit_or:
    case BuiltinId::bit_xor:
    case BuiltinId::bit_nand:
    case BuiltinId::bit_shl:
    case BuiltinId::bit_shr:
    case BuiltinId::bit_ushr:
    case BuiltinId::bit_not:
      return call_number_function(*this, node, arguments);
    default:
      return call_array_function(*this, node, arguments);
  }
}

const Value* element_of(const Value& base, const Value& key) {
  if (base.kind() == Kind::map) return key.is_text() ? base.find(key.text()) : nullptr;
  if (base.kind() != Kind::array || !key.is_number()) return nullptr;
  const auto elements = base.elements();
  int64_t index = key.kind() == Kind::integer ? key.integer() : truncated(key.number());
  const auto size = static_cast<int64_t>(elements.size());
  if (index < 0) index += size;
  return index >= 0 && index < size ? &elements[static_cast<size_t>(index)] : nullptr;
}

int64_t truncated(double value) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  return value >= -kLimit && value < kLimit ? static_cast<int64_t>(value) : INT64_MIN;
}

Value Evaluation::member(const Node& node) {
  const Value base = run(node.children[0]);
  if (failed() || broken_) return {};
  if (base.is_nil() && node.optional) {
    broken_ = true;
    return {};
  }
  const Value key = run(node.children[1]);
  if (failed()) return {};
  if (const Value* found = element_of(base, key)) return *found;
  if (base.kind() == Kind::map && key.is_text()) return {};
  if (base.is_text() && key.kind() == Kind::integer) {  // an octet, as in Go
    const std::string_view text = base.text();
    const int64_t index = key.integer() < 0 ? key.integer() + static_cast<int64_t>(text.size()) : key.integer();
    if (index >= 0 && static_cast<size_t>(index) < text.size()) {
      return Value::of(int64_t{static_cast<uint8_t>(text[static_cast<size_t>(index)])});
    }
  }
  if (base.kind() == Kind::array && key.is_number()) return fail("index out of range");
  return fail("cannot fetch from ", kind_name(base.kind()));
}

Value Evaluation::slice(const Node& node) {
  const Value base = run(node.children[0]);
  if (failed() || broken_) return {};
  if (!base.is_text() && base.kind() != Kind::array) return fail("cannot slice ", kind_name(base.kind()));
  const auto size = static_cast<int64_t>(base.is_text() ? base.text().size() : base.elements().size());
  int64_t bounds[2] = {0, size};
  for (size_t i = 0; i < 2; ++i) {
    const Value value = run(node.children[i + 1]);
    if (failed()) return {};
    if (value.is_nil()) continue;
    if (!value.is_number()) return fail("non-integer slice index");
    bounds[i] = value.kind() == Kind::integer ? value.integer() : truncated(value.number());
    if (bounds[i] < 0) bounds[i] = std::max<int64_t>(0, size + bounds[i]);
  }
  const int64_t to = std::min(bounds[1], size), from = std::min(bounds[0], to);
  const auto first = static_cast<size_t>(from), count = static_cast<size_t>(to - from);
  if (base.is_text()) return Value::of(base.text().substr(first, count));
  return Value::of(base.elements().subspan(first, count));
}

}  // namespace portolan::expression
