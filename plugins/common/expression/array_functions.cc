// Functions of arrays and maps.
#include <algorithm>
#include <bit>

#include "plugins/common/expression/evaluation.h"

namespace portolan::expression {
namespace {

using Id = BuiltinId;
using Values = std::span<const Value>;

constexpr unsigned kMaxNesting = 32;

Value array(std::span<Value> values) { return Value::of(Values(values)); }

Value length(Evaluation& evaluation, const Value& value) {
  switch (value.kind()) {
    case Kind::text: {  // characters, not octets
      const std::string_view text = value.text();
      return Value::of(static_cast<int64_t>(
          std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; })));
    }
    case Kind::array:
      return Value::of(static_cast<int64_t>(value.elements().size()));
    case Kind::map:
      return Value::of(static_cast<int64_t>(value.elements().size() / 2));
    default:
      return evaluation.fail("invalid argument for len (type ", kind_name(value.kind()), ")");
  }
}

Value of_pairs(Evaluation& evaluation, Id id, Values pairs) {
  const auto out = evaluation.values(pairs.size() / 2);
  for (size_t i = 0; i < out.size(); ++i) {
    if (id == Id::to_pairs) {
      out[i] = Value::of(pairs.subspan(i * 2, 2));
    } else {
      out[i] = pairs[i * 2 + (id == Id::values)];
    }
  }
  return array(out);
}

Value from_pairs(Evaluation& evaluation, Values elements) {
  const auto out = evaluation.values(elements.size() * 2);
  if (evaluation.failed()) return {};
  size_t used = 0;
  for (const Value& each : elements) {
    const bool pair = each.kind() == Kind::array && each.elements().size() == 2 && each.elements()[0].is_text();
    if (!pair) return evaluation.fail("fromPairs: no pair with a string as its key");
    if (!evaluation.work(used / 2)) return {};
    const Value& key = each.elements()[0];
    size_t at = 0;
    while (at < used && out[at].text() != key.text()) at += 2;
    out[at] = key;
    out[at + 1] = each.elements()[1];
    used = std::max(used, at + 2);
  }
  return Value::map_of(out.first(used));
}

Value unique(Evaluation& evaluation, Values elements) {
  const auto out = evaluation.values(elements.size());
  size_t used = 0;
  for (const Value& each : elements) {
    bool known = false;
    for (size_t i = 0; i < used && !known; ++i) known = evaluation.same(out[i], each);
    if (evaluation.failed()) return {};
    if (!known) out[used++] = each;
  }
  return array(out.first(used));
}

size_t flat_size(Evaluation& evaluation, Values elements, unsigned depth) {
  size_t size = 0;
  if (depth > kMaxNesting) evaluation.fail("recursion depth exceeded");
  if (!evaluation.work(elements.size())) return 0;
  for (const Value& each : elements) {
    size += each.kind() == Kind::array ? flat_size(evaluation, each.elements(), depth + 1) : 1;
    if (evaluation.failed()) return 0;
  }
  return size;
}

size_t flatten(Values elements, std::span<Value> out) {
  size_t used = 0;
  for (const Value& each : elements) {
    if (each.kind() == Kind::array) {
      used += flatten(each.elements(), out.subspan(used));
    } else {
      out[used++] = each;
    }
  }
  return used;
}

Value concatenated(Evaluation& evaluation, const Node& node, Values arguments) {
  size_t size = 0;
  for (const Value& each : arguments) {
    if (!evaluation.expect(node, each, Kind::array)) return {};
    size += each.elements().size();
  }
  const auto out = evaluation.values(size);
  if (evaluation.failed()) return {};
  size_t used = 0;
  for (const Value& each : arguments) {
    for (const Value& element : each.elements()) out[used++] = element;
  }
  return array(out);
}

}  // namespace

bool sort_values(Evaluation& evaluation, std::span<Value> keys, std::span<Value> elements, std::string_view direction) {
  if (direction != "asc" && direction != "desc") evaluation.fail("unknown order, use asc or desc");
  for (const Value& each : keys) {
    const bool fits = each.is_text() ? keys[0].is_text() : each.is_number() && keys[0].is_number();
    if (!fits) evaluation.fail("cannot sort ", kind_name(each.kind()));
  }
  if (!evaluation.work(keys.size() * std::bit_width(keys.size()))) return false;
  const auto less = [&](const Value& a, const Value& b) {
    return a.is_text() ? a.text() < b.text() : sorts_before(a, b);
  };
  const bool descending = direction == "desc";
  const auto order = evaluation.values(keys.size());
  const auto copies = evaluation.values(keys.size() * 2);
  if (evaluation.failed()) return false;
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = Value::of(static_cast<int64_t>(i));
    copies[i * 2] = keys[i];
    copies[i * 2 + 1] = elements[i];
  }
  // By key, then by place: std::stable_sort() would take memory from the heap.
  std::sort(order.begin(), order.end(), [&](const Value& a, const Value& b) {
    const Value &left = copies[static_cast<size_t>(a.integer()) * 2],
                &right = copies[static_cast<size_t>(b.integer()) * 2];
    if (descending ? less(right, left) : less(left, right)) return true;
    if (descending ? less(left, right) : less(right, left)) return false;
    return a.integer() < b.integer();
  });
  for (size_t i = 0; i < order.size(); ++i) {
    const auto from = static_cast<size_t>(order[i].integer()) * 2;
    keys[i] = copies[from];
    elements[i] = copies[from + 1];
  }
  return true;
}

namespace {

Value sorted(Evaluation& evaluation, const Node& node, Values arguments) {
  const Value direction = arguments.size() > 1 ? arguments[1] : Value::of("asc");
  if (!evaluation.expect(node, direction, Kind::text)) return {};
  const auto elements = arguments[0].elements();
  const auto out = evaluation.values(elements.size());
  if (evaluation.failed()) return {};
  std::copy(elements.begin(), elements.end(), out.begin());
  if (!sort_values(evaluation, out, out, direction.text())) return {};
  return array(out);
}

}  // namespace

Value call_array_function(Evaluation& evaluation, const Node& node, Values arguments) {
  const auto id = static_cast<Id>(node.function);
  if (id == Id::len) return length(evaluation, arguments[0]);
  if (id == Id::concat) return concatenated(evaluation, node, arguments);
  if (id == Id::get) {
    const Value* found = element_of(arguments[0], arguments[1]);
    return found ? *found : Value();
  }
  if (id == Id::keys || id == Id::values || id == Id::to_pairs) {
    if (!evaluation.expect(node, arguments[0], Kind::map)) return {};
    return of_pairs(evaluation, id, arguments[0].elements());
  }
  if (id == Id::first || id == Id::last) {  // nil where there is none
    const auto elements = arguments[0].kind() == Kind::array ? arguments[0].elements() : Values();
    if (elements.empty()) return {};
    return id == Id::first ? elements.front() : elements.back();
  }
  if (!evaluation.expect(node, arguments[0], Kind::array)) return {};
  const auto elements = arguments[0].elements();
  switch (id) {
    case Id::take: {
      if (!evaluation.expect(node, arguments[1], Kind::integer)) return {};
      if (arguments[1].integer() < 0) return evaluation.fail("cannot take a negative number of elements");
      return Value::of(elements.first(std::min(elements.size(), static_cast<size_t>(arguments[1].integer()))));
    }
    case Id::from_pairs:
      return from_pairs(evaluation, elements);
    case Id::uniq:
      return unique(evaluation, elements);
    case Id::flatten: {
      const auto out = evaluation.values(flat_size(evaluation, elements, 0));
      if (evaluation.failed()) return {};
      flatten(elements, out);
      return array(out);
    }
    case Id::sort:
      return sorted(evaluation, node, arguments);
    default: {  // reverse
      const auto out = evaluation.values(elements.size());
      if (!evaluation.failed()) std::reverse_copy(elements.begin(), elements.end(), out.begin());
      return array(out);
    }
  }
}

}  // namespace portolan::expression
