// One rendering of a template for one query: walks its nodes.
#pragma once

#include "plugins/template/text_template.h"

namespace portolan::templates {

/// Used by one worker, for one rendering. The first failure is kept; from then on nothing is done.
class Renderer {
 public:
  Renderer(const Data& data, size_t variables, Arena& arena)
      : data_(data), arena_(arena), out_(arena), dot_(object(Object::data)), variables_(arena.array<Value>(variables)) {
    for (Value& each : variables_) each = Value();
  }

  void run(std::span<const Node> nodes) { walk(nodes); }
  TextTemplate::Rendered result() const { return {failed() ? std::string_view() : out_.text(), error_}; }

 private:
  /// What the innermost {{range}} is to do after some nodes.
  enum class Flow : uint8_t { on, leave, again };

  Flow walk(std::span<const Node> nodes);
  void action(const Node& node);
  Flow with(const Node& node);
  Flow range(const Node& node);
  Flow turn(const Node& node, const Value& key, const Value& element);
  void set(const Node& node, const Value& value);

  // fields.cc
  Value evaluate(const Expression& e);
  Value field(const Expression& e, const Value& base, std::string_view name);
  Value data_field(const Expression& e, std::string_view name);
  Value message_field(const Expression& e, std::string_view name);

  // functions.cc
  Value call(const Expression& e);
  Value function(const Expression& e, std::span<const Value> arguments);
  Value index(const Expression& e, std::span<const Value> arguments);
  Value one_index(const Expression& e, const Value& base, const Value& key);
  Value slice(const Expression& e, std::span<const Value> arguments);
  Value parse_int(const Expression& e, std::span<const Value> arguments);
  Value metadata(const Expression& e, const Value& label);
  Value compare(const Expression& e, std::span<const Value> arguments);
  bool order_of(const Expression& e, const Value& a, const Value& b, int& order);

  bool failed() const { return !error_.empty(); }
  void fail(uint32_t column, std::string_view message, std::string_view rest = {});
  Value wrong(const Expression& e, std::string_view message, std::string_view rest = {});
  void append(std::string_view text, uint32_t column);
  bool step(uint32_t column);
  /// Counts what is taken from the arena; false and failed() beyond the bound.
  bool spend(size_t octets, uint32_t column);

  const Data& data_;
  Arena& arena_;
  TextBuffer out_;
  Value dot_;
  std::span<Value> variables_;
  std::span<const Value> matches_;  // .Match, once it has been asked for
  size_t steps_ = 0, memory_ = 0;
  std::string_view error_;
};

/// Go's print, println, and what html, js and urlquery make of the same; in functions_text.cc.
std::string_view print(Function function, std::span<const Value> arguments, const Data& data, Arena& arena);

}  // namespace portolan::templates
