// Functions of numbers.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "plugins/common/expression/evaluation.h"

namespace portolan::expression {
namespace {

using Id = BuiltinId;
using Values = std::span<const Value>;

constexpr unsigned kMaxNesting = 32;

Value to_integer(Evaluation& evaluation, const Value& value) {
  if (value.kind() == Kind::integer) return value;
  if (value.kind() == Kind::fraction) return Value::of(truncated(value.number()));
  int64_t number = 0;
  if (value.is_text()) {
    std::string_view text = value.text();
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return Value::of(number);
    return evaluation.fail("invalid operation: int(", value.text(), ")");
  }
  return evaluation.fail("invalid operation: int(", kind_name(value.kind()), ")");
}

Value to_fraction(Evaluation& evaluation, const Value& value) {
  if (value.is_number()) return Value::of(value.number());
  double number = 0;
  if (value.is_text()) {
    std::string_view text = value.text();
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return Value::of(number);
    return evaluation.fail("invalid operation: float(", value.text(), ")");
  }
  return evaluation.fail("invalid operation: float(", kind_name(value.kind()), ")");
}

Value bits(Evaluation& evaluation, Id id, int64_t x, int64_t y) {
  const bool shift = id == Id::bit_shl || id == Id::bit_shr || id == Id::bit_ushr;
  if (shift && y < 0) return evaluation.fail("invalid operation: negative shift count");
  const auto unsigned_x = static_cast<uint64_t>(x);
  switch (id) {
    case Id::bit_and:
      return Value::of(x & y);
    case Id::bit_or:
      return Value::of(x | y);
    case Id::bit_xor:
      return Value::of(x ^ y);
    case Id::bit_nand:
      return Value::of(x & ~y);
    case Id::bit_shl:
      return Value::of(y > 63 ? int64_t{0} : static_cast<int64_t>(unsigned_x << y));
    case Id::bit_shr:
      return Value::of(x >> std::min<int64_t>(y, 63));
    default:
      return Value::of(y > 63 ? int64_t{0} : static_cast<int64_t>(unsigned_x >> y));
  }
}

/// Numbers out of arguments and arrays in them, in order.
class Numbers {
 public:
  Numbers(Evaluation& evaluation, const Node& node, std::span<Value> out)
      : evaluation_(evaluation), node_(node), out_(out) {}
  /// What there are, counted first with an empty `out`.
  size_t gather(Values values, unsigned depth = 0) {
    if (depth > kMaxNesting) evaluation_.fail("recursion depth exceeded");
    if (!evaluation_.work(values.size())) return 0;
    for (const Value& each : values) {
      if (each.kind() == Kind::array) {
        gather(each.elements(), depth + 1);
      } else if (evaluation_.expect_number(node_, each)) {
        if (used_ < out_.size()) out_[used_] = each;
        ++used_;
      }
      if (evaluation_.failed()) return 0;
    }
    return used_;
  }

 private:
  Evaluation& evaluation_;
  const Node& node_;
  std::span<Value> out_;
  size_t used_ = 0;
};

Value aggregate(Evaluation& evaluation, const Node& node, Values arguments) {
  const size_t count = Numbers(evaluation, node, {}).gather(arguments);
  const auto all = evaluation.values(count);
  if (evaluation.failed()) return {};
  Numbers(evaluation, node, all).gather(arguments);
  const auto id = static_cast<Id>(node.function);
  if (id == Id::max || id == Id::min) {
    if (all.empty()) return {};
    Value best = all[0];
    for (const Value& each : all) {  // as in expr a NaN in front stays, one behind is passed over
      if (id == Id::max ? best.number() < each.number() : each.number() < best.number()) best = each;
    }
    return best;
  }
  if (all.empty()) return Value::of(0.0);
  if (id == Id::mean) {
    double total = 0;
    for (const Value& each : all) total += each.number();
    return Value::of(total / static_cast<double>(count));
  }
  std::sort(all.begin(), all.end(), sorts_before);
  const double upper = all[count / 2].number();
  return Value::of(count % 2 == 1 ? upper : (all[count / 2 - 1].number() + upper) / 2);
}

}  // namespace

bool sorts_before(const Value& a, const Value& b) {
  return a.number() < b.number() || (std::isnan(a.number()) && !std::isnan(b.number()));
}

Value call_number_function(Evaluation& evaluation, const Node& node, Values arguments) {
  const auto id = static_cast<Id>(node.function);
  const Value& first = arguments[0];
  switch (id) {
    case Id::to_int:
      return to_integer(evaluation, first);
    case Id::to_float:
      return to_fraction(evaluation, first);
    case Id::max:
    case Id::min:
    case Id::mean:
    case Id::median:
      return aggregate(evaluation, node, arguments);
    case Id::abs:
    case Id::ceil:
    case Id::floor:
    case Id::round:
      break;
    default:
      for (const Value& each : arguments) {
        if (!evaluation.expect(node, each, Kind::integer)) return {};
      }
      if (id == Id::bit_not) return Value::of(~first.integer());
      return bits(evaluation, id, first.integer(), arguments[1].integer());
  }
  if (!evaluation.expect_number(node, first)) return {};
  if (id == Id::ceil) return Value::of(std::ceil(first.number()));
  if (id == Id::floor) return Value::of(std::floor(first.number()));
  if (id == Id::round) return Value::of(std::round(first.number()));
  if (first.kind() == Kind::fraction) return Value::of(first.number() < 0 ? -first.number() : first.number());
  const auto size = static_cast<uint64_t>(first.integer());
  return Value::of(static_cast<int64_t>(first.integer() < 0 ? -size : size));
}

}  // namespace portolan::expression
