// What an expression of a template stands for, and the data of one query that templates read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "server/query.h"

namespace portolan::templates {

enum class Kind : uint8_t { no_value, boolean, integer, text, matches, groups, question, message };

/// A plain value; text lies in the query's arena or in the template.
struct Value {
  Kind kind = Kind::no_value;
  bool boolean = false;
  int64_t integer = 0;
  std::string_view text;

  static Value of(bool value) { return {Kind::boolean, value, 0, {}}; }
  static Value of(int64_t value) { return {Kind::integer, false, value, {}}; }
  static Value of(std::string_view value) { return {Kind::text, false, 0, value}; }
  static Value of(Kind kind) { return {kind, false, 0, {}}; }
};

/// One query that a template answers.
struct Data {
  server::Query* query = nullptr;
  std::string_view zone, name, regex, cls, type, remote;
  std::span<const std::string_view> matches;
  std::span<const std::string> group_names;  // by number; empty: the group has no name

  /// The text of a group by its name or number; false when there is none.
  bool group(std::string_view key, std::string_view& text) const;
};

/// What {{ }} writes: false for values that have no text here.
struct Written {
  std::string_view text;
  bool good = true;
};
Written write(const Value& value, const Data& data, Arena& arena);
/// Go's notion of truth: not zero, not empty.
bool truth(const Value& value, const Data& data);

}  // namespace portolan::templates
