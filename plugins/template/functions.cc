// Go's functions of templates, and parseInt and .Meta.
#include <algorithm>
#include <charconv>

#include "plugins/template/go_printf.h"
#include "plugins/template/renderer.h"
#include "server/metadata.h"

namespace portolan::templates {
namespace {

constexpr size_t kMaxText = 64 * 1024;

bool holds(Function function, int order) {
  switch (function) {
    case Function::equal:
      return order == 0;
    case Function::not_equal:
      return order != 0;
    case Function::less:
      return order < 0;
    case Function::less_equal:
      return order <= 0;
    case Function::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

}  // namespace

Value Renderer::wrong(const Expression& e, std::string_view message, std::string_view rest) {
  fail(e.column, TextBuffer(arena_).append("error calling ").append(message).append(rest).text());
  return {};
}

Value Renderer::call(const Expression& e) {
  if (e.function == Function::all || e.function == Function::any) {
    Value value;  // the first argument that decides is the value
    for (const Expression& argument : e.arguments) {
      value = evaluate(argument);
      if (failed() || truth(value, data_) == (e.function == Function::any)) break;
    }
    return value;
  }
  if (!spend(e.arguments.size() * sizeof(Value), e.column)) return {};
  const auto arguments = arena_.array<Value>(e.arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) arguments[i] = evaluate(e.arguments[i]);
  return failed() ? Value() : function(e, arguments);
}

Value Renderer::function(const Expression& e, std::span<const Value> arguments) {
  switch (e.function) {
    case Function::negate:
      return Value::of(!truth(arguments[0], data_));
    case Function::len: {
      const int64_t size = length(arguments[0], data_);
      return size < 0 ? wrong(e, "len: no length of a ", expression::kind_name(arguments[0].kind())) : Value::of(size);
    }
    case Function::index:
      return index(e, arguments);
    case Function::slice:
      return slice(e, arguments);
    case Function::print:
    case Function::println:
    case Function::html:
    case Function::js:
    case Function::urlquery: {
      size_t size = 0;
      for (const Value& each : arguments) size += expression::text_size(each, kMaxText);
      if (size > kMaxText) return wrong(e, "a function: more than 64 KiB");
      const std::string_view text = print(e.function, arguments, data_, arena_);
      return spend(text.size(), e.column) ? Value::of(text) : Value();
    }
    case Function::printf: {
      if (!arguments[0].is_text()) return wrong(e, "printf: expected string as format");
      TextBuffer out(arena_);
      go_printf(out, arguments[0].text(), arguments.subspan(1), data_, arena_);
      if (out.text().size() > kMaxText) return wrong(e, "printf: more than 64 KiB");
      return spend(out.text().size(), e.column) ? Value::of(out.text()) : Value();
    }
    case Function::parse_int:
      return parse_int(e, arguments);
    case Function::meta:
      return metadata(e, arguments[1]);
    default:
      return compare(e, arguments);
  }
}

Value Renderer::index(const Expression& e, std::span<const Value> arguments) {
  Value value = arguments[0];
  for (size_t i = 1; i < arguments.size() && !failed(); ++i) value = one_index(e, value, arguments[i]);
  return value;
}

Value Renderer::one_index(const Expression& e, const Value& base, const Value& key) {
  if (is_object(base, Object::groups) && key.is_text()) {
    std::string_view text;
    data_.groups.find(key.text(), text);
    return Value::of(text);
  }
  if (base.kind() == Kind::map && key.is_text()) {
    const Value* found = base.find(key.text());
    return found ? *found : Value();
  }
  if ((base.kind() != Kind::array && !base.is_text()) || key.kind() != Kind::integer) {
    return wrong(e, "index: can't index item");
  }
  const auto at = static_cast<uint64_t>(key.integer());  // a negative one is too big
  if (at >= static_cast<uint64_t>(length(base, data_))) return wrong(e, "index: index out of range");
  if (base.is_text()) return Value::of(int64_t{static_cast<uint8_t>(base.text()[at])});
  return base.elements()[at];
}

// slice x 1 2: x[1:2]; a third bound concerns capacities only, and must not be below the second.
Value Renderer::slice(const Expression& e, std::span<const Value> arguments) {
  const Value& base = arguments[0];
  if (!base.is_text() && base.kind() != Kind::array) return wrong(e, "slice: can't slice item");
  const int64_t size = length(base, data_);
  int64_t bounds[3] = {0, size, size};
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i].kind() != Kind::integer) return wrong(e, "slice: a bound must be a number");
    bounds[i - 1] = arguments[i].integer();
    if (bounds[i - 1] < 0 || bounds[i - 1] > size) return wrong(e, "slice: index out of range");
  }
  if (arguments.size() == 4 && base.is_text()) return wrong(e, "slice: cannot 3-index slice a string");
  if (bounds[0] > bounds[1] || bounds[1] > bounds[2]) return wrong(e, "slice: invalid slice index");
  const auto first = static_cast<size_t>(bounds[0]), count = static_cast<size_t>(bounds[1] - bounds[0]);
  if (base.is_text()) return Value::of(base.text().substr(first, count));
  return Value::of(base.elements().subspan(first, count));
}

// strconv.ParseUint(text, base, bits)
Value Renderer::parse_int(const Expression& e, std::span<const Value> arguments) {
  const Value &text = arguments[0], &base = arguments[1], &bits = arguments[2];
  if (!text.is_text() || base.kind() != Kind::integer || bits.kind() != Kind::integer) {
    return wrong(e, "parseInt: expected a string and two integers");
  }
  const bool fits = base.integer() >= 2 && base.integer() <= 36 && bits.integer() >= 0 && bits.integer() <= 64;
  const std::string_view digits = text.text();
  if (!fits || digits.empty()) return wrong(e, "parseInt: invalid syntax");
  uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, static_cast<int>(base.integer()));
  if (error == std::errc::invalid_argument || stop != end) return wrong(e, "parseInt: invalid syntax");
  const int64_t width = bits.integer() == 0 ? 64 : bits.integer();
  if (error != std::errc() || value > INT64_MAX || (width < 64 && value >> width != 0)) {
    return wrong(e, "parseInt: value out of range");
  }
  return Value::of(static_cast<int64_t>(value));
}

Value Renderer::metadata(const Expression& e, const Value& label) {
  if (!is_object(evaluate(e.arguments[0]), Object::data)) {
    fail(e.column, "can't evaluate field Meta");
    return {};
  }
  if (!label.is_text()) return wrong(e, "Meta: expected string");
  const server::Metadata* metadata = data_.query->metadata;
  return Value::of(metadata ? metadata->value(label.text()).value_or("") : std::string_view());
}

// eq has any number of candidates.
Value Renderer::compare(const Expression& e, std::span<const Value> arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    int order = 0;
    if (!order_of(e, arguments[0], arguments[i], order)) return {};
    const bool result = holds(e.function, order);
    if (result || i + 1 == arguments.size()) return Value::of(result);
  }
  return {};
}

bool Renderer::order_of(const Expression& e, const Value& a, const Value& b, int& order) {
  const bool equality = e.function == Function::equal || e.function == Function::not_equal;
  if (equality && (a.is_nil() || b.is_nil())) {
    order = a.is_nil() == b.is_nil() ? 0 : 1;
  } else if (a.kind() != b.kind()) {
    wrong(e, "incompatible types for comparison");
  } else if (a.is_text()) {
    order = a.text().compare(b.text());
  } else if (a.kind() == Kind::integer) {
    order = a.integer() < b.integer() ? -1 : a.integer() > b.integer();
  } else if (a.kind() == Kind::fraction) {
    order = a.number() < b.number() ? -1 : a.number() > b.number();
  } else if (equality && a.kind() == Kind::boolean) {
    order = a.boolean() != b.boolean();
  } else {
    wrong(e, "invalid type for comparison");
  }
  return !failed();
}

}  // namespace portolan::templates
