// Go's text/template, as far as records need it: read once at start, rendered for any number of queries at a time. What
// is not built is refused when the template is read, with its column.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugins/template/value.h"

namespace portolan::templates {

enum class Function : uint8_t {
  none,
  all,
  any,
  negate,
  len,
  index,
  slice,
  print,
  println,
  printf,
  html,
  js,
  urlquery,
  parse_int,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  meta,  // a field of the data that is called like a function
};

/// A value with fields behind it, or a call.
struct Expression {
  enum class Form : uint8_t { constant, dot, data, variable, call, nested };
  Form form = Form::constant;
  Function function = Function::none;
  uint16_t slot = 0;  // of a variable
  uint32_t column = 0;
  std::string text;               // of a constant
  Value constant;                 // its text lies in `text`, and is filled in when it is asked for
  std::vector<std::string> path;  // fields: "Group", "a"
  std::vector<Expression> arguments;

  Value value() const { return constant.is_text() ? Value::of(std::string_view(text)) : constant; }
};

struct Node {
  enum class Form : uint8_t { text, action, branch, range, with, leave, again };
  Form form = Form::text;
  bool quiet = false;    // an action that sets a variable and writes nothing
  uint8_t declared = 0;  // variables set by the pipeline: slots[0], slots[1]
  uint16_t slots[2] = {0, 0};
  std::string text;
  Expression expression;
  std::vector<Node> then, otherwise;
};

class TextTemplate {
 public:
  /// Errors: "col N: ...". Templates over 64 KiB or nested over 32 deep are refused.
  static Result<TextTemplate> parse(std::string_view text);

  struct Rendered {
    std::string_view text;   // in the arena
    std::string_view error;  // in the arena; empty: none
  };
  /// Fails beyond 64 KiB of text, 1 MiB of values on the way or 100,000 steps.
  Rendered render(const Data& data, Arena& arena) const;

  const std::string& source() const { return source_; }
  /// Nothing in it depends on the query.
  bool is_plain() const;

 private:
  std::string source_;
  std::vector<Node> nodes_;
  size_t variables_ = 0;
};

}  // namespace portolan::templates
