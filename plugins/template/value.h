// What templates work on: values of the expression language, and the data of one query.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "plugins/common/expression/program.h"
#include "server/query.h"

namespace portolan::templates {

using expression::Kind;
using expression::Value;

/// Objects whose fields templates read: Value::tag().
enum class Object : uint8_t { data, groups, question, message };
inline Value object(Object which) { return Value::object(static_cast<uint8_t>(which)); }
inline bool is_object(const Value& value, Object which) {
  return value.kind() == Kind::object && value.tag() == static_cast<uint8_t>(which);
}

/// One query that a template answers.
struct Data {
  server::Query* query = nullptr;
  std::string_view zone, name, regex, cls, type, remote;
  expression::Groups groups;
  std::span<const Value> variables;  // names and values in turn, as `var` set them
};

/// All groups, by number and by name, as a map.
Value group_map(const Data& data, Arena& arena);
/// What {{ }} writes; false for values that have no text here.
bool write(const Value& value, const Data& data, TextBuffer& out, Arena& arena);
/// Go's notion of truth: not zero, not empty.
bool truth(const Value& value, const Data& data);
/// Elements or octets; -1 for what has no length.
int64_t length(const Value& value, const Data& data);

}  // namespace portolan::templates
