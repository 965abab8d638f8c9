// The functions that ask a predicate about each element: all, any, filter, map, reduce and the like.
#include <algorithm>

#include "plugins/common/expression/evaluation.h"

namespace portolan::expression {
namespace {

using Id = BuiltinId;

/// A scope for as long as the elements are gone through.
class Loop {
 public:
  Loop(Evaluation& evaluation, std::span<const Value> elements)
      : evaluation_(evaluation), scope_(evaluation, elements) {}

  Value ask(const Node& predicate, size_t index) {
    scope_.index = index;
    return evaluation_.run(predicate);
  }
  /// Whether the predicate holds; false and failed() when it gives no bool.
  bool holds(const Node& predicate, size_t index) {
    const Value value = ask(predicate, index);
    if (evaluation_.failed()) return false;
    if (value.kind() != Kind::boolean) evaluation_.fail("predicate should return boolean");
    return value.is_true();
  }
  Value& total() { return scope_.total; }

 private:
  Evaluation& evaluation_;
  Evaluation::Scope scope_;
};

Value found(Evaluation& evaluation, Id id, std::span<const Value> elements, const Node& predicate) {
  Loop loop(evaluation, elements);
  const bool backwards = id == Id::find_last || id == Id::find_last_index;
  for (size_t i = 0; i < elements.size(); ++i) {
    const size_t at = backwards ? elements.size() - 1 - i : i;
    if (!loop.holds(predicate, at)) {
      if (evaluation.failed()) return {};
      continue;
    }
    const bool index = id == Id::find_index || id == Id::find_last_index;
    return index ? Value::of(static_cast<int64_t>(at)) : elements[at];
  }
  return {};
}

Value counted(Evaluation& evaluation, Id id, std::span<const Value> elements, const Node* predicate) {
  Loop loop(evaluation, elements);
  int64_t count = 0;
  for (size_t i = 0; i < elements.size(); ++i) {
    const bool holds = predicate ? loop.holds(*predicate, i) : elements[i].is_true();
    if (evaluation.failed()) return {};
    if (!predicate && elements[i].kind() != Kind::boolean) return evaluation.fail("count: element is no bool");
    if (id == Id::any && holds) return Value::of(true);
    if (id == Id::all && !holds) return Value::of(false);
    if (id == Id::none && holds) return Value::of(false);
    count += holds;
  }
  if (id == Id::count) return Value::of(count);
  return Value::of(id == Id::one ? count == 1 : id != Id::any);
}

Value mapped(Evaluation& evaluation, Id id, std::span<const Value> elements, const Node& predicate) {
  const auto out = evaluation.values(elements.size());
  if (evaluation.failed()) return {};
  Loop loop(evaluation, elements);
  size_t used = 0;
  for (size_t i = 0; i < elements.size(); ++i) {
    if (id == Id::map) {
      out[used++] = loop.ask(predicate, i);
    } else if (loop.holds(predicate, i)) {
      out[used++] = elements[i];
    }
    if (evaluation.failed()) return {};
  }
  return Value::of(std::span<const Value>(out.first(used)));
}

Value summed(Evaluation& evaluation, std::span<const Value> elements, const Node* predicate) {
  Loop loop(evaluation, elements);
  int64_t integers = 0;
  double fractions = 0;
  bool fraction = false;
  for (size_t i = 0; i < elements.size(); ++i) {
    const Value value = predicate ? loop.ask(*predicate, i) : elements[i];
    if (evaluation.failed()) return {};
    if (!value.is_number()) return evaluation.fail("sum: cannot add ", kind_name(value.kind()));
    fraction = fraction || value.kind() == Kind::fraction;
    fractions += value.number();
    if (value.kind() == Kind::integer) {
      integers = static_cast<int64_t>(static_cast<uint64_t>(integers) + static_cast<uint64_t>(value.integer()));
    }
  }
  return fraction ? Value::of(fractions) : Value::of(integers);
}

Value reduced(Evaluation& evaluation, std::span<const Value> elements, const Node& node) {
  const bool seeded = node.children.size() > 2;
  if (!seeded && elements.empty()) return evaluation.fail("reduce of empty array with no initial value");
  const Value seed = seeded ? evaluation.run(node.children[2]) : elements[0];
  Loop loop(evaluation, elements);
  loop.total() = seed;
  for (size_t i = seeded ? 0 : 1; i < elements.size() && !evaluation.failed(); ++i) {
    loop.total() = loop.ask(node.children[1], i);
  }
  return loop.total();
}

// Keys are texts, as in every map; others are written as texts.
Value grouped(Evaluation& evaluation, std::span<const Value> elements, const Node& predicate) {
  const auto keys = evaluation.values(elements.size());
  const auto pairs = evaluation.values(elements.size() * 2);
  const auto sorted = evaluation.values(elements.size());
  if (evaluation.failed()) return {};
  {
    Loop loop(evaluation, elements);
    for (size_t i = 0; i < elements.size(); ++i) {
      keys[i] = loop.ask(predicate, i);
      if (evaluation.failed()) return {};
      if (keys[i].is_text()) continue;
      keys[i] = Value::of(evaluation.text_of(keys[i]));
      if (evaluation.failed()) return {};
    }
  }
  size_t used = 0, filled = 0;
  for (size_t i = 0; i < elements.size(); ++i) {
    if (!evaluation.work(used / 2 + 1)) return {};
    if (Value::map_of(pairs.first(used)).find(keys[i].text())) continue;
    const size_t begin = filled;
    if (!evaluation.work(elements.size() - i)) return {};
    for (size_t j = i; j < elements.size(); ++j) {
      if (keys[j].text() == keys[i].text()) sorted[filled++] = elements[j];
    }
    pairs[used++] = keys[i];
    pairs[used++] = Value::of(std::span<const Value>(sorted.subspan(begin, filled - begin)));
  }
  return Value::map_of(pairs.first(used));
}

Value sorted_by(Evaluation& evaluation, std::span<const Value> elements, const Node& node) {
  const Value direction = node.children.size() > 2 ? evaluation.run(node.children[2]) : Value::of("asc");
  const auto keys = evaluation.values(elements.size());
  const auto out = evaluation.values(elements.size());
  if (evaluation.failed() || !evaluation.expect(node, direction, Kind::text)) return {};
  {
    Loop loop(evaluation, elements);
    for (size_t i = 0; i < elements.size(); ++i) keys[i] = loop.ask(node.children[1], i);
  }
  std::copy(elements.begin(), elements.end(), out.begin());
  if (evaluation.failed() || !sort_values(evaluation, keys, out, direction.text())) return {};
  return Value::of(std::span<const Value>(out));
}

}  // namespace

Value call_predicate(Evaluation& evaluation, const Node& node) {
  const Value collection = evaluation.run(node.children[0]);
  if (evaluation.failed() || !evaluation.expect(node, collection, Kind::array)) return {};
  const auto elements = collection.elements();
  const Node* predicate = node.children.size() > 1 ? &node.children[1] : nullptr;
  const auto id = static_cast<Id>(node.function);
  switch (id) {
    case Id::find:
    case Id::find_index:
    case Id::find_last:
    case Id::find_last_index:
      return found(evaluation, id, elements, *predicate);
    case Id::map:
    case Id::filter:
      return mapped(evaluation, id, elements, *predicate);
    case Id::sum:
      return summed(evaluation, elements, predicate);
    case Id::reduce:
      return reduced(evaluation, elements, node);
    case Id::group_by:
      return grouped(evaluation, elements, *predicate);
    case Id::sort_by:
      return sorted_by(evaluation, elements, node);
    default:
      return counted(evaluation, id, elements, predicate);
  }
}

}  // namespace portolan::expression
