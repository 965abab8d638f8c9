// Text, actions and control structures. Errors are Go's, with the column in place of its name.
#include "plugins/template/renderer.h"

#include <algorithm>

#include "plugins/template/template_parser.h"

namespace portolan::templates {
namespace {

constexpr size_t kMaxSize = 64 * 1024;  // of a template, and of what it renders to
constexpr size_t kMaxSteps = 100'000;
constexpr size_t kMaxMemory = 1 << 20;  // of all values on the way

}  // namespace

void Renderer::fail(uint32_t column, std::string_view message, std::string_view rest) {
  if (failed()) return;
  error_ = TextBuffer(arena_).append("template: col ").number(column).append(": ").append(message).append(rest).text();
}

bool Renderer::step(uint32_t column) {
  if (++steps_ > kMaxSteps) fail(column, "more than 100,000 steps");
  return !failed();
}

bool Renderer::spend(size_t octets, uint32_t column) {
  memory_ += octets;
  if (memory_ > kMaxMemory) fail(column, "values of more than 1 MiB");
  return !failed();
}

void Renderer::append(std::string_view text, uint32_t column) {
  if (out_.text().size() + text.size() > kMaxSize) return fail(column, "more than 64 KiB");
  out_.append(text);
}

void Renderer::set(const Node& node, const Value& value) {
  if (node.declared > 0) variables_[node.slots[node.declared - 1U]] = value;
}

Renderer::Flow Renderer::walk(std::span<const Node> nodes) {
  for (const Node& node : nodes) {
    if (!step(node.expression.column)) return Flow::leave;
    Flow flow = Flow::on;
    switch (node.form) {
      case Node::Form::text:
        append(node.text, 0);
        break;
      case Node::Form::action:
        action(node);
        break;
      case Node::Form::branch: {
        const Value value = evaluate(node.expression);
        set(node, value);
        if (!failed()) flow = walk(truth(value, data_) ? node.then : node.otherwise);
        break;
      }
      case Node::Form::with:
        flow = with(node);
        break;
      case Node::Form::range:
        flow = range(node);
        break;
      case Node::Form::leave:
        return Flow::leave;
      case Node::Form::again:
        return Flow::again;
    }
    if (failed()) return Flow::leave;
    if (flow != Flow::on) return flow;
  }
  return Flow::on;
}

void Renderer::action(const Node& node) {
  const Value value = evaluate(node.expression);
  if (failed()) return;
  set(node, value);
  if (node.quiet) return;
  if (value.is_text()) return append(value.text(), node.expression.column);
  const size_t size = expression::text_size(value, kMaxSize);
  if (!spend(size, node.expression.column)) return;
  TextBuffer text(arena_, size);
  if (!write(value, data_, text, arena_)) return fail(node.expression.column, "the value has no text in portolan");
  append(text.text(), node.expression.column);
}

Renderer::Flow Renderer::with(const Node& node) {
  const Value value = evaluate(node.expression);
  if (failed()) return Flow::leave;
  set(node, value);
  if (!truth(value, data_)) return walk(node.otherwise);
  const Value outer = std::exchange(dot_, value);
  const Flow flow = walk(node.then);
  dot_ = outer;
  return flow;
}

// Over the elements of an array, the values of a map in the order of its keys, or the numbers below one.
Renderer::Flow Renderer::range(const Node& node) {
  Value value = evaluate(node.expression);
  if (failed()) return Flow::leave;
  if (is_object(value, Object::groups)) {
    if (!spend(data_.groups.matches.size() * 4 * sizeof(Value), node.expression.column)) return Flow::leave;
    value = group_map(data_, arena_);
  }
  const bool number = value.kind() == Kind::integer;
  if (!number && value.kind() != Kind::array && value.kind() != Kind::map && !value.is_nil()) {
    fail(node.expression.column, "range can't iterate over a ", expression::kind_name(value.kind()));
    return Flow::leave;
  }
  if (number && node.declared > 1) {
    fail(node.expression.column, "can't use a number to iterate over more than one variable");
    return Flow::leave;
  }
  const int64_t count = number ? value.integer() : value.is_nil() ? 0 : length(value, data_);
  if (count <= 0) return walk(node.otherwise);
  const auto elements = number ? std::span<const Value>() : value.elements();
  std::span<const Value*> keys;
  if (value.kind() == Kind::map) {
    if (!spend(static_cast<size_t>(count) * sizeof(Value*), node.expression.column)) return Flow::leave;
    keys = arena_.array<const Value*>(static_cast<size_t>(count));
    for (size_t i = 0; i < keys.size(); ++i) keys[i] = &elements[i * 2];
    std::sort(keys.begin(), keys.end(), [](const Value* a, const Value* b) { return a->text() < b->text(); });
  }
  for (int64_t i = 0; i < count && step(node.expression.column); ++i) {
    const auto at = static_cast<size_t>(i);
    const Value key = keys.empty() ? Value::of(i) : *keys[at];
    const Value element = number ? Value::of(i) : keys.empty() ? elements[at] : keys[at][1];
    if (turn(node, key, element) == Flow::leave) break;
  }
  return failed() ? Flow::leave : Flow::on;
}

Renderer::Flow Renderer::turn(const Node& node, const Value& key, const Value& element) {
  if (node.declared > 1) variables_[node.slots[0]] = key;
  set(node, element);
  const Value outer = std::exchange(dot_, element);
  const Flow flow = walk(node.then);
  dot_ = outer;
  return flow;
}

Result<TextTemplate> TextTemplate::parse(std::string_view text) {
  if (text.size() > kMaxSize) return portolan::fail("col 1: a template of more than 64 KiB");
  TextTemplate out;
  out.source_ = text;
  TemplateParser parser(text);
  auto nodes = parser.parse();
  if (nodes.has_error()) return nodes.error();
  out.nodes_ = std::move(*nodes);
  out.variables_ = parser.variables();
  return {boost::system::in_place_value, std::move(out)};
}

TextTemplate::Rendered TextTemplate::render(const Data& data, Arena& arena) const {
  Renderer renderer(data, variables_, arena);
  renderer.run(nodes_);
  return renderer.result();
}

bool TextTemplate::is_plain() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.form == Node::Form::text; });
}

}  // namespace portolan::templates
