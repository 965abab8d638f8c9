// The part of Go's text/template that is built: fields, printf, len, index, parseInt, comparisons, and, or, not, if.
// Everything else is refused when the template is read, with its column.
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
  printf,
  len,
  index,
  parse_int,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  all,
  any,
  negate,
  meta,
};

/// A constant, a path of fields from the data, or a call.
struct Expression {
  enum class Form : uint8_t { constant, path, call };
  Form form = Form::constant;
  Function function = Function::none;
  uint32_t column = 0;
  Kind constant_kind = Kind::no_value;
  bool boolean = false;
  int64_t integer = 0;
  std::string text;               // of a constant
  std::vector<std::string> path;  // "Group", "a"; empty: the data itself
  std::vector<Expression> arguments;
};

struct Node {
  enum class Form : uint8_t { text, action, branch };
  Form form = Form::text;
  std::string text;
  Expression expression;
  std::vector<Node> then, otherwise;
};

/// Read once, rendered for any number of queries at a time.
class TextTemplate {
 public:
  /// Errors: "col N: ...". Templates over 64 KiB or nested over 32 deep are refused.
  static Result<TextTemplate> parse(std::string_view text);

  struct Rendered {
    std::string_view text;   // in the arena
    std::string_view error;  // in the arena; empty: none
  };
  Rendered render(const Data& data, Arena& arena) const;

  const std::string& source() const { return source_; }
  /// Nothing in it depends on the query.
  bool is_plain() const;

 private:
  std::string source_;
  std::vector<Node> nodes_;
};

}  // namespace portolan::templates
