// Expressions in the language of github.com/expr-lang/expr, as CoreDNS has them in `view` and `template`: read and
// checked once at start, evaluated for each query in its arena.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugins/common/expression/node.h"
#include "server/query.h"

namespace portolan::expression {

/// The groups of a regular expression's match, for group().
struct Groups {
  std::span<const std::string_view> matches;
  std::span<const std::string> names;  // by number; empty: the group has no name

  /// The text of a group by its name or number; false when there is none.
  bool find(std::string_view key, std::string_view& text) const;
};

/// A name that the plugin sets before the expression is evaluated.
struct Variable {
  std::string name;
  Type type;
};

/// What an expression may refer to, apart from the query.
struct Environment {
  std::span<const Variable> variables;
  bool groups = false;  // group() is there
};

/// Whether `name` can be a variable: the language and the query functions have first claim.
bool is_free_name(std::string_view name);

struct Evaluated {
  Value value;
  std::string_view error;  // in the arena; empty: none
};

/// Unchanging, for all workers.
class Program {
 public:
  /// Errors name what is wrong with its line and column: `unknown name foo (1:1) in "foo == 1"`.
  static Result<Program> compile(std::string_view source, const Environment& environment);
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  /// `variables` by number, as the environment had them. Values lie in the query's arena or in the program. Bounded: an
  /// evaluation of more than 100,000 steps or more than 256 KiB fails.
  Evaluated evaluate(server::Query& query, std::span<const Value> variables = {}, const Groups* groups = nullptr) const;
  /// Of the value, as far as it is known beforehand.
  Type type() const;
  /// The labels that metadata() is asked for, as far as they are constants.
  std::span<const std::string> labels() const;

 private:
  struct Parts;
  Program();
  std::unique_ptr<Parts> parts_;
};

}  // namespace portolan::expression
